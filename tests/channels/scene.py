"""A store with made-up publications, and people who promote them."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirror.channels.approving import Approvers, Rule, statement_of
from mirror.channels.moving import Mover
from mirror.channels.orders import Order, Promoted
from mirror.channels.promoting import Promoter
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.publication.documents import decode_board, decode_publication
from mirror.publication.feeds import all_files
from mirror.storage.channels import Published, find_published
from mirror.storage.entries import Decision
from mirror.storage.judgements import What
from mirror.storage.tokens import Scope, Token, make_token
from mirror.transfer.keys.secret import SecretKey
from tests.upkeep.pruning import NOON, Scene, digest_of, scene_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LAB = "lab-stable"
WHY = "the exam is over"


@dataclass
class Lab:
    """A scene, its tokens (as kept, and as typed by name), and the rules of its channels."""

    scene: Scene
    tokens: list[Token] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)

    @property
    def promoter(self) -> Promoter:
        """Who promotes by the rules."""
        return Promoter(
            mover=Mover(store=self.scene.store, clock=lambda: self.scene.now),
            approvers=Approvers(lambda: tuple(self.tokens)),
            rules=self.rules,
        )

    def give_token(self, name: str, scope: Scope = Scope.PROMOTE) -> str:
        """Give *name* a token."""
        token, text = make_token(name, [scope], NOON)
        self.tokens.append(token)
        self.typed[name] = text
        return text

    async def promote(self, source: object, channel: str = LAB, **more: object) -> Promoted:
        """Promote, as somebody on this machine unless *more* says otherwise."""
        fields = {"channel": channel, "source": str(source), "why": WHY, "login": "anna", **more}
        return await self.promoter.promote(Order(**fields))  # type: ignore[arg-type]

    async def sign(self, source: object, key: SecretKey, channel: str = LAB) -> Promoted:
        """Promote with the signature of *key*."""
        proposed = await self.promote(source, channel, propose=True)
        root = decode_publication(proposed.document.encode())
        signature = key.sign(proposed.document.encode(), statement_of(root)).text
        return await self.promote(source, channel, root=proposed.root, signature=signature)

    async def shown(self, channel: str = LAB) -> Published | None:
        """Return what *channel* shows."""
        return await find_published(self.scene.store, channel)

    async def names(self, channel: str = LAB) -> set[str]:
        """Return the files that *channel* names, each of which must be held."""
        shown = await self.shown(channel)
        assert shown is not None
        store, names = self.scene.store, set()
        for document in shown.content.boards.values():
            board = decode_board(await store.blobs.read(document, max_bytes=1 << 26))
            for file in all_files(board):
                assert await store.blobs.has(file.digest)
                names.add(file.name)
        return names

    async def decisions(self) -> list[Decision]:
        """Return what the ledger says that somebody decided."""
        entries = [one.entry async for one in self.scene.store.ledger.entries()]
        return [entry for entry in entries if isinstance(entry, Decision)]

    async def recall(self, name: str, what: What = What.RECALL) -> None:
        """Recall the bytes of *name*, or lift that."""
        judge = Judge(
            store=self.scene.store,
            upstream="https://micropython.org",
            clock=lambda: self.scene.now,
        )
        await judge.apply(Request(what, str(digest_of(name)), WHY, "anna"))


def new_key() -> SecretKey:
    """Return the key of somebody."""
    return SecretKey.make(os.urandom)


@asynccontextmanager
async def lab_at(folder: Path) -> AsyncIterator[Lab]:
    """Open all of it in *folder*."""
    async with scene_at(folder) as scene:
        yield Lab(scene)
