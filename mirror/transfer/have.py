"""What the far side holds, as it says itself: a line that fits on a sheet of paper, or a document.

The line names the sender's publication that came last, and its content by digest: enough while the
sender still knows that content.  The full document has a compact set of everything held besides:
the first eight bytes of each digest, sorted, compressed.  Two files with one beginning would be
taken for one; the import notices what is missing then.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import ConfigurationError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD: Final = "mpmirror-have-1"
_LINE: Final = re.compile(
    r"mpmirror-have-1 (?P<lineage>[0-9a-f]{32}) (?P<channel>[a-z0-9][a-z0-9-]{0,62})"
    r" (?P<sequence>[1-9][0-9]{0,17}) (?P<content>[0-9a-f]{64}) (?P<ledger>[0-9]{1,18})"
    r" (?P<check>[0-9a-f]{8})"
)
_PREFIX: Final = 8
_MOST: Final = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """What came last of a sender's *lineage* and *channel*; *ledger* is the last line it told.

    *prefixes* are beginnings of the digests of all that is held, or none.
    """

    lineage: str
    channel: str
    sequence: int
    content: Digest
    ledger: int
    prefixes: frozenset[bytes] = frozenset()

    @property
    def line(self) -> str:
        """The line, with a check against slips of whoever types it."""
        words = (
            f"{_WORD} {self.lineage} {self.channel} {self.sequence} {self.content.hex}"
            f" {self.ledger}"
        )
        return f"{words} {zlib.crc32(words.encode()):08x}"

    @property
    def text(self) -> str:
        """The line, and the compact set behind it if there is one."""
        if not self.prefixes:
            return self.line + "\n"
        packed = zlib.compress(b"".join(sorted(self.prefixes)), 9)
        return f"{self.line}\n{base64.b64encode(packed).decode('ascii')}\n"

    def holds(self, digest: Digest) -> bool:
        """Whether the compact set has *digest*."""
        return bytes.fromhex(digest.hex[: 2 * _PREFIX]) in self.prefixes


def prefixes_of(digests: Iterable[Digest]) -> frozenset[bytes]:
    """Return the compact set of *digests*."""
    return frozenset(bytes.fromhex(digest.hex[: 2 * _PREFIX]) for digest in digests)


def parse_have(text: str) -> Have:
    """Read what `Have.text` or `Have.line` wrote; raise `ConfigurationError` for a slip."""
    lines = text.split("\n", 1)
    line = " ".join(lines[0].split())
    found = _LINE.fullmatch(line)
    if found is None:
        raise ConfigurationError("not what `mpmirror have` prints: a line of seven words")
    if f"{zlib.crc32(line.rpartition(' ')[0].encode()):08x}" != found["check"]:
        raise ConfigurationError("a slip in what `mpmirror have` printed: its last word disagrees")
    return Have(
        lineage=found["lineage"],
        channel=found["channel"],
        sequence=int(found["sequence"]),
        content=Digest(found["content"]),
        ledger=int(found["ledger"]),
        prefixes=_unpacked("".join(lines[1:]).strip()),
    )


def _unpacked(text: str) -> frozenset[bytes]:
    if not text:
        return frozenset()
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(base64.b64decode(text, validate=True), _MOST)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise ConfigurationError("the compact set behind the line of `have` is damaged") from error
    if not unpacking.eof or len(data) % _PREFIX:
        raise ConfigurationError("the compact set behind the line of `have` is damaged")
    return frozenset(data[at : at + _PREFIX] for at in range(0, len(data), _PREFIX))
