"""Documents of other mirrors are read in the limited child, like pages."""

from __future__ import annotations

import pytest

from mirror.errors import DocumentRefusedError, RefusedError
from mirror.publication.documents import encode
from mirror.publication.foreign import read_peer_board, read_peer_content, read_peer_root
from mirror.sandbox import Sandbox
from tests.publication.test_foreign import BOARD, CONTENT, DOCUMENT, ROOT, URL

pytestmark = pytest.mark.programs


async def test_an_answer_is_that_of_the_reader() -> None:
    root, content = encode(ROOT), encode(CONTENT)
    async with Sandbox(processes=1) as sandbox:
        assert await sandbox.read_peer_root(root, URL) == read_peer_root(root, URL)
        assert await sandbox.read_peer_content(content, URL) == read_peer_content(content, URL)
        board = await sandbox.read_peer_board(DOCUMENT, URL, BOARD)
        assert board == read_peer_board(DOCUMENT, URL, BOARD)


async def test_a_refusal_is_that_of_the_reader() -> None:
    """In its own words, and the child goes on."""
    async with Sandbox(processes=1) as sandbox:
        with pytest.raises(DocumentRefusedError, match="is about 'ESP32_GENERIC', not RPI_PICO"):
            await sandbox.read_peer_board(DOCUMENT, URL, "RPI_PICO")
        [pid] = sandbox.pids
        await sandbox.read_peer_root(encode(ROOT), URL)

        assert sandbox.pids == (pid,)


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 4_000_000,
        b'{"a":' * 700_000,
        b'{"boards":{' + b",".join(b'"%d":0' % number for number in range(60_000)) + b"}}",
        b"9" * 4_000_000,
        b'"' + b"\\u0000" * 600_000 + b'"',
    ],
    ids=["lists", "objects", "boards", "digits", "escapes"],
)
async def test_a_bomb_is_refused_and_the_next_document_is_read(bomb: bytes) -> None:
    """The largest that are fetched at all."""
    async with Sandbox(processes=1) as sandbox:
        with pytest.raises(RefusedError):
            await sandbox.read_peer_content(bomb, URL)

        assert (await sandbox.read_peer_root(encode(ROOT), URL)).sequence == ROOT.sequence
