"""A channel shows what somebody says, forward only, and only what is held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.channels.orders import (
    Order,
    Source,
    decode_order,
    decode_promoted,
    encode_order,
    encode_promoted,
)
from mirror.errors import ConfigurationError, GoneError, MirrorError, PublicationNotFoundError
from mirror.storage.channels import earlier
from tests.channels.scene import LAB, WHY, lab_at
from tests.upkeep.pruning import ESP, NEW, OLD, digest_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_channel_shows_what_was_promoted_and_current_goes_on(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        promoted = await lab.promote(1)
        await lab.scene.publish(NEW, OLD)

        assert (promoted.done, promoted.sequence) == (True, 1)
        assert promoted.text == "lab-stable shows publication 1 now, as its 1"
        assert (await lab.names(), await lab.names("current")) == ({OLD}, {NEW, OLD})


async def test_its_content_is_the_very_one_that_was_published(tmp_path: Path) -> None:
    """So its maker's signature, and every board, counts there too."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW)
        await lab.scene.publish(NEW)
        await lab.promote(1)
        shown = await lab.shown()

        assert shown is not None
        assert shown.root.content == (await lab.scene.root(1)).content
        assert (shown.root.channel, shown.root.lineage) == (LAB, lab.scene.store.node.lineage)


async def test_back_to_an_older_publication_is_forward_in_the_channel(tmp_path: Path) -> None:
    """Three roots, each above and behind the one before."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW, OLD)
        sequences = [(await lab.promote(source)).sequence for source in (1, 2, 1)]
        shown = await lab.shown()
        assert shown is not None
        before = [root.sequence async for _, root in earlier(lab.scene.store.blobs, shown.root)]

        assert (sequences, before, await lab.names()) == ([1, 2, 3], [2, 1], {OLD})


async def test_what_another_channel_shows_or_showed_can_be_promoted(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW)
        await lab.promote(1, "lab-test")
        await lab.promote(2, "lab-test")
        await lab.promote("lab-test")
        newest = await lab.names()
        await lab.promote("lab-test/1")

        assert (newest, await lab.names()) == ({NEW}, {OLD})


@pytest.mark.parametrize("source", [7, "lab-test", "lab-test/1", "lab-stable/9"])
async def test_what_never_was_is_not_promoted(tmp_path: Path, source: object) -> None:
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW)
        await lab.scene.publish(NEW)
        await lab.promote(1)
        with pytest.raises(PublicationNotFoundError):
            await lab.promote(source)

        assert await lab.names() == {NEW}


async def test_what_is_no_longer_whole_is_not_promoted(tmp_path: Path) -> None:
    """P1: it says which file went, and what would have kept it; nothing has moved."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, OLD)
        await lab.scene.publish(OLD)
        await lab.scene.publish(NEW)
        await lab.promote(2)
        await lab.scene.store.blobs.removals.remove([digest_of(OLD)])
        with pytest.raises(GoneError, match=rf"it names {OLD}, whose bytes are held no longer"):
            await lab.promote(1)

        assert await lab.names() == {NEW}
        assert [one.what for one in await lab.decisions()] == ["promote"]


async def test_the_ledger_says_who_promoted_what_and_why(tmp_path: Path) -> None:
    """What somebody says of himself stands beside the account, and never in its place."""
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW)
        await lab.scene.publish(NEW)
        promoted = await lab.promote(1, by="Anna Weber")
        [line] = await lab.decisions()

        assert (line.what, line.subject, line.digest) == ("promote", LAB, promoted.root)
        assert (line.by, line.why) == ("anna, who says: Anna Weber", WHY)
        assert line.about == "publication 1, as lab-stable 1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channel": "current", "source": "1", "why": "w"}, "moves by itself"),
        ({"channel": "lab", "source": "1", "why": " "}, "--why needs a reason"),
        ({"channel": "lab", "source": "1", "why": "w" * 1001}, "--why takes 1000 letters"),
        ({"channel": "lab", "source": "1/2", "why": "w"}, "a publication .42., a channel"),
        ({"channel": "lab", "source": "", "why": "w"}, "a publication .42., a channel"),
        ({"channel": "42", "source": "1", "why": "w"}, "42 is a number"),
    ],
)
def test_what_can_not_be_meant_is_refused(fields: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Order(**fields).refuse_nonsense()  # type: ignore[arg-type]


@given(st.text(max_size=30) | st.from_regex(r"[a-z0-9-]{1,5}(/[0-9]{1,3})?", fullmatch=True))
def test_any_source_is_read_as_it_is_written_or_refused(text: str) -> None:
    """``current`` is a name too, and a number is a publication of it."""
    try:
        source = Source.parse(text)
    except ConfigurationError:
        return

    assert Source.parse(str(source)) == source
    assert str(source) in {text, text.removeprefix("current/")}


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_order_is_read_or_refused(body: bytes) -> None:
    """Whoever can reach the socket may send anything."""
    for decode in (decode_order, decode_promoted):
        try:
            decode(body)
        except MirrorError:
            continue


async def test_orders_and_answers_come_back_as_they_were(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await lab.scene.take(NEW, ESP)
        await lab.scene.publish(NEW, ESP)
        order = Order(channel=LAB, source="1", why=WHY, root=digest_of(NEW), signature="…")
        promoted = await lab.promote(1)

        assert decode_order(encode_order(order)) == order
        assert decode_promoted(encode_promoted(promoted)) == promoted
