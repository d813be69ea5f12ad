"""Builds and their files, as the page of a board shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.formats.verdict import Conclusion
from mirror.publication.pages import texts
from mirror.publication.pages.layout import copy_button, outside, size_words
from mirror.publication.site.html import Markup, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.publication.documents import FileEntry, OnDemandEntry
    from mirror.publication.site.board import Build


def build_panel(build: Build, heading: str, lead: Markup, flashing: Markup) -> Markup:
    """Return all of one *build*: its main file first, how to flash it, then its other files."""
    main = build.main
    parts = [
        tag("h3", f"{heading}: ", _version(build)),
        lead,
        tag("div", _button(main), _described(main), class_="get"),
        *_details(main),
        flashing,
        *_others(build.files[1:]),
        *_notes(build),
    ]
    return tag("section", *parts, class_="build", by="\n")


def older_builds(builds: Sequence[Build]) -> Iterator[Markup]:
    """Fold *builds*, newest first, away; nothing comes of none."""
    if not builds:
        return
    items = (tag("li", _older(build)) for build in builds)
    summary = tag("summary", texts.OLDER.format(count=len(builds)))
    yield tag("details", summary, tag("ul", *items, by="\n"))


def on_demand(offers: Sequence[OnDemandEntry]) -> Iterator[Markup]:
    """Fold what is not held away, and mark it as such."""
    if not offers:
        return
    mark = tag("span", texts.ON_DEMAND_MARK, class_="tag")
    items = (tag("li", _link(offer), " ", mark) for offer in offers)
    summary = tag("summary", texts.ON_DEMAND.format(count=len(offers)))
    lead = tag("p", texts.ON_DEMAND_LEAD)
    yield tag("details", summary, lead, tag("ul", *items, by="\n"))


def _version(build: Build) -> Markup:
    return tag("a", build.version, href=f"/releases/{build.version}")


def _button(file: FileEntry) -> Markup:
    words = texts.DOWNLOAD.format(kind=file.kind)
    return tag("a", words, class_="button", href=file.path, download=file.name)


def _described(file: FileEntry) -> Markup:
    words = texts.OF.format(date=file.date, size=size_words(file.size))
    return tag("span", tag("code", file.name), f" {words}")


def _details(file: FileEntry) -> Iterator[Markup]:
    yield _digest(file)
    yield _verdict(file)
    if file.verdict.conclusion is Conclusion.WARNED:
        yield _listed(texts.REASONS, [reason.text for reason in file.verdict.reasons])
    if file.verdict.limits:
        limits = tag("ul", *(tag("li", one) for one in file.verdict.limits))
        yield tag("details", tag("summary", texts.LIMITS), limits)
    if file.withdrawn:
        yield tag("p", texts.WITHDRAWN.format(day=file.withdrawn), class_="warned")


def _digest(file: FileEntry) -> Markup:
    sha256 = file.hashes.sha256
    return tag(
        "div",
        tag("span", texts.SHA256, class_="dim"),
        tag("code", sha256),
        copy_button(sha256, f"{texts.SHA256} {file.name}"),
        class_="line",
        by=" ",
    )


def _verdict(file: FileEntry) -> Markup:
    conclusion = file.verdict.conclusion
    word = tag("span", texts.VERDICT.get(conclusion, conclusion), class_=f"verdict {conclusion}")
    return tag("p", word, f" {file.verdict.words}")


def _listed(heading: str, sentences: Sequence[str]) -> Markup:
    if not sentences:
        return Markup()
    return joined(
        tag("p", heading, ":", class_="dim"), tag("ul", *(tag("li", one) for one in sentences))
    )


def _others(files: Sequence[FileEntry]) -> Iterator[Markup]:
    if not files:
        return
    items = (tag("li", _other(file)) for file in files)
    yield tag("details", tag("summary", texts.OTHER_FILES), tag("ul", *items))


def _other(file: FileEntry) -> Markup:
    words = f" {texts.KINDS[file.kind]}, {size_words(file.size)}"
    return joined(_link(file), words, *_details(file))


def _link(file: FileEntry | OnDemandEntry) -> Markup:
    return tag("a", file.name, href=file.path, download=file.name)


def _notes(build: Build) -> Iterator[Markup]:
    if build.notes:
        yield tag("p", f"{texts.NOTES} ", outside(build.notes), class_="dim")


def _older(build: Build) -> Markup:
    files = (tag("details", tag("summary", file.name), *_file(file)) for file in build.files)
    return joined(_version(build), f" ({build.main.date})", *files, by=" ")


def _file(file: FileEntry) -> Iterator[Markup]:
    yield tag("div", _button(file), _described(file), class_="get")
    yield from _details(file)
