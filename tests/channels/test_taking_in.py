"""A bundle comes from a channel, and goes to one; ``current`` stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.channels.approving import Approvers, Rule
from mirror.channels.content import find_source
from mirror.channels.moving import Mover
from mirror.channels.orders import Order, Source
from mirror.channels.promoting import Promoter
from mirror.channels.taking_in import ChannelPublisher, refuse_approvals
from mirror.errors import ConfigurationError
from mirror.publication.statements import Statement, Type
from mirror.storage.channels import find_published
from mirror.transfer.keys import Signature, verify_statement
from tests.sync.mirrors import content_of
from tests.transfer.bundles.gap import exported, imported, receiver_at, sender_at, site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode


def mover_of(node: TestNode) -> Mover:
    """Return what moves the channels of *node*."""
    return Mover(store=node.store, clock=lambda: node.now)


async def promote(node: TestNode, channel: str, source: str) -> None:
    """Promote on *node*."""
    promoter = Promoter(mover=mover_of(node), approvers=Approvers(tuple))
    await promoter.promote(Order(channel=channel, source=source, why="tried", login="anna"))


async def test_what_is_imported_to_a_channel_is_shown_there_alone(tmp_path: Path) -> None:
    """With its content, and its maker's signature, as they came; then it is promoted on."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "here", url) as here,
        receiver_at(tmp_path / "there") as there,
    ):
        await here.sync()
        publisher = ChannelPublisher(mover_of(there), there.url, "lab-test", "ben")
        done = await imported(there, tmp_path / "there", await exported(here), publisher=publisher)
        shown = await find_published(there.store, "lab-test")
        await promote(there, "lab-stable", "lab-test")
        stable = await find_published(there.store, "lab-stable")

        assert done.committed is not None
        assert (done.committed.sequence, await there.store.publications.current()) == (1, None)
        assert shown is not None
        assert stable is not None
        assert shown.root.content == stable.root.content == (await here.root()).content
        assert key(7).key_id in await there.store.signatures.of(shown.root.content)
        said = Statement(Type.PUBLICATION, there.store.node.lineage, 1, "lab-test")
        signature = Signature.parse((await there.store.signatures.of(shown.digest))[key(8).key_id])
        document = await there.read(shown.digest)
        found = verify_statement(document, signature, [key(8).public], Type.PUBLICATION)
        assert found == said


async def test_a_second_import_to_a_channel_is_its_next_publication(tmp_path: Path) -> None:
    """The same again is none."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "here", url) as here,
        receiver_at(tmp_path / "there") as there,
    ):
        sequences = []
        for version in (None, "v1.29.0", None):
            if version:
                replica.release("RPI_PICO", version, date="2026-09-01")
            here.sleep(hours=7)
            await here.sync()
            publisher = ChannelPublisher(mover_of(there), there.url, "lab-test", "ben")
            bundle = await exported(here)
            done = await imported(there, tmp_path / "there", bundle, publisher=publisher)
            assert done.committed is not None
            sequences.append(done.committed.sequence)

        assert sequences == [1, 2, None]


async def test_a_bundle_of_a_channel_brings_what_that_shows(tmp_path: Path) -> None:
    """Counted by the channel's sequence, and known there as of that channel."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "here", url) as here,
        receiver_at(tmp_path / "there") as there,
    ):
        await here.sync()
        await promote(here, "lab-stable", "1")
        replica.release("RPI_PICO", "v1.29.0", date="2026-09-01")
        here.sleep(hours=7)
        await here.sync()
        bundle = await exported(here, channel="lab-stable")
        done = await imported(there, tmp_path / "there", bundle)
        first = await find_source(here.store, Source("current", 1))

        assert (done.manifest.channel, done.manifest.sequence) == ("lab-stable", 1)
        assert (await there.root()).content == first.root.content
        assert await content_of(there) != await content_of(here)


def test_nothing_is_imported_to_a_channel_that_two_people_move() -> None:
    """It would be a way around them."""
    rules = {"lab-stable": Rule(approvals=2), "lab-test": Rule()}
    refuse_approvals("lab-test", rules)
    with pytest.raises(ConfigurationError, match="lab-stable is moved by 2 people: import without"):
        refuse_approvals("lab-stable", rules)
