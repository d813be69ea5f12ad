"""Every guide is whole, begins with what changes least, and can be copied as it stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.publication.setup.guides import GUIDES, guide, guides
from mirror.publication.setup.model import (
    OTHERS,
    UNKNOWN,
    Dialect,
    Guide,
    Lines,
    Place,
    Reach,
    System,
)
from mirror.publication.setup.pages import render_guide_page, render_index_page
from mirror.publication.setup.render import render_guide, render_index, render_text
from mirror.web.hosts import ANSWERED

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES: Final = (
    "api.github.com",
    "downloads.arduino.cc",
    "micropython.org",
    "mirror.lab",
    "raw.githubusercontent.com",
)
PLACE: Final = Place(
    url="http://192.168.1.20:8080",
    tls=True,
    hosts=NAMES,
    proxy="http://192.168.1.20:3128",
    address="192.168.1.20",
)
BARE: Final = Place()
# With brackets, which a shell would take for a pattern.
SIX: Final = Place(url="http://[fd00::20]:8080", tls=True, hosts=NAMES)
BASH: Final = shutil.which("bash")


def asked(client: str, place: Place = PLACE) -> Guide:
    """Return the guide for *client*."""
    found = guide(client, place)
    assert found is not None
    return found


def lines_of(one: Guide) -> Iterator[Lines]:
    """Give all lines to copy."""
    for way in one.ways:
        for step in (*way.steps, *way.test, *way.undo):
            yield from step.lines


@pytest.mark.parametrize("client", GUIDES)
@pytest.mark.parametrize("place", [PLACE, BARE], ids=["known", "unknown"])
def test_every_way_can_be_gone_tested_and_undone(client: str, place: Place) -> None:
    for way in asked(client, place).ways:
        assert way.steps
        assert way.test
        assert way.undo


@pytest.mark.parametrize("client", GUIDES)
def test_what_changes_least_comes_first(client: str) -> None:
    order = [list(Reach).index(way.reach) for way in asked(client).ways]

    assert order == sorted(order)


@pytest.mark.parametrize("client", GUIDES)
def test_nothing_is_missing_on_a_mirror_that_has_everything(client: str) -> None:
    assert [way.missing for way in asked(client).ways if way.missing] == []


@pytest.mark.parametrize("client", GUIDES)
def test_a_known_address_leaves_nothing_to_fill_in(client: str) -> None:
    page = render_guide_page(asked(client), PLACE).decode()

    assert not re.search(r"MIRROR|ADDRESS-OF", page)
    assert "http://192.168.1.20:8080" in page


@pytest.mark.parametrize("client", GUIDES)
def test_without_an_address_the_page_says_what_to_do_about_it(client: str) -> None:
    page = render_guide_page(asked(client, BARE), BARE).decode()

    assert "public_url" in page
    assert UNKNOWN in page


def test_thonny_needs_no_certificate() -> None:
    first = asked("thonny", BARE).ways[0]
    texts = [text for step in first.steps for lines in step.lines for text in lines.text]

    assert first.missing is None
    assert texts == 3 * ["[general]", "data_url_prefix = http://MIRROR:8080/thonny"]


def test_what_the_mirror_lacks_is_said_with_the_command_that_mends_it() -> None:
    without = asked("mpflash", BARE).ways[1].missing
    other = asked("mpflash", Place(url="http://a.lab", tls=True, hosts=("a.lab",))).ways[1].missing
    own = asked("mpflash", Place(tls=True, own_certificate=True)).ways[1].missing

    assert without is not None
    assert "mpmirror lab-ca api.github.com micropython.org" in without
    assert other is not None
    assert other.startswith("This mirror has no certificate for api.github.com micropython.org")
    assert own is not None
    assert "own certificate" in own


@pytest.mark.parametrize("own", ["mirror.lab", "zoo.lab"])
def test_a_manifest_is_asked_of_a_name_that_answers_it(own: str) -> None:
    """Not of api.github.com, though its name comes first."""
    place = Place(url=f"http://{own}:8080", tls=True, hosts=tuple(sorted((*OTHERS, own))))
    page = render_guide_page(asked("esp-web-tools", place), place).decode()
    without = asked("esp-web-tools", Place(tls=True, hosts=OTHERS)).ways[0].missing

    assert f"https://{own}/esp-web-tools/" in page
    assert without is not None
    assert "mpmirror lab-ca mirror.lab" in without


def test_the_names_of_others_are_those_that_are_answered_in_part() -> None:
    assert set(OTHERS) == set(ANSWERED)


def test_tokens_are_spoken_of_where_they_are_sent() -> None:
    assert any("GITHUB_TOKEN" in remark for remark in asked("mpflash").remarks)


@pytest.mark.skipif(BASH is None, reason="no bash")
@pytest.mark.parametrize("client", GUIDES)
@pytest.mark.parametrize("place", [PLACE, BARE, SIX], ids=["four", "unknown", "six"])
def test_bash_can_read_every_line(client: str, place: Place) -> None:
    """And a URL is one word of it, whatever is in it."""
    script = [
        text
        for lines in lines_of(asked(client, place))
        if lines.dialect is Dialect.SHELL
        for text in lines.text
    ]
    said = subprocess.run(
        ["bash", "-n"],  # noqa: S607 - only read
        input="\n".join(script).encode(),
        check=False,
        capture_output=True,
        timeout=20,
    )
    bare = [text for text in script if re.search(r"(?<!['\w])http://\[", text)]

    assert (said.returncode, said.stderr) == (0, b"")
    assert bare == []


@pytest.mark.parametrize("client", GUIDES)
def test_page_json_and_terminal_say_the_same(client: str) -> None:
    one = asked(client)
    page = unescape(render_guide_page(one, PLACE).decode())
    document = json.loads(render_guide(one, PLACE))
    terminal = "\n".join(render_text(one, PLACE, tuple(System)))

    assert document["guide"]["client"] == client
    for way, told in zip(one.ways, document["guide"]["ways"], strict=True):
        assert way.title == told["title"]
        assert way.title in page
        assert way.title in terminal
    for lines in lines_of(one):
        assert all(text in terminal for text in lines.text)


@pytest.mark.parametrize("client", GUIDES)
def test_a_page_runs_and_fetches_nothing_but_what_all_pages_have(client: str) -> None:
    page = render_guide_page(asked(client), PLACE).decode()
    index = render_index_page(guides(PLACE), PLACE).decode()

    for html in (page, index):
        assert not re.search(r"<(?:style|iframe|form)|<script>|\son\w+=|\sstyle=", html)
        assert {
            target
            for target in re.findall(r'(?:href|src)="([^"]*)"', html)
            if target[0] not in "/#"
        } == set()
        assert html.count("<h1>") == 1


@given(st.text(max_size=60))
def test_whatever_an_address_says_it_is_text_on_the_page(text: str) -> None:
    place = Place(url=f"http://{text}<script>", tls=True, hosts=NAMES)
    page = render_guide_page(asked("curl", place), place)

    assert b"<script>" not in page


def test_the_index_leads_to_every_guide() -> None:
    index = json.loads(render_index(guides(PLACE)))

    assert [line["client"] for line in index["clients"]] == list(GUIDES)
    assert {line["path"] for line in index["clients"]} == {
        f"/v1/setup/{client}.json" for client in GUIDES
    }


def test_a_terminal_shows_the_lines_of_one_system() -> None:
    shown = "\n".join(render_text(asked("curl"), PLACE, (System.ANY, System.WINDOWS)))

    assert "curl.exe" in shown
    assert "aria2c" not in shown
