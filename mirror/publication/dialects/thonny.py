"""Thonny's lists of what can be installed: for UF2 volumes, for esptool, for the micro:bit.

Thonny asks ``{data_url_prefix}/micropython-variants-uf2.json`` and its like; one that was
never pointed anywhere asks raw.githubusercontent.com under the path of its own repository.
Every URL is exact and nothing is left to a pattern (``latest_prerelease_regex``): it would
make Thonny look for previews on a page.  It verifies nothing; ``sha256`` is there for those
who do, and readers ignore what they do not know.

Thonny flashes esp32 and esp32s2 at 0x1000 and everything else at 0, whatever is flashed
(5.0.1, `esptool_dialog`).  So an image stands in the list only where what was found in it
says the same: it would be written to the wrong place otherwise.
"""

from __future__ import annotations

import io
import zlib
from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final, TypeVar

from mirror.catalog.kinds import Kind
from mirror.catalog.origins import LOCAL
from mirror.frozen import dataclass
from mirror.publication.dialects.offers import (
    ESP_CHIPS,
    Offer,
    build_name,
    firmware_path,
    in_path,
    offers,
    own_offers,
    words,
)
from mirror.publication.local.dialect import JSON, Dialect, Lists, Rendered, Site
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirror.publication.documents import BoardDocument

#: Where the lists are: for a Thonny that was pointed here, and for one that was not.
FOLDERS: Final = ("/thonny/", "/thonny/thonny/master/data/")
LISTS: Final = ("uf2", "esptool", "daplink")

_FAMILIES: Final = {
    "rp2040": "rp2",
    "rp2350": "rp2",
    "samd21": "samd21",
    "samd51": "samd51",
    "same51": "same51",
    "same54": "same54",
    "nrf51": "nrf51",
    "nrf52": "nrf52",
}
# By the chip that was found in the image: a page may say another one.
_ESP_FAMILIES: Final = {chip: chip.lower().replace("-", "") for chip in ESP_CHIPS}
_AT_0X1000: Final = {"esp32", "esp32s2"}
# Its dialog for DAPLink finds no other board than the micro:bit.
_MICROBIT: Final = "MICROBIT"


