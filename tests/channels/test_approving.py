"""Where two must approve, two different ones do, each over the same root, and proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.channels.approving import Rule, statement_of
from mirror.channels.orders import Order
from mirror.errors import ConfigurationError, PublicationNotFoundError, SignatureRefusedError
from mirror.publication.documents import decode_publication
from mirror.publication.statements import Statement, Type
from mirror.storage.tokens import Scope
from tests.channels.scene import LAB, WHY, Lab, lab_at, new_key
from tests.upkeep.pruning import NEW, OLD

if TYPE_CHECKING:
    from pathlib import Path

TWO = {LAB: Rule(approvals=2)}


async def two_publications(lab: Lab) -> None:
    """Publish twice, and let two approve."""
    lab.rules = dict(TWO)
    await lab.scene.take(NEW, OLD)
    await lab.scene.publish(OLD)
    await lab.scene.publish(NEW)


async def test_one_approval_of_two_moves_nothing(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        promoted = await lab.promote(1, token=lab.give_token("anna"))

        assert (promoted.done, promoted.approved, promoted.needed) == (False, ("token anna",), 2)
        assert await lab.shown() is None
        assert [(one.what, one.by) for one in await lab.decisions()] == [("approve", "token anna")]


async def test_two_different_tokens_move_it(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        first = await lab.promote(1, token=lab.give_token("anna"))
        second = await lab.promote(1, token=lab.give_token("ben"), by="anna")
        lines = [(one.what, one.by, one.digest) for one in await lab.decisions()]

        assert (second.done, second.root, await lab.names()) == (True, first.root, {OLD})
        assert lines == [
            ("approve", "token anna", first.root),
            ("approve", "token ben, who says: anna", first.root),
            ("promote", "token anna, token ben", first.root),
        ]
        assert await lab.scene.store.proposals.all() == {}


async def test_the_same_one_does_not_count_twice_whatever_he_says(tmp_path: Path) -> None:
    """Neither by another --by nor by another login; over TCP it is the same token too."""
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        text = lab.give_token("anna")
        await lab.promote(1, token=text)
        with pytest.raises(
            ConfigurationError, match="token anna has approved this already: 1 more"
        ):
            await lab.promote(1, token=text, by="Ben", login="ben")
        order = Order(channel=LAB, source="1", why=WHY, by="Ben")
        with pytest.raises(ConfigurationError, match="token anna has approved"):
            await lab.promoter.promote(order, "token anna")

        assert await lab.shown() is None


async def test_who_proves_nothing_approves_nothing(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        lab.give_token("reader", Scope.READ)
        with pytest.raises(ConfigurationError, match="moved by 2 people who prove who they are"):
            await lab.promote(1, by="Anna")
        for text in ("", "mpmirror_wrong", lab.typed["reader"]):
            with pytest.raises(ConfigurationError, match="no token with the scope promote"):
                await lab.promote(1, token=text)

        assert (await lab.shown(), await lab.decisions()) == (None, [])


async def test_two_keys_over_the_same_root_move_it(tmp_path: Path) -> None:
    """Their signatures lie beside the root from then on, behind the node's own place."""
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        anna, ben = new_key(), new_key()
        lab.rules = {LAB: Rule(2, (anna.public, ben.public))}
        first = await lab.sign(1, anna)
        second = await lab.sign(1, ben)
        signatures = await lab.scene.store.signatures.of(second.root)

        assert (first.done, second.done, first.root) == (False, True, second.root)
        assert set(signatures) == {anna.key_id, ben.key_id}


async def test_a_key_and_a_token_are_two_and_one_key_is_one(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        anna = new_key()
        lab.rules = {LAB: Rule(2, (anna.public,))}
        await lab.sign(1, anna)
        with pytest.raises(ConfigurationError, match="has approved this already"):
            await lab.sign(1, anna)
        promoted = await lab.promote(1, token=lab.give_token("ben"))

        assert promoted.approved == (f"key {anna.key_id}", "token ben")


async def test_a_signature_counts_for_nothing_but_its_own_root_type_and_key(
    tmp_path: Path,
) -> None:
    """Another key, another root of the channel, or a signature given for something else."""
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        anna, other = new_key(), new_key()
        lab.rules = {LAB: Rule(2, (anna.public,))}
        one, two = [await lab.promote(source, propose=True) for source in (1, 2)]
        document = one.document.encode()
        said = statement_of(decode_publication(document))
        wrong = Statement(Type.PUBLICATION, said.origin, said.sequence, said.channel)
        later = Statement(Type.APPROVAL, said.origin, said.sequence + 1, said.channel)
        texts = [
            (one, other.sign(document, said).text),
            (two, anna.sign(document, said).text),
            (one, anna.sign(document, wrong).text),
            (one, anna.sign(document, later).text),
            (one, "nothing"),
        ]
        for proposed, text in texts:
            source = 1 if proposed is one else 2
            with pytest.raises(SignatureRefusedError):
                await lab.promote(source, root=proposed.root, signature=text)

        assert (await lab.shown(), await lab.decisions()) == (None, [])


async def test_different_publications_wait_beside_each_other(tmp_path: Path) -> None:
    """Anna is for the first and Ben for the second: neither has two."""
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        await lab.promote(1, token=lab.give_token("anna"))
        other = await lab.promote(2, token=lab.give_token("ben"))
        done = await lab.promote(2, token=lab.typed["anna"])

        assert (other.done, done.done, await lab.names()) == (False, True, {NEW})


async def test_what_waited_for_another_past_does_not_come_true(tmp_path: Path) -> None:
    """Anna approved the first when the channel was elsewhere: she has to look again."""
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        anna, ben = lab.give_token("anna"), lab.give_token("ben")
        first = await lab.promote(1, token=anna)
        await lab.promote(2, token=anna)
        await lab.promote(2, token=ben)
        with pytest.raises(PublicationNotFoundError, match="nothing with the root"):
            await lab.promote(1, token=ben, root=first.root)
        again = await lab.promote(1, token=ben)

        assert (again.done, again.approved, await lab.names()) == (False, ("token ben",), {NEW})


async def test_what_is_let_go_while_it_waits_is_not_shown(tmp_path: Path) -> None:
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        await lab.promote(1, token=lab.give_token("anna"))
        await lab.recall(OLD)
        promoted = await lab.promote(1, token=lab.give_token("ben"))

        assert (promoted.done, promoted.approved) == (False, ("token ben",))
        assert promoted.without == (OLD,)


async def test_a_channel_with_one_approval_takes_the_account(tmp_path: Path) -> None:
    """And the token's name, where one was given."""
    async with lab_at(tmp_path) as lab:
        await two_publications(lab)
        lab.rules = {}
        await lab.promote(1)
        await lab.promote(2, token=lab.give_token("ben"))

        assert [one.by for one in await lab.decisions()] == ["anna", "token ben"]
