"""Digests are checked when made, and written back as they were read."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mirror.catalog.values import Digest, TextValue
from mirror.errors import MalformedValueError

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.binary())
def test_a_digest_is_the_sha_256_of_its_bytes(data: bytes) -> None:
    digest = Digest.of(data)

    assert digest == Digest.parse(f"sha256:{hashlib.sha256(data).hexdigest()}")
    assert digest == Digest.parse(str(digest))


@given(st.text() | st.text("sha256:0123456789abcdefABCDEF", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MalformedValueError):
        digest = Digest.parse(text)

        assert text == str(digest)


@pytest.mark.parametrize(
    "text",
    ["", EMPTY, "sha256:", "sha512:" + EMPTY, "sha256:" + EMPTY.upper(), f"sha256:{EMPTY}\n"],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(MalformedValueError):
        Digest.parse(text)


@pytest.mark.parametrize("text", ["../../etc/passwd", EMPTY[:-1], EMPTY + "0"])
def test_no_digest_can_be_made_that_is_none(text: str) -> None:
    """It becomes a path: so it is checked when made, not only when read."""
    with pytest.raises(MalformedValueError):
        Digest(text)


def test_a_digest_is_its_text_in_a_document() -> None:
    adapter = TypeAdapter(Digest)

    assert adapter.dump_json(Digest(EMPTY)) == f'"sha256:{EMPTY}"'.encode()
    assert adapter.validate_json(f'"sha256:{EMPTY}"') == Digest(EMPTY)
    assert adapter.validate_python(Digest(EMPTY)) == Digest(EMPTY)


@pytest.mark.parametrize("document", ["1", "null", "{}", '"sha256:"'])
def test_a_document_with_something_else_is_refused(document: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Digest).validate_json(document)


def test_a_value_without_grammar_can_not_be_read() -> None:
    with pytest.raises(NotImplementedError):
        TextValue.parse("x")
