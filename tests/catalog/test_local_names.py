"""Names of own builds: read, written back, and never one of upstream's."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.local_names import LocalName, is_local, parse_held
from mirror.catalog.names import ArtifactName
from mirror.errors import UnrecognisedNameError
from tests.catalog.strategies import name_texts

IDS = st.text("ABZaz019_", min_size=1, max_size=9)
VERSIONS = st.text("vV019.-_abzip", min_size=1, max_size=20)


def test_a_name_says_what_it_is() -> None:
    name = LocalName.parse("local+RPI_PICO+LAB+v1.28.0-lab.3.uf2")

    assert (name.board, name.variant, name.version, name.kind, name.maturity) == (
        "RPI_PICO",
        "LAB",
        "v1.28.0-lab.3",
        Kind.UF2,
        Maturity.RELEASE,
    )


def test_the_maturity_is_that_of_a_version_of_micropython() -> None:
    name = LocalName.of("RPI_PICO", None, "v1.29.0-preview.7.g0123456789", Kind.UF2)

    assert (str(name), name.maturity) == (
        "local+RPI_PICO+v1.29.0-preview.7.g0123456789.uf2",
        Maturity.PREVIEW,
    )


@given(IDS, st.none() | IDS, VERSIONS, st.sampled_from(Kind))
def test_what_is_made_is_read_back_or_refused(
    board: str, variant: str | None, version: str, kind: Kind
) -> None:
    with contextlib.suppress(UnrecognisedNameError):
        name = LocalName.of(board, variant, version, kind)

        assert LocalName.parse(str(name)) == name
        assert (name.board, name.variant, name.version, name.kind) == (
            board,
            variant,
            version,
            kind,
        )


@given(IDS, st.none() | IDS, VERSIONS, st.sampled_from(Kind))
def test_no_name_of_an_own_build_is_one_of_upstreams(
    board: str, variant: str | None, version: str, kind: Kind
) -> None:
    with contextlib.suppress(UnrecognisedNameError):
        name = LocalName.of(board, variant, version, kind)

        assert is_local(str(name))
        assert parse_held(str(name)) == name
        with pytest.raises(UnrecognisedNameError, match="characters other than"):
            ArtifactName.parse(str(name))


@given(name_texts)
def test_no_name_of_upstream_is_one_of_an_own_build(name: str) -> None:
    assert not is_local(name)
    assert parse_held(name) == ArtifactName.parse(name)


@given(st.text() | st.text("local+AB.-/ufzip2\n"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnrecognisedNameError):
        assert str(LocalName.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "local+A/B+v1.uf2",
        "local++v1.uf2",
        "local+A+v1",
        "local+A+../v1.uf2",
        "local+A+v1.exe",
        "local+A+v1.uf2\n",
        "local+A+B+C+v1.uf2",
        "LOCAL+A+v1.uf2",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UnrecognisedNameError):
        LocalName.parse(text)
