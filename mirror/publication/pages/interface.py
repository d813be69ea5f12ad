"""The page that says what the mirror answers to programs: all of ``/v1``, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.publication.interface.operations import OPERATORS, PUBLIC
from mirror.publication.interface.words import IN_PATHS, PARAMETERS, STATUSES
from mirror.publication.pages import interface_texts as words
from mirror.publication.pages import texts
from mirror.publication.pages.layout import Section, layout, terms
from mirror.publication.site.html import Markup, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.interface.model import Operation
    from mirror.publication.interface.words import Parameter


def render_interface(description: str) -> bytes:
    """Return the page; *description* is the path of the same for programs."""
    return layout(
        Section.INTERFACE,
        texts.INTERFACE,
        tag("h1", texts.INTERFACE),
        tag("p", words.LEAD, class_="lead"),
        tag("p", tag("a", words.DESCRIPTION, href=description)),
        tag("h2", words.PUBLIC),
        *map(_operation, PUBLIC),
        tag("h2", words.OPERATORS),
        tag("p", words.OPERATORS_LEAD),
        *map(_operation, OPERATORS),
    )


def _operation(operation: Operation) -> Markup:
    title = tag("code", f"{operation.method.upper()} {operation.path}")
    lines = [
        tag("h3", title, id=operation.name),
        tag("p", f"{operation.summary}."),
        terms(
            (words.PARAMETERS, _parameters(operation)),
            (words.ANSWER, operation.media_type or words.BYTES),
            (words.SCOPE, operation.scope or ""),
            (words.STATUSES, _statuses(operation)),
        ),
    ]
    return tag("section", *lines, by="\n")


def _parameters(operation: Operation) -> str:
    found = list(_lines(operation))
    return tag("ul", *found) if found else ""


def _lines(operation: Operation) -> Iterator[Markup]:
    given = [IN_PATHS[name] for name in operation.in_path]
    for one in [*given, *(PARAMETERS[key] for key in operation.query)]:
        yield tag("li", tag("code", one.name), f" {one.words}{_example(one)}")


def _example(parameter: Parameter) -> str:
    example = parameter.example
    shown = example[0] if isinstance(example, list) else example
    return "" if shown is None else f" {words.EXAMPLE.format(example=shown)}"


def _statuses(operation: Operation) -> Markup:
    shown = (tag("abbr", str(status), title=STATUSES[status]) for status in operation.statuses)
    return joined(*shown, by=" ")
