"""What the operator wants: read from everywhere it can be said, checked, frozen."""

from mirror.config.addresses import ListenAddress, SocketAddress
from mirror.config.fields import KeepFree
from mirror.config.known import KNOWN, Known, spell
from mirror.config.layers import Given
from mirror.config.load import FILE_NAME, SYSTEM_FILE, load_settings
from mirror.config.settings import Settings

__all__ = [
    "FILE_NAME",
    "KNOWN",
    "SYSTEM_FILE",
    "Given",
    "KeepFree",
    "Known",
    "ListenAddress",
    "Settings",
    "SocketAddress",
    "load_settings",
    "spell",
]
