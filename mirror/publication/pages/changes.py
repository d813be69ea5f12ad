"""What changed between two publications, for people, and a form to choose the two.

Where nobody can be asked, as in a tree of files, there are links in its place: one for each of the
newest publications, with the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from mirror.errors import BadQueryError
from mirror.frozen import dataclass
from mirror.publication.changes import What
from mirror.publication.pages import more_texts
from mirror.publication.pages.layout import Section, layout, moment
from mirror.publication.site.html import Markup, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mirror.publication.changes import BoardChange, Changes, FileChange

PATH: Final = "/changes"
#: A page that no question leads to.
PAIR_PATH: Final = f"{PATH}/{{before}}/{{after}}"
_MOST_NAMED: Final = 20
_MOST_OFFERED: Final = 200
_MOST_LINKED: Final = 20
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Offered:
    """A publication that can be chosen."""

    sequence: int
    published: str


@dataclass(frozen=True, slots=True)
class Between:
    """The sequences that somebody wants to compare; None: the mirror's own choice."""

    before: int | None = None
    after: int | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Between:
        """Read the *query* of a request; raise `BadQueryError` for what is no sequence."""
        return cls(_sequence(query.get("from", "")), _sequence(query.get("to", "")))


@dataclass(frozen=True, slots=True)
class Choice:
    """The publications that can be compared, newest first, and whether by a form or by links."""

    offered: Sequence[Offered] = ()
    by_links: bool = False

    def shown(self, before: int, after: int) -> Markup:
        """Return what leads to other pairs than *before* and *after*."""
        return _links(self.offered) if self.by_links else _form(self.offered, before, after)


def render_changes(changes: Changes, choice: Choice, upstream: str) -> bytes:
    """Return the page of *changes*, with what else there is to compare."""
    before, after = changes.before, changes.after
    lead = (
        more_texts.CHANGES_FROM.format(sequence=before.sequence),
        moment(before.published),
        more_texts.CHANGES_TO.format(sequence=after.sequence),
        moment(after.published),
    )
    return layout(
        Section.RELEASES,
        more_texts.CHANGES,
        tag("h1", more_texts.CHANGES),
        tag("p", *lead, class_="lead", by=" "),
        choice.shown(before.sequence, after.sequence),
        *_recalls(changes),
        *_boards(changes.boards),
        *_beside(changes),
        upstream=upstream,
    )


def render_no_changes(upstream: str) -> bytes:
    """Return the page of a mirror that has published once only."""
    return layout(
        Section.RELEASES,
        more_texts.CHANGES,
        tag("h1", more_texts.CHANGES),
        tag("p", more_texts.CHANGES_NOT_YET),
        upstream=upstream,
    )


def _links(offered: Sequence[Offered]) -> Markup:
    pairs = pairwise(offered[: _MOST_LINKED + 1])
    items = (tag("li", _link(one, before)) for one, before in pairs)
    summary = tag("summary", more_texts.EACH_PUBLICATION)
    return tag("details", summary, tag("ul", *items, by="\n"), class_="panel")


def _link(one: Offered, before: Offered) -> Markup:
    path = PAIR_PATH.format(before=before.sequence, after=one.sequence)
    return tag("a", _words(one), href=path)


def _form(offered: Sequence[Offered], before: int, after: int) -> Markup:
    shown = offered[:_MOST_OFFERED]
    button = tag("button", more_texts.COMPARE, type="submit")
    return tag(
        "form",
        _choice("from", more_texts.FROM, shown, before),
        _choice("to", more_texts.TO, shown, after),
        tag("div", button, class_="line"),
        method="get",
        action=PATH,
        class_="filters",
        by="\n",
    )


def _choice(name: str, words: str, offered: Sequence[Offered], chosen: int) -> Markup:
    options = (_option(one, chosen=one.sequence == chosen) for one in offered)
    return tag("label", words, tag("select", *options, name=name))


def _option(one: Offered, *, chosen: bool) -> Markup:
    marks = {"selected": ""} if chosen else {}
    return tag("option", _words(one), value=str(one.sequence), **marks)


def _words(one: Offered) -> str:
    said = more_texts.OFFERED.format(sequence=one.sequence, published=one.published[:16])
    return said.replace("T", " ")


def _recalls(changes: Changes) -> Iterator[Markup]:
    if not (changes.recalled or changes.allowed):
        return
    yield tag("h2", more_texts.RECALLS)
    items = [
        tag("li", tag("b", ", ".join(one.names) or str(one.digest)), f": {one.why} ({one.since})")
        for one in changes.recalled
    ]
    items += [
        tag("li", more_texts.ALLOWED, " ", tag("code", str(digest))) for digest in changes.allowed
    ]
    yield tag("ul", *items, by="\n")


def _boards(boards: Sequence[BoardChange]) -> Iterator[Markup]:
    yield tag("h2", more_texts.CHANGED_BOARDS.format(count=len(boards)))
    if not boards:
        yield tag("p", more_texts.SAME_FIRMWARE)
    yield from map(_board, boards)


def _board(change: BoardChange) -> Markup:
    name = change.product or change.board
    heading = name if change.left else tag("a", name, href=f"/boards/{change.board}")
    marks = [tag("span", more_texts.ARRIVED, class_="tag new")] if change.arrived else []
    marks += [tag("span", more_texts.LEFT, class_="tag bad")] if change.left else []
    return tag(
        "section",
        tag("h3", heading, *marks, by=" "),
        tag("ul", *_files(change.files), *_facts(change.facts), class_="changes", by="\n"),
        class_="panel",
    )


def _files(files: Sequence[FileChange]) -> Iterator[Markup]:
    grouped = sorted(files, key=lambda one: list(What).index(one.what))
    for (what, version), same in groupby(grouped, key=lambda one: (one.what, one.version)):
        yield _group(what, version, list(same))


def _group(what: What, version: str, files: Sequence[FileChange]) -> Markup:
    word = tag("span", more_texts.CHANGED[what], class_=f"tag {_TONES[what]}")
    summary = joined(word, version, more_texts.CHANGED_FILES.format(count=len(files)), by=" ")
    items = [tag("li", *_file(one)) for one in files[:_MOST_NAMED]]
    if len(files) > _MOST_NAMED:
        items.append(tag("li", more_texts.MORE.format(count=len(files) - _MOST_NAMED)))
    return tag("li", tag("details", tag("summary", summary), tag("ul", *items)))


def _file(one: FileChange) -> Iterator[str]:
    yield tag("a", one.name, href=one.path, download=one.name) if one.path else one.name
    if one.words:
        yield f": {one.words}"


def _facts(facts: Iterable[str]) -> Iterator[Markup]:
    words = [more_texts.FACT_NAMES[name] for name in facts]
    if words:
        yield tag("li", more_texts.CHANGED_FACTS.format(facts=", ".join(words)))


def _beside(changes: Changes) -> Iterator[Markup]:
    words = [more_texts.CHANGED_PACKAGES] if changes.packages else []
    words += [more_texts.CHANGED_PHOTOGRAPHS] if changes.photographs else []
    if words:
        yield tag("h2", more_texts.BESIDE)
        yield tag("ul", *(tag("li", one) for one in words))


def _sequence(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise BadQueryError(f"no sequence of a publication: {text[:40]!r}")
    return int(text)


_TONES: Final = {
    What.NEW: "new",
    What.GONE: "bad",
    What.OTHER_BYTES: "bad",
    What.JUDGED: "doubtful",
    What.WITHDRAWN: "doubtful",
    What.LISTED: "new",
    What.HIDDEN: "doubtful",
    What.SHOWN: "new",
}
