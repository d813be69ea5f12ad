"""What every page has: head, navigation, a place for its content, and a foot.

A page is whole without script.  Where a text names another site it stands as text with a mark:
rooms without Internet can not follow it, and no program should (promise P9).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mirror.publication.pages import texts
from mirror.publication.pages.assets import ICON, SCRIPT, STYLE
from mirror.publication.site.html import Markup, joined, tag, text, void


class Section(StrEnum):
    """The parts of the site, by the path of their first page."""

    BOARDS = "/"
    RELEASES = "/releases"
    SET_UP = "/setup"
    STATUS = "/status"
    LICENSES = "/licenses"
    INTERFACE = "/api"


_NAMES: Final = {
    Section.BOARDS: texts.BOARDS,
    Section.RELEASES: texts.RELEASES,
    Section.SET_UP: texts.SET_UP,
    Section.STATUS: texts.STATUS,
}


# A disc, one half of it dark.
_RING: Final = "M12 3a9 9 0 1 1 0 18a9 9 0 1 1 0-18"
_HALF: Final = tag(
    "svg",
    tag("path", d=_RING),
    tag("path", d="M12 3a9 9 0 0 0 0 18z", class_="half"),
    viewBox="0 0 24 24",
    aria_hidden="true",
)


def layout(section: Section, title: str, *body: str, upstream: str | None = None) -> bytes:
    """Return a whole page called *title*; its first heading is *body*'s to say.

    The foot says which *upstream* is mirrored, where that is known.
    """
    whole = joined(
        tag("head", *_head(title), by="\n"),
        tag(
            "body",
            tag("a", texts.SKIP, class_="skip", href="#content"),
            _header(section),
            tag("main", *body, id="content", tabindex="-1", by="\n"),
            _footer(section, upstream),
            by="\n",
        ),
        by="\n",
    )
    page = tag("html", "\n", whole, "\n", lang=texts.LANGUAGE)
    return f"<!DOCTYPE html>\n{page}\n".encode()


def outside(url: str) -> Markup:
    """Return *url* as text, marked as one of another site."""
    return tag("span", url, tag("span", f" ({texts.OUTSIDE})", class_="mark"), class_="outside")


def terms(*pairs: tuple[str, str]) -> Markup:
    """Return a list of names and what each is; a pair that says nothing is left out."""
    rows = (tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value)
    return tag("dl", *rows, by="\n")


def moment(time: str) -> Markup:
    """Return a *time* (RFC 3339, in UTC) as people read it; what is no time stays as it is."""
    day, at, clock = time.partition("T")
    if not at:
        return text(time)
    return tag("time", f"{day} {clock[:5]} UTC", datetime=time)


def size_words(size: int) -> str:
    """Say how many bytes *size* are."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:  # noqa: PLR2004 - what SI's prefixes mean
            break
        amount, unit = amount / 1000, larger
    return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"


def copy_button(value: str, what: str) -> Markup:
    """Return a button that copies *value*; the script shows it, without one there is none."""
    return tag(
        "button",
        texts.COPY,
        type="button",
        class_="copy",
        data_copy=value,
        aria_label=f"{texts.COPY}: {what}",
        hidden="",
    )


def _head(title: str) -> tuple[Markup, ...]:
    return (
        void("meta", charset="utf-8"),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · {texts.BRAND}"),
        void("link", rel="stylesheet", href=STYLE.path),
        void("link", rel="icon", href=ICON.path, type="image/svg+xml"),
        tag("script", src=SCRIPT.path, defer=""),
    )


def _header(section: Section) -> Markup:
    links = (_entry(name, path, here=path is section) for path, name in _NAMES.items())
    button = tag(
        "button",
        _HALF,
        type="button",
        id="theme",
        title=texts.THEME,
        aria_label=texts.THEME,
        hidden="",
        data_copied=texts.COPIED,
    )
    icon = void("img", src=ICON.path, width="26", height="26", alt="")
    brand = tag("a", icon, texts.BRAND, href=Section.BOARDS, class_="brand")
    navigation = tag("nav", *links, aria_label=texts.NAVIGATION, by=" ")
    return tag("header", brand, navigation, button, by="\n")


def _footer(section: Section, upstream: str | None) -> Markup:
    known = texts.MIRRORED.format(upstream=upstream) if upstream else ""
    about = tag("p", known, texts.FOOTER)
    licenses = _entry(texts.LICENSES, Section.LICENSES, here=section is Section.LICENSES)
    interface = _entry(texts.INTERFACE, Section.INTERFACE, here=section is Section.INTERFACE)
    return tag("footer", about, tag("p", licenses, interface, by=" · "), by="\n")


def _entry(name: str, path: Section, *, here: bool) -> Markup:
    if here:
        return tag("a", name, href=path, aria_current="true")
    return tag("a", text(name), href=path)
