"""An alarm's id follows from its facts alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.publication.alarms import advice, alarm_id

TEXTS = st.text(max_size=20).filter(lambda text: "\0" not in text)


@given(st.lists(TEXTS, min_size=2, max_size=4), st.lists(TEXTS, min_size=2, max_size=4))
def test_other_facts_have_another_id(one: list[str], other: list[str]) -> None:
    assert (alarm_id(*one) == alarm_id(*other)) == (one == other)


@given(st.lists(st.text(max_size=20), min_size=2, max_size=4))
def test_an_id_is_short_and_plain_whatever_the_facts_are(facts: list[str]) -> None:
    assert re.fullmatch("[0-9a-f]{10}", alarm_id(*facts))


def test_an_id_stays_from_version_to_version() -> None:
    """Acknowledgements in the ledger refer to it."""
    assert alarm_id("refused", "a.uf2", "sha256:00") == "b58d79d5f8"


@pytest.mark.parametrize(
    "alarm", ["bytes-changed", "refused", "missing", "page", "damaged", "check", "anything"]
)
def test_every_alarm_can_be_acknowledged(alarm: str) -> None:
    """What upstream calls its files is never read as a form of ours."""
    assert "mpmirror acknowledge 0123456789 --why" in advice(
        alarm, "0123456789", name="{id}{0}", later="sha256:00"
    )
