"""Versions are read and written back, and their order is total and agrees with packaging."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as PackagingVersion
from pydantic import TypeAdapter

from mirror.catalog.kinds import Maturity
from mirror.catalog.versions import Version
from mirror.errors import MalformedValueError
from tests.catalog.strategies import dailies, previews, releases, version_texts

parse = Version.parse


def cut_hash(text: str) -> PackagingVersion:
    """Read *text* by packaging alone, its hash cut as ``upstream.md`` section 5 says."""
    return PackagingVersion(re.sub(r"[.-]g[0-9a-f]+$", "", text))


@given(version_texts)
def test_a_version_is_written_back_as_it_was_read(text: str) -> None:
    """``str`` is the exact inverse of ``parse``, for every form upstream has used."""
    assert str(parse(text)) == text


@given(st.text() | st.text("v0123456789.-previwgabcdty", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail in another way than by its own refusal."""
    with contextlib.suppress(MalformedValueError):
        version = parse(text)

        assert text == str(version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "1.20.0",
        "v1.20.0\n",
        "v1.²0",
        "v\u0661.\u0662",
        "V1.20.0",
        "v1.20.0-preview.5",
        "v1.20.0-preview.5.gabc",
        "v1.20.0-preview.5.g0123456789abc",
        "v1.20.0-5-g0123",
        "v1.20.0-rc1",
        "v1." + "1" * 200,
    ],
)
def test_text_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(MalformedValueError, match="not a version of MicroPython"):
        parse(text)


@given(st.lists(version_texts, min_size=3, max_size=3))
def test_the_order_is_total(texts: list[str]) -> None:
    """Of any two versions exactly one of <, ==, > holds, and sorting is transitive."""
    first, second, third = sorted(parse(text) for text in texts)

    assert [first <= second, second <= third, first <= third] == [True] * 3
    assert (first < second) + (first == second) + (first > second) == 1


@given(*[st.one_of(releases, previews, dailies)] * 2)
def test_the_order_agrees_with_packaging(one: str, other: str) -> None:
    """What packaging puts first comes first; what it calls equal has one rank."""
    left, right = cut_hash(one), cut_hash(other)

    assert (left == right) == parse(one).same_rank(parse(other))
    assert left >= right or parse(one) < parse(other)


def test_versions_are_ordered_as_they_appeared() -> None:
    """Numbers, not strings; previews before their release, daily builds after their tag."""
    texts = [
        "v1.8.2",
        "v1.8.2-39-g2dd21d9",
        "v1.8.7",
        "v1.9.4",
        "v1.19.1",
        "v1.19.1-113-g9af6a275d",
        "v1.19.1-1009-gcfd3b7093",
        "v1.20",
        "v1.20.0",
        "v1.20.0.dirty",
        "v1.22.0-preview",
        "v1.22.0-preview.5.g0123456",
        "v1.22.0-preview.27.g0123456",
        "v1.22.0",
        "v1.24.1",
    ]

    assert texts == [str(version) for version in sorted(parse(text) for text in texts[::-1])]


def test_order_and_equality_are_of_one_mind() -> None:
    """Versions that packaging calls equal differ here, and in one direction only."""
    short, long = parse("v1.20"), parse("v1.20.0")

    assert short != long
    assert short < long
    assert short.same_rank(long)


def test_a_version_tells_its_parts() -> None:
    version = parse("v1.29.0-preview.678.g5f2181f938")

    assert version.base_text == "1.29.0"
    assert version.base == (1, 29, 0)
    assert version.number == 678
    assert version.hash == "5f2181f938"
    assert not version.dirty


@pytest.mark.parametrize(
    ("text", "maturity"),
    [
        ("v1.9", Maturity.RELEASE),
        ("v1.28.0", Maturity.RELEASE),
        ("v1.28.0.dirty", Maturity.PREVIEW),
        ("v1.22.0-preview", Maturity.PREVIEW),
        ("v1.22.0-preview.5.g0123456", Maturity.PREVIEW),
        ("v1.18-103-g0123456", Maturity.PREVIEW),
        ("v1.18-103-g0123456-dirty", Maturity.PREVIEW),
    ],
)
def test_only_a_clean_build_on_its_tag_is_a_release(text: str, maturity: Maturity) -> None:
    assert maturity == parse(text).maturity


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("v1.25.0-preview.1.gabcdef012", "v1.25.0-preview.1.gabcdef0123", True),
        ("v1.25.0-preview.1.gabcdef0123", "v1.25.0-preview.1.gabcdef012", True),
        ("v1.27.0-preview.627.gc99ef23e5a", "v1.27.0-preview.627.g8250ff1c11", False),
        ("v1.25.0-preview.1.gabcdef012", "v1.25.0-preview.2.gabcdef012", False),
        ("v1.25.0-preview.1.gabcdef012", "v1.25.0-preview.1.gabcdef012.dirty", False),
        ("v1.20", "v1.20.0", True),
        ("v1.20.0-preview", "v1.20.0", False),
    ],
)
def test_hashes_are_compared_by_prefix(one: str, other: str, *, same: bool) -> None:
    assert same == parse(one).same_build(parse(other))


def test_equal_texts_share_one_object() -> None:
    assert parse("v1.28.0") is parse("v1.28.0")


def test_a_version_is_its_text_in_a_document() -> None:
    adapter = TypeAdapter(Version)

    assert adapter.dump_json(parse("v1.28.0")) == b'"v1.28.0"'
    assert adapter.validate_json('"v1.28.0"') == parse("v1.28.0")


def test_a_version_is_compared_with_nothing_else() -> None:
    with pytest.raises(TypeError):
        sorted([parse("v1.28.0"), "v1.28.0"])  # type: ignore[type-var]
