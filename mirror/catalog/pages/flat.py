"""A page by Beautiful Soup, heard in document order; the tree is left out.

Making the tree, only to walk it once, took most of the time of reading a page, and most of what
was left went to finding out where a plain tag ends.  So tags that any reader of HTML reads alike
are read here.  What is odd in any way goes to `html.parser`, piece by piece; and with the first
piece that has not surely ended by itself, all that follows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from bs4 import BeautifulSoup
from bs4.builder._htmlparser import BeautifulSoupHTMLParser, HTMLParserTreeBuilder
from bs4.exceptions import ParserRejectedMarkup

from mirror.catalog.pages.events import Closed, Opened, Words
from mirror.catalog.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from bs4.element import NavigableString, Tag

    from mirror.catalog.pages.events import Event

MAX_DEPTH = 1000
"""Elements; a real page has 12, but one that never closes its paragraphs nests them all."""

_CLASS = re.compile(r"\S+")
_SPACES = {" ": Words(" "), "\n": Words("\n")}

# Text, and the tag behind it.  A value has no entity, which readers resolve unlike.
_PLAIN = re.compile(
    r"""([^<&]*+) < (?: /([a-z][a-z0-9]*+)
                      | ([a-z][a-z0-9]*+ (?:[ \n]++[a-z][a-z-]*+="[^"<>&]*+")*+) ) [ \n]*+ >""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r'([a-z][a-z-]*+)="([^"]*+)"')
# Characters; the longest real tag of firmware has half of that.
_LONG = 200
# Pieces that end where they seem to, whatever follows and whatever counts as white space.
_ODD = re.compile(
    r"""[^<&]*+
        (?: & (?: [a-zA-Z][a-zA-Z0-9]*+ | \#[0-9]++ | \#[xX][0-9a-fA-F]++ ) ;
          | <!-- (?!-?>) (?:[^-]|-(?!-))*+ -->
          | <!(?i:doctype)\ [^<>]*+ >
          | </ [a-zA-Z][^\s<>"'=/]*+ [ \t\n\r\f]*+ >
          | <  [a-zA-Z][^\s<>"'=/]*+
               (?: [ \t\n\r\f]++ [^\s<>"'=/]++
                   (?: [ \t\n\r\f]*+ = [ \t\n\r\f]*+
                       (?: "[^"<>]*+" | '[^'<>]*+' | [^\s<>"'=]++ ) )?+
               )*+
               [ \t\n\r\f]*+ /?+ > )""",
    re.VERBOSE,
)
_RAW = re.compile(r"[^<&]*+</[a-zA-Z]++>")
# Elements that hold no elements, in any version of `html.parser`.
_HOLD_TEXT = frozenset({"iframe", "noembed", "noframes", "noscript", "plaintext"})
_HOLD_TEXT |= {"script", "style", "textarea", "title", "xmp"}


class TooDeepError(Exception):
    """More elements are open than any page has."""


class NeverClosedError(Exception):
    """A tag that has swallowed the next one; named in one line."""


class Flat(BeautifulSoup):
    """What Beautiful Soup hears of a page, without the tree."""

    def __init__(self, text: str) -> None:
        """Read *text*."""
        super().__init__(text, builder=_Builder(store_line_numbers=False))

    def reset(self) -> None:
        """Begin."""
        super().reset()
        self._heard: list[Event] = []
        self._open: list[str] = []
        #: How often each of them is.
        self._often: dict[str, int] = {}
        #: How many of them have no text of the page, and how many keep every space.
        self._silent = self._exact = 0
        builder = self.builder
        self._holders = builder.string_containers.keys() | builder.preserve_whitespace_tags
        # Who is told of this one closes it at once.
        self._void = self.new_tag("br")

    def whole(self) -> tuple[Event, ...]:
        """Return all events: what is open is closed at the end, and then the page."""
        self._close(len(self._open))
        return (*self._heard, Closed(""))

    def begin(self, opened: Opened) -> None:
        """Hear that an element begins."""
        if self.current_data:
            self.endData()
        if len(self._open) >= MAX_DEPTH:
            raise TooDeepError
        name = opened.tag
        self._heard.append(opened)
        self._open.append(name)
        self._often[name] = self._often.get(name, 0) + 1
        if name in self._holders:
            self._hold(name, 1)

    def handle_starttag(  # noqa: PLR0913, PLR0917 - the parser's own interface
        self,
        name: str,
        namespace: str | None,  # noqa: ARG002 - see above
        nsprefix: str | None,  # noqa: ARG002 - see above
        attrs: Mapping[Any, Any],
        sourceline: int | None = None,  # noqa: ARG002 - see above
        sourcepos: int | None = None,  # noqa: ARG002 - see above
        namespaces: dict[str, str] | None = None,  # noqa: ARG002 - see above
    ) -> Tag | None:
        """Hear that an element begins; return something if nothing can be in it."""
        if len(self._open) >= MAX_DEPTH:
            raise TooDeepError
        self.begin(_opened(name, attrs))
        return self._void if self.builder.can_be_empty_element(name) else None

    def handle_endtag(self, name: str, nsprefix: str | None = None) -> None:  # noqa: ARG002
        """Hear that an element ends, and with it what is open in it."""
        if self.current_data:
            self.endData()
        if name in self._often:
            self._close(1 if self._open[-1] == name else self._open[::-1].index(name) + 1)

    def endData(self, containerClass: type[NavigableString] | None = None) -> None:  # noqa: N802, N803
        """Hear that a text ends.

        Comments and declarations have a class, and are no text; nor are scripts and styles.
        """
        if not self.current_data:
            return
        text, self.current_data = "".join(self.current_data), []
        if containerClass is None:
            self._say(text)

    def hear(self, text: str) -> None:
        """Hear text that ends here."""
        if self.current_data:
            self.current_data.append(text)
            self.endData()
        else:
            self._say(text)

    def _say(self, text: str) -> None:
        if self._silent:
            return
        if self._exact or text.strip(self.ASCII_SPACES):
            self._heard.append(Words(text))
        else:
            self._heard.append(_SPACES["\n" if "\n" in text else " "])

    def _hold(self, name: str, more: int) -> None:
        self._silent += more * (name in self.builder.string_containers)
        self._exact += more * (name in self.builder.preserve_whitespace_tags)

    def _close(self, count: int) -> None:
        for _ in range(count):
            name = self._open.pop()
            self._often[name] -= 1
            if not self._often[name]:
                del self._often[name]
            if name in self._holders:
                self._hold(name, -1)
            self._heard.append(Closed(name))


class _Parser(BeautifulSoupHTMLParser):
    """Tells a `Flat` of plain tags by itself, and of all others what `html.parser` finds."""

    soup: Flat

    def feed(self, data: str) -> None:
        """Read all of *data*."""
        at = self._plain(data, 0)
        while piece := (_ODD if self.cdata_elem is None else _RAW).match(data, at):
            super().feed(piece[0])
            at = piece.end()
            if self.rawdata:
                break
            if self.cdata_elem is None:
                at = self._plain(data, at)
        super().feed(data[at:])

    def _plain(self, data: str, at: int) -> int:
        """Read tags from *at*, as long as they are plain; return where they no longer are."""
        page, void = self.soup, self.soup.builder.empty_element_tags or set()
        while found := _PLAIN.match(data, at):
            text, closed, tag = found.groups()
            opened = None
            if closed is None:
                opened = _remembered(tag) if len(tag) <= _LONG else _read(tag)
                if opened is None:
                    break
            if text and closed in void:
                # An end that nothing waits for is none, and the text goes on behind it.
                page.handle_data(text)
            elif text:
                page.hear(text)
            if opened is None:
                (self if closed in void else page).handle_endtag(closed)
            else:
                page.begin(opened)
                if opened.tag in void:
                    # As Beautiful Soup does: an end that is written out is then no other one.
                    page.handle_endtag(opened.tag)
                    self.already_closed_empty_element.append(opened.tag)
            at = found.end()
        return at


class _Builder(HTMLParserTreeBuilder):
    """Beautiful Soup's for `html.parser`, with our parser."""

    def feed(
        self, markup: str | bytes, _parser_class: type[BeautifulSoupHTMLParser] = _Parser
    ) -> None:
        """Read *markup*."""
        positional, named = self.parser_args
        parser = _parser_class(cast("Flat", self.soup), *positional, **named)
        try:
            parser.feed(cast("str", markup))
            parser.close()
        except AssertionError as error:
            raise ParserRejectedMarkup(error) from error


def _read(tag: str) -> Opened | None:
    """Return what a plain *tag* begins, without its brackets; None if that holds only text."""
    name = tag.split(maxsplit=1)[0]
    return None if name in _HOLD_TEXT else _opened(name, dict(_ATTRIBUTE.findall(tag)))


# Most tags of a page stood on the one before, and on itself a week ago.
_remembered = lru_cache(maxsize=8192)(_read)


def _opened(name: str, attributes: Mapping[Any, Any]) -> Opened:
    if any("<" in attribute for attribute in attributes):
        raise NeverClosedError(one_line(name, 20))
    return Opened(
        tag=name,
        href=attributes.get("href"),
        source=attributes.get("src"),
        classes=tuple(_CLASS.findall(attributes.get("class", ""))),
    )