@dataclass(frozen=True, slots=True)
class Download:
    """One version that can be installed."""

    version: str
    url: str
    size: int
    filename: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What a line of a dialog says of itself."""

    build: str
    vendor: str
    model: str
    family: str
    title: str
    info_url: str


@dataclass(frozen=True, slots=True)
class Choice(Heading):
    """One line of a dialog: a board and variant; releases, then previews, each newest first."""

    downloads: tuple[Download, ...]


@dataclass(frozen=True, slots=True)
class Waiting(Heading):
    """A choice whose downloads are packed until it is written: all are thousands of values."""

    downloads: bytes

    @classmethod
    def pack(cls, choice: Choice) -> Waiting:
        """Return *choice* as it waits."""
        downloads = zlib.compress(_DOWNLOADS.dump_json(choice.downloads), 1)
        return cls(**_heading(choice), downloads=downloads)

    def choice(self) -> Choice:
        """Return the choice again."""
        downloads = _DOWNLOADS.validate_json(zlib.decompress(self.downloads))
        return Choice(**_heading(self), downloads=downloads)


def _heading(heading: Heading) -> dict[str, str]:
    return {field.name: getattr(heading, field.name) for field in fields(Heading)}


_DOWNLOADS = Shape(tuple[Download, ...])
_CHOICE = Shape(Choice)
_SUMMARY = Shape(dict[str, tuple[Choice, ...]])
_Heading = TypeVar("_Heading", bound=Heading)


def _summarise(board: BoardDocument, site: Site) -> bytes:
    if site.public_url is None:
        return b""
    found = {
        "uf2": _choices(board, site, Kind.UF2),
        "esptool": _choices(board, site, Kind.BIN),
        "daplink": _choices(board, site, Kind.HEX),
    }
    return _SUMMARY.dump_json(found) if any(found.values()) else b""


def _combine(summaries: Iterable[bytes], site: Site) -> Lists:
    if site.public_url is None:
        return
    waiting = _waiting(summaries)
    for name in LISTS:
        yield from _lists(name, Rendered(_listed(distinct(waiting.pop(name, ()))), JSON))


def _lists(name: str, listed: Rendered) -> Lists:
    for folder in FOLDERS:
        yield f"{folder}micropython-variants-{name}.json", listed
        yield f"{folder}circuitpython-variants-{name}.json", Rendered(b"[]\n", JSON)


def _waiting(summaries: Iterable[bytes]) -> dict[str, list[Waiting]]:
    found: dict[str, list[Waiting]] = {}
    for summary in filter(None, summaries):
        for name, choices in _SUMMARY.validate_json(summary).items():
            found.setdefault(name, []).extend(map(Waiting.pack, choices))
    return found


def _listed(choices: Iterable[Waiting]) -> bytes:
    """Return *choices* as JSON, indented by one, as each is written."""
    joined = io.BytesIO()
    separator = b"[\n "
    for waiting in choices:
        joined.write(separator)
        joined.write(_CHOICE.dump_json(waiting.choice(), indent=1).replace(b"\n", b"\n "))
        separator = b",\n "
    joined.write(b"\n]\n" if joined.tell() else b"[]\n")
    return joined.getvalue()


def distinct(choices: Iterable[_Heading]) -> tuple[_Heading, ...]:
    """Return *choices* by vendor and title, each with a title of its own.

    Thonny finds a choice by what it shows of it: of two that look alike one would be lost.
    """
    ordered = sorted(choices, key=_place)
    alike = Counter(map(_shown, ordered))
    taken: set[str] = set()
    found: list[_Heading] = []
    for choice in ordered:
        own = choice
        if alike[_shown(choice)] > 1:
            own = replace(choice, title=f"{choice.title} [{choice.build}]")
        while _shown(own) in taken:
            own = replace(own, title=f"{own.title}*")
        taken.add(_shown(own))
        found.append(own)
    return tuple(found)


def _shown(choice: Heading) -> str:
    return f"{choice.vendor} • {choice.title}" if choice.vendor else choice.title


def _place(choice: Heading) -> tuple[str, str, str]:
    return _shown(choice).casefold(), choice.build, choice.family


def _choices(board: BoardDocument, site: Site, kind: Kind) -> tuple[Choice, ...]:
    upstream, own = offers(board, kind), own_offers(board, kind)
    found: list[Choice] = []
    for variant in dict.fromkeys([*upstream, *own]):
        # What comes first is what the dialog proposes: a release, where there is one.
        finished_first = sorted(upstream.get(variant, ()), key=_is_preview)
        some = [*finished_first, *own.get(variant, ())]
        found += _by_family(board, variant, some, site)
    return tuple(found)


def _is_preview(offer: Offer) -> bool:
    return not offer.is_release


def _by_family(
    board: BoardDocument, variant: str | None, some: Iterable[Offer], site: Site
) -> Iterator[Choice]:
    families: dict[str, list[Offer]] = {}
    for offer in some:
        family = _family(board, offer)
        if family is not None:
            families.setdefault(family, []).append(offer)
    model, title = words(board.product), _title(board, variant)
    for family, suited in families.items():
        yield Choice(
            build=build_name(board.board, variant),
            vendor=words(board.vendor),
            # Thonny preselects what its words for the volume agree with: the default build.
            model=model if variant is None else words(f"{model} {variant}"),
            family=family,
            title=title,
            info_url=site.url(f"/download/{in_path(board.board)}/"),
            downloads=_downloads(suited, site),
        )


def _family(board: BoardDocument, offer: Offer) -> str | None:
    """Return Thonny's word for the chip, None for what its dialogs would install wrongly."""
    kind, flash = offer.file.kind, offer.file.flash
    esp = _ESP_FAMILIES.get(flash.chip or "")
    if kind is Kind.BIN:
        return esp if esp and flash.offset == _written_to(esp) else None
    if kind is Kind.HEX and not board.board.startswith(_MICROBIT):
        return None
    return esp or _FAMILIES.get(board.mcu or "") or ("rp2" if board.port == "rp2" else None)


def _written_to(family: str) -> int:
    return 0x1000 if family in _AT_0X1000 else 0


def _title(board: BoardDocument, variant: str | None) -> str:
    if variant is None:
        return words(board.product)
    labels = {known.variant: known.label for known in board.variants}
    return words(f"{board.product} ({labels.get(variant) or variant})")


def _downloads(some: Iterable[Offer], site: Site) -> tuple[Download, ...]:
    # Thonny finds a download by its version, and takes the last of several: there is one.
    found: dict[str, Download] = {}
    for offer in some:
        found.setdefault(_version(offer), _download(offer, site))
    return tuple(found.values())


def _version(offer: Offer) -> str:
    if offer.file.source == LOCAL:
        return words(f"{offer.version} (own build)")
    if offer.is_release or "-" in offer.version:
        return words(offer.version)
    return words(f"{offer.version} (preview)")


def _download(offer: Offer, site: Site) -> Download:
    file = offer.file
    return Download(
        version=_version(offer),
        url=site.url(firmware_path(file.name)),
        size=file.size,
        filename=file.name,
        sha256=file.hashes.sha256,
    )


THONNY: Final = Dialect(name="thonny", summarise=_summarise, combine=_combine)
