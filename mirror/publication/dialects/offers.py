"""What the list of a client may show of a board: held, not hidden, newest first.

A list names held files only, and of two builds of one version the one that upstream means,
which stands first.  Names go into paths with the escapes of a URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.names import MAX_NAME
from mirror.catalog.texts import one_line
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.publication.documents import FileEntry, ReleaseEntry
from mirror.publication.hiding import without_hidden

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mirror.publication.documents import BoardDocument

#: Where files are served under upstream's own paths.
FIRMWARE: Final = "/resources/firmware/"
#: The chips of Espressif that somebody has a name for, as verdicts call them.
ESP_CHIPS: Final = (
    "ESP8266",
    "ESP32",
    "ESP32-C2",
    "ESP32-C3",
    "ESP32-C5",
    "ESP32-C6",
    "ESP32-C61",
    "ESP32-H2",
    "ESP32-P4",
    "ESP32-S2",
    "ESP32-S3",
)
_MOST_WORDS: Final = 120
# Own builds have a plus in their names; in a path it means itself.
_PLAIN: Final = "+"

#: What JSON can say.
Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that a client may have, and the release that it is of."""

    release: ReleaseEntry
    file: FileEntry

    @property
    def version(self) -> str:
        """The version as most clients write it, without ``v`` before its digits."""
        version = self.release.version
        return version[1:] if version[:1] == "v" and version[1:2].isdigit() else version

    @property
    def is_release(self) -> bool:
        """Whether this is finished, no preview."""
        return self.release.maturity is Maturity.RELEASE


def offers(board: BoardDocument, *kinds: Kind) -> dict[str | None, list[Offer]]:
    """Return by variant what there is of *kinds* of upstream's, the default variant first."""
    return _by_variant(without_hidden(board).releases, kinds)


def own_offers(board: BoardDocument, *kinds: Kind) -> dict[str | None, list[Offer]]:
    """Return by variant what there is of *kinds* of the operator's own builds."""
    return _by_variant(without_hidden(board).local, kinds)


def newest(some: Iterable[Offer], maturity: Maturity) -> Offer | None:
    """Return the newest of *some*, which stand newest first."""
    return next((offer for offer in some if offer.release.maturity is maturity), None)


def build_name(board: str, variant: str | None) -> str:
    """Return what upstream's names begin with: board and variant."""
    return f"{board}-{variant}" if variant else board


def has_paths(board: BoardDocument) -> bool:
    """Whether the builds of *board* can have paths of their own.

    A hyphen ends the board in `build_name`: with one inside its id, a build could be taken
    for a variant of another board.
    """
    return "-" not in board.board


def firmware_path(name: str, folder: str = FIRMWARE) -> str:
    """Return the path of the file called *name* in *folder*, as it is written in a URL."""
    return folder + in_path(name)


def in_path(text: str) -> str:
    """Return *text* as one segment of a URL's path."""
    return quote(text[:MAX_NAME], safe=_PLAIN, errors="replace")


def words(text: str) -> str:
    """Return foreign *text* in one bounded line, with nothing in it that is obeyed."""
    return one_line(text, _MOST_WORDS)


def as_json(value: Json) -> bytes:
    """Return *value* as canonical JSON and the end of a line."""
    return canonical(value) + b"\n"


def _by_variant(
    releases: Iterable[ReleaseEntry], kinds: Collection[Kind]
) -> dict[str | None, list[Offer]]:
    found: dict[str | None, list[Offer]] = {}
    for offer in _first_of_each(releases, kinds):
        found.setdefault(offer.file.variant, []).append(offer)
    return dict(sorted(found.items(), key=lambda item: item[0] or ""))


def _first_of_each(releases: Iterable[ReleaseEntry], kinds: Collection[Kind]) -> Iterator[Offer]:
    for release in releases:
        seen: set[tuple[str | None, Kind]] = set()
        for file in release.files:
            if file.kind in kinds and (file.variant, file.kind) not in seen:
                seen.add((file.variant, file.kind))
                yield Offer(release, file)
