"""Documents of another mirror say what pages could say, or are refused by name."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.model import Listing, Passage, PassageKind, VariantFacts
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.errors import DocumentRefusedError
from mirror.publication.documents import ContentRoot, Origin, PublicationRoot, encode
from mirror.publication.foreign import (
    is_source,
    read_peer_board,
    read_peer_content,
    read_peer_root,
)
from mirror.publication.tree import render_board
from tests.publication.examples import SOURCE, facts, held

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.catalog.model import BoardFacts

URL = "http://192.168.1.20:8080/v1/boards/ESP32_GENERIC.json"
BOARD = "ESP32_GENERIC"
NAME = f"{BOARD}-20260406-v1.28.0.bin"
LATER = f"{BOARD}-20260409-v1.28.0.bin"
NOTES = "https://github.com/micropython/micropython/releases/tag/v1.28.0"
OFFER = Listing(ArtifactName.parse(LATER), SOURCE, BOARD, 3)
DOCUMENT = encode(render_board(facts(), [held(NAME)], {"v1.28.0": NOTES}, [OFFER]))
LINEAGE = "0a" * 16
ROOT = PublicationRoot(
    lineage=LINEAGE,
    channel="current",
    sequence=7,
    previous=None,
    published="2026-04-07T06:00:00Z",
    content=Digest.of(b""),
)
CONTENT = ContentRoot(
    origin=Origin(LINEAGE, 7),
    previous=None,
    published="2026-04-07T06:00:00Z",
    upstream="https://micropython.org",
    boards={BOARD: Digest.of(DOCUMENT)},
    through=("0b" * 16,),
)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the document after *change*."""
    document = json.loads(DOCUMENT)
    change(document)
    return json.dumps(document).encode()


def board_of(own: BoardFacts) -> bytes:
    """Return a document of *own* facts."""
    return encode(render_board(own, [], {}))


def test_what_was_rendered_is_read_back() -> None:
    """Facts, names, sources, notes, and what another mirror adds: digest and size."""
    page = read_peer_board(DOCUMENT, URL, BOARD)
    [file, offer] = page.listings

    assert page.facts == facts()
    assert file == Listing(
        ArtifactName.parse(NAME),
        SOURCE,
        BOARD,
        0,
        NOTES,
        Digest.of(NAME.encode()),
        len(NAME),
    )
    assert offer == replace(OFFER, position=1)
    assert page.problems == ()


def test_reading_and_rendering_again_gives_the_same_bytes() -> None:
    """So two mirrors that hold the same have equal documents."""
    page = read_peer_board(DOCUMENT, URL, BOARD)
    notes = {str(one.name.version): one.notes for one in page.listings if one.notes}

    assert encode(render_board(page.facts, [held(NAME)], notes, page.listings[1:])) == DOCUMENT


def test_a_root_says_where_it_stands() -> None:
    root = read_peer_root(encode(ROOT), URL)

    assert (root.lineage, root.sequence, root.content) == (LINEAGE, 7, Digest.of(b""))


def test_a_content_root_says_through_whom_it_came() -> None:
    content = read_peer_content(encode(CONTENT), URL)

    assert content.lineages == (LINEAGE, "0b" * 16)
    assert content.boards == CONTENT.boards


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "lab-stable"},
        {"lineage": "../" * 8},
        {"sequence": 0},
        {"sequence": -(2**63)},
        {"sequence": 10**18},
        {"content": "sha256:" + "A" * 64},
    ],
    ids=str,
)
def test_a_root_that_no_mirror_writes_is_refused(changes: dict[str, object]) -> None:
    data = json.dumps({**json.loads(encode(ROOT)), **changes}).encode()

    with pytest.raises(DocumentRefusedError, match=r"^http://192\.168\.1\.20"):
        read_peer_root(data, URL)


def _double(document: dict[str, Any]) -> None:
    document["releases"][0]["files"] *= 2


