"""Where two must recall, two different ones do, each proven, and about the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.channels.approving import Approvers
from mirror.errors import ConfigurationError
from mirror.judgement.approving import approved, who_asks
from mirror.judgement.requests import Request, Ruling
from mirror.storage.judgements import What
from tests.channels.scene import Lab, lab_at
from tests.upkeep.pruning import NEW, OLD, digest_of

if TYPE_CHECKING:
    from pathlib import Path


async def say(
    lab: Lab, name: str, who: str | None, what: What = What.RECALL, needed: int = 2
) -> Request | Ruling:
    """Have *who* ask to recall the bytes of *name*."""
    request = Request(what, str(digest_of(name)), "it bricks boards", "root")
    return await approved(lab.scene.store, request, who, needed, lab.scene.now)


async def test_the_second_one_does_it_in_the_name_of_both(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        first = await say(lab, NEW, "token anna")
        second = await say(lab, NEW, "token ben")

        assert isinstance(first, Ruling)
        assert (first.done, first.text.endswith("by token anna: 1 of 2; nothing has changed")) == (
            False,
            True,
        )
        assert isinstance(second, Request)
        assert second.by == "token anna, token ben"
        assert [(one.what, one.by) for one in await lab.decisions()] == [
            ("approve-recall", "token anna"),
            ("approve-recall", "token ben"),
        ]


async def test_nobody_counts_twice_or_unproven_or_for_something_else(tmp_path: Path) -> None:
    """Other bytes, or the lifting of it, are another matter."""
    async with lab_at(tmp_path) as lab:
        await say(lab, NEW, "token anna")
        with pytest.raises(ConfigurationError, match="token anna has approved this already"):
            await say(lab, NEW, "token anna")
        with pytest.raises(ConfigurationError, match="recall takes 2 people who prove"):
            await say(lab, NEW, None)
        others = [
            await say(lab, OLD, "token ben"),
            await say(lab, NEW, "token ben", What.RECALL_UNDO),
        ]

        assert all(isinstance(one, Ruling) for one in others)


async def test_what_was_decided_meanwhile_ends_the_count(tmp_path: Path) -> None:
    """Lifting it takes two again, and so does the next recall."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW)
        await lab.scene.publish(NEW)
        await say(lab, NEW, "token anna")
        await lab.recall(NEW)
        again = await say(lab, NEW, "token anna")

        assert isinstance(again, Ruling)


async def test_where_one_is_enough_nobody_has_to_prove_anything(tmp_path: Path) -> None:
    """Nor for what no rule counts."""
    async with lab_at(tmp_path) as lab:
        one = await say(lab, NEW, None, needed=1)
        hide = await say(lab, NEW, None, What.HIDE)

        assert isinstance(one, Request)
        assert isinstance(hide, Request)
        assert await lab.decisions() == []


async def test_who_it_is_comes_from_the_token_and_never_from_the_words(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        text = lab.give_token("anna")
        approvers = Approvers(lambda: tuple(lab.tokens))
        given = Request(What.RECALL, "x", "why", "token ben", token=text)
        bare = Request(What.RECALL, "x", "why", "token ben")

        assert await who_asks(given, None, approvers) == "token anna"
        assert await who_asks(bare, None, approvers) is None
        assert await who_asks(given, "token carl", approvers) == "token carl"
