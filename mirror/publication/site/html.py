"""Build HTML out of text and elements: all that is not markup is escaped, always.

There is one way to get a text into a page, and it escapes.  So nothing that upstream wrote
can become an element, an attribute or a script.
"""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import urlsplit

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


class Markup(str):
    """Text that is HTML already, made by this module."""

    __slots__ = ()


def text(words: str) -> Markup:
    """Return *words* as HTML; what is `Markup` stays as it is."""
    return words if isinstance(words, Markup) else Markup(escape(words))


def coded(words: str) -> Markup:
    """Return *words* with what stands between grave accents as code."""
    parts = words.split("`")
    if len(parts) % 2 == 0:
        return text(words)
    return joined(*(tag("code", part) if at % 2 else part for at, part in enumerate(parts)))


def breakable(words: str) -> Markup:
    """Return *words*, which a browser may break behind each ``_``."""
    return Markup(text(words).replace("_", "_<wbr>"))


def joined(*parts: str, by: str = "") -> Markup:
    """Return *parts* one behind the other, with *by*, itself a text, between them."""
    return Markup(text(by).join(text(part) for part in parts))


def tag(name: str, /, *inside: str, by: str = "", **attributes: str) -> Markup:
    """Return the element *name*, with *by* between the parts that are *inside*.

    Attributes stand in the order they are given: some clients compare the text.  In their
    names a trailing ``_`` is left out, and any other is a hyphen.
    """
    return Markup(f"{void(name, **attributes)}{joined(*inside, by=by)}</{name}>")


def void(name: str, /, **attributes: str) -> Markup:
    """Return the element *name*, which has nothing inside and no end."""
    said = "".join(
        f' {attribute.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for attribute, value in attributes.items()
    )
    return Markup(f"<{name}{said}>")


def picture(path: str, size: tuple[int, int], alt: str, **attributes: str) -> Markup:
    """Return the picture at *path*, *size* pixels wide and high, in a place that has its shape."""
    width, height = map(str, size)
    return void("img", src=path, width=width, height=height, alt=alt, loading="lazy", **attributes)


def outward(url: str, words: str) -> Markup:
    """Return a link for people to another site, marked as one; *words* alone if it is no such.

    Rooms without Internet can not follow it, and no program should.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return text(words)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return text(words)
    return tag("a", words, href=url, class_="outward", rel="external noopener noreferrer")


def page(title: str, style: str, *body: str) -> bytes:
    """Return a whole page; *style* is ours, and no text of anybody else's."""
    inside = joined(*body, by="\n")
    return _PAGE.format(title=text(title), style=style, body=inside).encode()
