"""What parent and child say to each other, and in which form.

A request is a head of eight bytes, a document, and the foreign bytes; an answer is a head of
six bytes and a document.  Documents are JSON.  Every length comes first and is bounded, and
what comes back is as foreign as what went in: the parent checks it like a page.
"""

from __future__ import annotations

import struct
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from mirror.formats.verdict import Claim
from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer's document; the largest real page gives 150 kB."""

OUT_OF_MEMORY = 86
"""Exit status of a child that met its limit of memory."""

REQUEST_HEAD = struct.Struct(">IQ")
ANSWER_HEAD = struct.Struct(">BBI")


class Question(StrEnum):
    """What is asked of the child."""

    INDEX_PAGE = "index-page"
    BOARD_PAGE = "board-page"
    EMPTY_BOARD_PAGE = "empty-board-page"
    IMAGE = "image"
    PEER_ROOT = "peer-root"
    PEER_CONTENT = "peer-content"
    PEER_BOARD = "peer-board"
    OFFERED_BOARD = "offered-board"
    PACKAGE_INDEX = "package-index"
    PACKAGE = "package"
    PHOTOGRAPH = "photograph"
    MANIFEST = "manifest"
    SUBTREE = "subtree"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question; the child ends itself, if nobody else does, a little after its limits.

    Those are ``seconds`` of processor time, and ``patience`` seconds by the clock.  ``board`` is
    that of the document, or the channel of a root.
    """

    question: Question
    seconds: int
    patience: int = 60
    url: str = ""
    board: str = ""
    claim: Claim | None = None


class Status(IntEnum):
    """How a question ended, in the first byte of the answer."""

    READY = 1
    ANSWER = 2
    REFUSAL = 3
    FAILURE = 4


@dataclass(frozen=True, slots=True)
class Refusal:
    """The name of the error that the child raised, and its text."""

    error: str
    text: str


REQUEST = Shape(Request)
REFUSAL = Shape(Refusal)


def request_head(request: Request, size: int) -> bytes:
    """Return the head and the document of *request*, which *size* foreign bytes follow."""
    document = REQUEST.dump_json(request)
    return REQUEST_HEAD.pack(len(document), size) + document


def read_request(stream: BinaryIO) -> tuple[Request, bytes] | None:
    """Read the next request and its bytes; None when the parent has closed the pipe."""
    head = stream.read(REQUEST_HEAD.size)
    if len(head) < REQUEST_HEAD.size:
        return None
    length, size = REQUEST_HEAD.unpack(head)
    document, body = stream.read(length), stream.read(size)
    if len(document) < length or len(body) < size:
        return None
    return REQUEST.validate_json(document), body


def answer_frame(status: Status, document: bytes, *, last: bool) -> bytes:
    """Return a whole answer; *last* says that the child ends after it."""
    return ANSWER_HEAD.pack(status, last, len(document)) + document
