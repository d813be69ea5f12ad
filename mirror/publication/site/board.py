"""One board's page, ``/download/<BOARD>/``, as the programs that read it need it.

- ``<h2>Firmware</h2>`` stands there exactly once, first of all variants; the others are
  ``<h2>Firmware (LABEL)</h2>`` (MicroPico splits there).
- In a section the newest comes first, the releases in one run and the previews in another,
  and a variant's builds are together (mpflash takes the first of each run).
- Links are ``/resources/firmware/NAME`` without a host, the first of a build with the words
  ``v1.28.0 (2026-04-06) .bin``, the others ``[.app-bin]`` (chiptui).
- Behind that heading ``<strong>`` holds the link to the newest release of a section and
  nothing else (MicroPico).
- Every file is held, and none is hidden.  A page without files is that of an empty board.
- The photograph stands under the product's name, at upstream's own path without a host.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.model import PassageKind
from mirror.catalog.urls import FIRMWARE
from mirror.formats.verdict import Conclusion
from mirror.frozen import dataclass
from mirror.publication.documents import FileEntry
from mirror.publication.hiding import without_hidden
from mirror.publication.site.html import Markup, joined, outward, page, picture, tag, text
from mirror.publication.site.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirror.catalog.model import Passage
    from mirror.publication.documents import BoardDocument, ReleaseEntry
    from mirror.publication.photographs import Shown

_SOURCE: Final = "https://github.com/micropython/micropython/tree/master/ports"
_PREVIEWS: Final = "These are automatic builds of the development branch for the next release."
_NOTHING: Final = "No firmware of this board is held here."
_WORDS: Final = {Kind.META_ZIP: "[.elf and .map]"}


@dataclass(frozen=True, slots=True)
class Build:
    """The files of one version of one variant, built on one day; the first is the main one."""

    version: str
    maturity: Maturity
    notes: str | None
    files: tuple[FileEntry, ...]

    @property
    def main(self) -> FileEntry:
        """What people flash, as far as the build has it."""
        return self.files[0]

    @property
    def flashable(self) -> bool:
        """Whether it has something to flash a board with."""
        return self.main.kind.flashable and self.main.kind is not Kind.APP_BIN


def render_board_page(board: BoardDocument, photographs: Sequence[Shown] = ()) -> bytes:
    """Return the page of *board*, of which these *photographs* are held; it shows the first."""
    builds = list(builds_of(board))
    return page(
        f"MicroPython - {board.product}",
        STYLE,
        tag("header", tag("a", "All boards", href="/download/")),
        *_head(board, photographs),
        *prose(board.description),
        *_instructions(board),
        *_sections(board, builds),
        tag("footer", f"A mirror of {board.page}; rebuilt from its facts."),
    )


def builds_of(board: BoardDocument) -> Iterator[Build]:
    """Yield what is shown of *board*, newest version first, in the order of its variants."""
    for release in without_hidden(board).releases:
        yield from builds_in(release)


def builds_in(release: ReleaseEntry) -> Iterator[Build]:
    """Yield the builds of *release*, the default variant first."""
    # The earlier of two builds of one version is upstream's right one (`upstream.md` U7).
    files = sorted(release.files, key=_variant_and_date)
    for _, together in groupby(files, key=_variant_and_date):
        yield Build(release.version, release.maturity, release.notes, tuple(together))


def _variant_and_date(file: FileEntry) -> tuple[str, str]:
    return file.variant or "", file.date


def _head(board: BoardDocument, photographs: Sequence[Shown]) -> Iterator[Markup]:
    yield tag("h2", board.product)
    for shown in photographs[:1]:
        size = (shown.width, shown.height)
        yield picture(shown.path, size, board.product, class_="hero")
    if board.vendor:
        yield _line("Vendor:", board.vendor)
    if board.features:
        yield _line("Features:", ", ".join(board.features))
    if board.port:
        source = f"{_SOURCE}/{board.port}/boards/{board.board}"
        yield _line("Source on GitHub:", outward(source, f"{board.port}/{board.board}"))
    if board.website:
        yield _line("More info:", outward(board.website, "Website"))


def _line(name: str, value: str) -> Markup:
    return tag("div", tag("strong", name), " ", value)


def _instructions(board: BoardDocument) -> Iterator[Markup]:
    if board.instructions:
        yield tag("h2", "Installation instructions")
        yield from prose(board.instructions)


def prose(passages: Iterable[Passage]) -> Iterator[Markup]:
    """Quote what upstream wrote: every passage as text, none as markup."""
    for kind, together in groupby(passages, key=lambda passage: passage.kind):
        elements = [_passage(passage) for passage in together]
        yield tag("ul", *elements) if kind is PassageKind.ITEM else joined(*elements, by="\n")


def _passage(passage: Passage) -> Markup:
    match passage.kind:
        case PassageKind.HEADING:
            return tag("h3", passage.text)
        case PassageKind.ITEM:
            return tag("li", passage.text)
        case PassageKind.CODE:
            return tag("pre", tag("code", passage.text))
        case PassageKind.PARAGRAPH:
            return tag("p", passage.text)


def _sections(board: BoardDocument, builds: Sequence[Build]) -> Iterator[Markup]:
    by_variant: dict[str | None, list[Build]] = {}
    for build in builds:
        by_variant.setdefault(build.main.variant, []).append(build)
    labels = {facts.variant: facts.label for facts in board.variants}
    # Builds of another toolchain, say, stand where upstream has them: under plain "Firmware".
    guests = [variant for variant in labels if variant and not labels[variant]]
    yield tag("h2", "Firmware")
    if not builds:
        yield tag("p", _NOTHING, class_="none")
    for variant in (None, *guests):
        yield from _lists(by_variant.pop(variant, []))
    in_order = [variant for variant in labels if variant in by_variant]
    for variant in (*in_order, *sorted(by_variant.keys() - labels.keys(), key=str)):
        yield tag("h2", f"Firmware ({labels.get(variant) or variant})")
        yield from _lists(by_variant[variant])


def _lists(builds: Sequence[Build]) -> Iterator[Markup]:
    releases = [build for build in builds if build.maturity is Maturity.RELEASE]
    previews = [build for build in builds if build.maturity is Maturity.PREVIEW]
    newest = next((build for build in releases if build.flashable), None)
    if releases:
        yield tag("h3", "Releases")
        yield from (_build(build, newest=build is newest) for build in releases)
    if previews:
        yield tag("h3", "Preview builds")
        yield tag("p", _PREVIEWS, class_="preview-note")
        yield from (_build(build, newest=False) for build in previews)


def _build(build: Build, *, newest: bool) -> Markup:
    first = _link(build.main, f"{build.version} ({build.main.date}) .{build.main.kind}")
    others = [_link(file, _WORDS.get(file.kind, f"[.{file.kind}]")) for file in build.files[1:]]
    notes = [outward(build.notes, "[Release notes]")] if build.notes else []
    links = joined(tag("strong", first) if newest else first, *others, *notes, by=" / ")
    return tag("div", links, " (latest)" if newest else "", *_warnings(build.files), class_="build")


def _link(file: FileEntry, words: str) -> Markup:
    return tag("a", words, href=f"{FIRMWARE}{file.name}")


def _warnings(files: Iterable[FileEntry]) -> Iterator[Markup]:
    for file in files:
        if file.verdict.conclusion is Conclusion.WARNED:
            yield tag("small", text(f".{file.kind}: {file.verdict.words}"))
