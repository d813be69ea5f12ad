"""Settings for properties: a machine that is busy with other things is no counterexample."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

unhurried: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
