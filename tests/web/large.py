"""Twenty thousand made-up artifacts of 225 boards, as documents."""

from __future__ import annotations

import hashlib
from functools import cache

from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.publication.documents import encode
from mirror.publication.tree import HeldArtifact, render_board
from tests.publication.examples import SOURCE, VERDICT, facts

BOARDS = 225
FILES = 90


@cache
def large_documents() -> tuple[bytes, ...]:
    """Return the encoded documents of all boards."""
    return tuple(_document(number) for number in range(BOARDS))


def _document(number: int) -> bytes:
    board = f"BOARD_{number:03}"
    held = [
        _held(f"{board}-V{place % 10}-20260406-v1.{place // 10}.0.bin") for place in range(FILES)
    ]
    return encode(render_board(facts(board), held, {}))


def _held(name: str) -> HeldArtifact:
    md5 = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    digest = Digest.of(name.encode())
    return HeldArtifact(ArtifactName.parse(name), SOURCE + name, digest, 1_749_504, md5, VERDICT)
