"""Which mpmirror this is: written here, because to look it up takes longer than most modules."""

from typing import Final

VERSION: Final = "0.1.0"
