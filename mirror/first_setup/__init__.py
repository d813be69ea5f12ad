"""The first quarter of an hour: what to hold, what it costs, where it is written down."""

from mirror.first_setup.boards import find_board, unknown_patterns
from mirror.first_setup.estimate import Estimate, estimate
from mirror.first_setup.purposes import Purpose, preset
from mirror.first_setup.service import Service, install
from mirror.first_setup.toml import settings_file, write_settings

__all__ = [
    "Estimate",
    "Purpose",
    "Service",
    "estimate",
    "find_board",
    "install",
    "preset",
    "settings_file",
    "unknown_patterns",
    "write_settings",
]
