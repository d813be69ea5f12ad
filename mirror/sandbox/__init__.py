"""Foreign bytes are read here and nowhere else: in limited child processes."""

from __future__ import annotations

from mirror.sandbox.pool import Sandbox

__all__ = ["Sandbox"]
