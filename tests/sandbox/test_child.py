"""Whatever a reader trips over, the child has a word for it."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.formats.verdict import Claim
from mirror.sandbox.child import answer, serve
from mirror.sandbox.frames import (
    ANSWER_HEAD,
    REFUSAL,
    Question,
    Request,
    Status,
    read_request,
    request_head,
)
from tests.sandbox.bodies import URL, page


def request_of(question: Question) -> Request:
    """Return a request about NICE_BOARD."""
    return Request(
        question=question, seconds=1, url=URL, board="NICE_BOARD", claim=Claim(kind="uf2")
    )


def served(requests: bytes, memory: int = 1 << 40) -> list[tuple[int, bool]]:
    """Return status and last-flag of each answer to *requests*."""
    reading, writing = os.pipe()
    with open(reading, "rb") as answers:  # noqa: PTH123 - a descriptor, not a path
        serve(io.BytesIO(requests), writing, memory)
        os.close(writing)
        heads = iter(lambda: answers.read(ANSWER_HEAD.size), b"")
        found = []
        for status, last, length in map(ANSWER_HEAD.unpack, heads):
            answers.read(length)
            found.append((status, bool(last)))
    return found


@settings(max_examples=40)
@given(st.sampled_from(Question), st.binary(max_size=400))
def test_any_bytes_are_answered_or_refused(question: Question, body: bytes) -> None:
    """Never a failure: the readers know all that can go wrong."""
    status, document = answer(request_of(question), body)

    assert status in {Status.ANSWER, Status.REFUSAL}
    assert document.startswith(b"{")


def test_a_refusal_names_its_error() -> None:
    status, document = answer(request_of(Question.BOARD_PAGE), page()[:-1])

    assert status == Status.REFUSAL
    assert REFUSAL.validate_json(document).error == "PageRefusedError"


def test_a_readers_own_fault_is_a_failure_by_name() -> None:
    """A URL that no parent would send makes the reader stumble."""
    request = Request(question=Question.BOARD_PAGE, seconds=1, url="https://[", board="NICE_BOARD")
    status, document = answer(request, page())

    assert status == Status.FAILURE
    assert REFUSAL.validate_json(document).error == "ValueError"


@pytest.mark.parametrize("left", [1, 3, 20, 300])
def test_a_request_that_breaks_off_ends_the_child(left: int) -> None:
    """The parent has gone, or has given up: there is nobody to answer."""
    whole = request_head(request_of(Question.BOARD_PAGE), len(page())) + page()

    assert read_request(io.BytesIO(whole[:-left])) is None
    assert served(whole[:-left]) == []


def request_bytes(question: Question, body: bytes) -> bytes:
    """Return a whole request."""
    return request_head(request_of(question), len(body)) + body


def test_questions_are_answered_one_after_another() -> None:
    asked = request_bytes(Question.BOARD_PAGE, page()) + request_bytes(Question.INDEX_PAGE, page())

    assert served(asked) == [(Status.ANSWER, False), (Status.REFUSAL, False)]


def test_a_child_that_used_much_memory_says_that_it_ends() -> None:
    """So that its parent asks nobody who is about to leave."""
    asked = request_bytes(Question.BOARD_PAGE, page()) * 2

    assert served(asked, memory=1) == [(Status.ANSWER, True)]


def test_a_request_is_read_as_it_was_written() -> None:
    request = request_of(Question.IMAGE)

    assert read_request(io.BytesIO(request_head(request, 3) + b"abcd")) == (request, b"abc")
