"""Limits are checked when made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mirror.errors import ConfigurationError
from mirror.upstream.politeness import Politeness, user_agent


def test_the_defaults_are_those_of_the_design() -> None:
    limits = Politeness()

    assert (limits.connections, limits.requests_per_second) == (4, 2.0)
    assert limits.retry_after_cap == timedelta(hours=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Politeness(connections=0), "connections must be at least 1, not 0"),
        (lambda: Politeness(attempts=0), "attempts must be at least 1, not 0"),
        (lambda: Politeness(page_bytes=0), "page_bytes must be at least 1, not 0"),
        (lambda: Politeness(file_bytes=-1), "file_bytes must be at least 1, not -1"),
        (lambda: Politeness(read_seconds=0), "read_seconds must be finite and more than 0, not 0"),
        (lambda: Politeness(file_seconds=float("inf")), "file_seconds must be finite"),
        (lambda: Politeness(requests_per_second=-1), "requests_per_second must be finite and not"),
        (lambda: Politeness(requests_per_second=float("nan")), "requests_per_second must be"),
        (lambda: Politeness(retry_after_cap=timedelta(-1)), "retry_after_cap must be not negative"),
    ],
)
def test_a_limit_that_forbids_all_work_is_refused(make: type[Politeness], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_the_mirror_says_who_it_is_and_where_to_complain() -> None:
    line = user_agent("1.2.3", "https://mirror.example.org/contact")

    assert line == "mpmirror/1.2.3 (+https://mirror.example.org/contact)"


def test_without_a_contact_it_says_who_it_is() -> None:
    assert user_agent("1.2.3", "") == "mpmirror/1.2.3"


@pytest.mark.parametrize("contact", ["a\r\nX-Evil: 1", "a) Mozilla (b", "я@example.org", "a\\b"])
def test_a_contact_that_could_not_stand_in_a_header_is_refused(contact: str) -> None:
    with pytest.raises(ConfigurationError, match="the contact must be printable ASCII"):
        user_agent("1.2.3", contact)