def _held_and_offered(document: dict[str, Any]) -> None:
    document["on_demand"][0]["name"] = NAME


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda one: one.update(board="RPI_PICO"), "is about 'RPI_PICO'"),
        (lambda one: one.update(board="../x"), "is about"),
        (_double, "twice"),
        (_held_and_offered, "twice"),
        (lambda one: one.update(releases=3), "fields do not fit"),
        (lambda one: one.update(product="\x1b[2J"), "a text that no page gives"),
        (lambda one: one.update(product="\u202egnp.exe"), "a text that no page gives"),
        (lambda one: one.update(vendor="x" * 4001), "a text that no page gives"),
        (lambda one: one.update(page="javascript:alert(1)"), "a value that no page gives"),
        (lambda one: one.update(page="http://u@h/"), "a value that no page gives"),
        (lambda one: one.update(website="file:///etc/passwd"), "a value that no page gives"),
        (lambda one: one.update(port="esp32/../x"), "a value that no page gives"),
        (lambda one: one.update(mcu="<b>"), "a value that no page gives"),
        (lambda one: one.update(photographs=["../x.jpg"]), "a value that no page gives"),
        (lambda one: one.update(photographs=["x.jpg"] * 101), "101 photographs"),
        (lambda one: one.update(features=["x"] * 300), "lines of text"),
        (lambda one: one.update(flash_offset=-1), "a flash offset of -1"),
        (lambda one: one.update(flash_offset=1 << 32), "a flash offset"),
        (lambda one: one.update(critical=["delegations"]), "newer mpmirror"),
        (lambda one: one["releases"][0].update(notes="javascript:x"), "a value that no page gives"),
        (lambda one: one["variants"][0].update(variant="a/b"), "a value that no page gives"),
    ],
)
def test_a_document_that_no_mirror_writes_is_refused(
    change: Callable[[dict[str, Any]], object], says: str
) -> None:
    with pytest.raises(DocumentRefusedError, match=says):
        read_peer_board(changed(change), URL, BOARD)


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ({"name": "lab-build.bin"}, "unrecognised-name"),
        ({"name": "../../etc/passwd"}, "unrecognised-name"),
        ({"name": f"{BOARD}-20269999-v1.28.0.bin"}, "unrecognised-name"),
        ({"source": "local"}, "odd-entry"),
        ({"source": "ftp://micropython.org/" + NAME}, "odd-entry"),
        ({"source": "https://micropython.org/resources/firmware/other.bin"}, "odd-entry"),
        ({"source": f"https://user@micropython.org/{NAME}"}, "odd-entry"),
        ({"hashes": {"sha256": "x"}}, "odd-entry"),
        ({"size": -1}, "odd-entry"),
        ({"size": 1 << 50}, "odd-entry"),
    ],
    ids=str,
)
def test_an_artifact_that_is_not_taken_is_left_out_by_name(
    entry: dict[str, object], rule: str
) -> None:
    """The others of its board are taken."""
    data = changed(lambda one: one["releases"][0]["files"][0].update(entry))
    page = read_peer_board(data, URL, BOARD)

    assert [str(listing.name) for listing in page.listings] == [LATER]
    assert [problem.rule for problem in page.problems] == [rule]


def test_a_key_that_stands_twice_is_refused() -> None:
    """Two readers would read two documents."""
    data = DOCUMENT.replace(b'{"board":', b'{"board":"OTHER","board":', 1)

    with pytest.raises(DocumentRefusedError, match="'board' stands twice"):
        read_peer_board(data, URL, BOARD)


@pytest.mark.parametrize("depth", [300, 100_000])
def test_deep_json_is_refused_also_where_nobody_looks(depth: int) -> None:
    data = DOCUMENT[:-1] + b',"weather":' + b"[" * depth + b"]" * depth + b"}"

    with pytest.raises(DocumentRefusedError, match=r"do not fit|recursion"):
        read_peer_board(data, URL, BOARD)


def test_fields_of_a_newer_mirror_are_ignored() -> None:
    data = changed(lambda one: one.update(weather="sunny"))

    assert read_peer_board(data, URL, BOARD) == read_peer_board(DOCUMENT, URL, BOARD)


def test_passages_keep_their_lines() -> None:
    own = replace(
        facts(),
        description=(Passage(PassageKind.CODE, "one\ntwo"),),
        variants=(VariantFacts("OTA", "Support for OTA"),),
    )

    assert read_peer_board(board_of(own), URL, BOARD).facts == own


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    for read in (read_peer_root, read_peer_content):
        with pytest.raises(DocumentRefusedError):
            read(data, URL)
    with pytest.raises(DocumentRefusedError):
        read_peer_board(data, URL, BOARD)


@given(st.integers(0, len(DOCUMENT) - 1), st.binary(min_size=1, max_size=4))
def test_any_damage_is_read_or_refused(place: int, damage: bytes) -> None:
    """What is read of a damaged document still has names and sources that fit."""
    data = DOCUMENT[:place] + damage + DOCUMENT[place + len(damage) :]
    with contextlib.suppress(DocumentRefusedError):
        page = read_peer_board(data, URL, BOARD)

        assert page.facts.board == BOARD
        assert all(is_source(one.url, one.name) for one in page.listings)
