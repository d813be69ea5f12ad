"""Foreign bytes are read here and nowhere else: in limited child processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirror.sandbox.pool import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> type[Sandbox]:
    # Loaded when asked for: the child, which lives here too, needs no event loop.
    if name != "Sandbox":
        raise AttributeError(name)
    from mirror.sandbox.pool import Sandbox  # noqa: PLC0415 - see above

    return Sandbox
