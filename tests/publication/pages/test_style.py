"""The style sheet can be read: WCAG 2.2 AA contrast in both themes, computed from its colours."""

from __future__ import annotations

import re
from typing import Final

import pytest

from mirror.publication.pages.assets import SCRIPT, STYLE

SHEET: Final = STYLE.body.decode()
TEXTS: Final = ("text", "dim", "link", "good", "warn", "bad")
GROUNDS: Final = ("page", "panel", "code")


def colours(block: str) -> dict[str, str]:
    """Return the colours that a block of the sheet sets."""
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


BLOCKS: Final = [colours(block) for block in re.findall(r":root[^{]*\{([^}]*)\}", SHEET)]
LIGHT, DARK, SWITCHED = BLOCKS


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_read_on_every_ground(
    theme: dict[str, str], ground: str, text: str
) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_buttons_and_focus_can_be_seen(theme: dict[str, str]) -> None:
    assert contrast(theme["on-strong"], theme["strong"]) >= 4.5
    for ground in GROUNDS:
        assert contrast(theme["focus"], theme[ground]) >= 3
        assert contrast(theme["strong"], theme[ground]) >= 3


def test_the_switch_gives_the_same_dark_as_the_system() -> None:
    assert DARK == SWITCHED
    assert DARK.keys() == LIGHT.keys()


def test_no_file_of_the_pages_names_another_host() -> None:
    for asset in (STYLE, SCRIPT):
        assert b"//" not in asset.body.replace(b"\n// ", b"").removeprefix(b"// ")
        assert b"@import" not in asset.body
        assert b"url(" not in asset.body
