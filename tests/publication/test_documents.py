"""Documents are canonical, read back as they were, and refuse what they can not know."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.publication.documents import (
    BoardDocument,
    ContentRoot,
    LocalDocument,
    Origin,
    PublicationRoot,
    decode_board,
    decode_content,
    decode_publication,
    encode,
)
from mirror.publication.local.specimen import SPECIMENS
from mirror.publication.tree import render_board
from tests.publication import examples

BOARD = render_board(
    examples.facts(), [examples.held("ESP32_GENERIC-20260406-v1.28.0.bin")], notes={}
)
CONTENT = ContentRoot(
    origin=Origin("ab" * 16, 7),
    previous=Digest.of(b"before"),
    published="2026-04-06T00:00:00Z",
    upstream="https://micropython.org",
    boards={"ESP32_GENERIC": Digest.of(b"board")},
)
PUBLICATION = PublicationRoot(
    lineage="ab" * 16,
    channel="current",
    sequence=7,
    previous=None,
    published="2026-04-06T00:00:00Z",
    content=Digest.of(b"content"),
    documents={"/v1/boards.json": LocalDocument(Digest.of(b"x"), "application/json", 1)},
)


def test_a_board_document_is_read_back_as_it_was() -> None:
    assert decode_board(encode(BOARD)) == BOARD


@pytest.mark.parametrize("board", SPECIMENS, ids=lambda board: board.board)
def test_a_board_is_written_as_pydantic_and_rfc8785_would(board: BoardDocument) -> None:
    """Whatever is taken together or made by hand to be quick."""
    many = replace(board, on_demand=board.on_demand * 40, releases=board.releases * 20)
    strange = replace(board, on_demand=tuple(replace(o, path="\U0001f40d") for o in many.on_demand))

    for one in (board, many, strange):
        assert encode(one) == rfc8785.dumps(
            TypeAdapter(BoardDocument).dump_python(one, mode="json")
        )


def test_a_content_root_is_read_back_as_it_was() -> None:
    assert decode_content(encode(CONTENT)) == CONTENT


def test_a_publication_root_is_read_back_as_it_was() -> None:
    assert decode_publication(encode(PUBLICATION)) == PUBLICATION


@given(st.text(max_size=20), st.lists(st.text(max_size=8), max_size=3))
def test_equal_documents_are_equal_bytes_whatever_their_texts(
    product: str, features: list[str]
) -> None:
    """Encoding what was decoded gives the very same bytes (RFC 8785)."""
    encoded = encode(replace(BOARD, product=product, features=tuple(features)))

    assert encode(decode_board(encoded)) == encoded


def test_canonical_json_sorts_its_keys_and_has_no_spaces() -> None:
    encoded = encode(CONTENT)

    assert encoded.startswith(b'{"boards":{"ESP32_GENERIC":"sha256:')


def test_a_document_of_another_type_is_refused() -> None:
    with pytest.raises(MalformedValueError, match=r"mpmirror\.board"):
        decode_board(encode(CONTENT))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"type":"mpmirror.content"}'])
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedValueError):
        decode_content(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes make a reader fail in another way."""
    with pytest.raises((MalformedValueError, ForeignDataError)):
        decode_publication(data)


def test_an_unknown_critical_field_is_refused() -> None:
    """A field that must be understood, and is not, is no reason to guess."""
    with pytest.raises(ForeignDataError, match="newer mpmirror"):
        decode_content(_with(critical=["delegations"]))


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(ForeignDataError, match="format 2"):
        decode_content(_with(format=2))


def test_an_unknown_field_that_is_not_critical_is_ignored() -> None:
    assert decode_content(_with(weather="sunny")) == CONTENT


def _with(**changes: object) -> bytes:
    return json.dumps({**json.loads(encode(CONTENT)), **changes}).encode()
