"""The limited process in which foreign bytes are parsed.

It reads requests from its standard input and answers on its standard output, one at a time,
and does nothing else.  Before the first foreign byte it loads everything it will need and
then gives up, for ever: memory beyond its limit, writing to files, new processes, and new
file descriptors, so that it can open neither file nor socket.  A child of root becomes
nobody.  Its environment is empty and its priority low.  It ends when its input does, and by
timers when a question takes more, by its own processor time or by the clock, than its parent
would grant; so it never outlives its parent by much.

What this does not keep out: code that took over the parser could still signal processes of
the same user.  It has no keys and no secrets to give away.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.catalog.model import BoardPage, IndexPage
from mirror.catalog.package_documents import (
    PackageContent,
    PackageIndex,
    read_package,
    read_package_index,
)
from mirror.catalog.pages import read_board_page, read_empty_board_page, read_index_page
from mirror.errors import MirrorError, RefusedError
from mirror.formats.verdict import Claim, Verdict
from mirror.formats.verify import verify
from mirror.publication.bundle import MANIFEST, read_manifest
from mirror.publication.foreign import (
    PEER_CONTENT,
    PEER_ROOT,
    read_peer_board,
    read_peer_content,
    read_peer_root,
)
from mirror.publication.foreign_subtrees import read_subtree
from mirror.publication.offered import OFFERED_BOARD, read_offered_board
from mirror.publication.subtrees import NAMED
from mirror.sandbox.drawn import DRAWN, MEASURED
from mirror.sandbox.frames import (
    OUT_OF_MEMORY,
    REFUSAL,
    Question,
    Refusal,
    Request,
    Status,
    answer_frame,
    read_request,
)
from mirror.shapes import Shape

if TYPE_CHECKING:
    from typing import BinaryIO

_INDEX_PAGE = Shape(IndexPage)
_BOARD_PAGE = Shape(BoardPage)
_VERDICT = Shape(Verdict)
_PACKAGE_INDEX = Shape(PackageIndex)
_PACKAGE = Shape(PackageContent)
_ANSWERED = (
    *(_INDEX_PAGE, _BOARD_PAGE, _VERDICT, _PACKAGE_INDEX, _PACKAGE, REFUSAL, MANIFEST, NAMED),
    *(PEER_ROOT, PEER_CONTENT, OFFERED_BOARD, DRAWN, MEASURED),
)

# Codecs are loaded when first named, which is too late once no file can be opened:
# zip directories are cp437, DfuSe names and USB strings UTF-16; RFC 8785 sorts by UTF-16BE.
_CODECS = ("ascii", "cp437", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16be")
_LOW_PRIORITY = 10
_CAP_KILL = 5
_NOBODY = 65534
_STANDARD_STREAMS = 3
_ANSWERS = 1
_MAX_TEXT = 2000
_SLACK_SECONDS = 5
_PICTURES = {Question.PHOTOGRAPH, Question.PICTURE}
# The tree of a real page takes 19 times its bytes (measured), an image less than 5: twice
# the worse of both.
_IN_MEMORY = 40


def main(nicer: int = _LOW_PRIORITY) -> None:
    """Serve until the input ends; the first argument is the limit of memory in bytes.

    The process is made *nicer* than its parent by so much.
    """
    memory = int(sys.argv[1])
    warm_up()
    # What is loaded stays: looking for rubbish in it after every answer took 11 ms.
    gc.freeze()
    gc.enable()
    confine(memory, nicer)
    _say(_ANSWERS, answer_frame(Status.READY, b"{}", last=False))
    try:
        serve(sys.stdin.buffer, _ANSWERS, memory)
    except (MemoryError, SystemError):
        # The second is what the interpreter now and then ends with where C code gets no memory.
        # No word and no clean-up: both would need memory.
        os._exit(OUT_OF_MEMORY)


def serve(stream: BinaryIO, answers: int, memory: int) -> None:
    """Answer every request on *stream* to the descriptor *answers*, until the stream ends.

    Also ends, and says so in its last answer, after a failure and after a body that may have
    filled half of *memory*: what is left then is torn, and too little for an innocent page.
    """
    last = False
    while not last and (asked := read_request(stream)) is not None:
        request, body = asked
        _limit(request.seconds + _SLACK_SECONDS, request.patience + _SLACK_SECONDS)
        status, document = answer(request, body)
        # Not by what the kernel says was in use: a child inherits its parent's peak.
        last = status is Status.FAILURE or len(body) * _IN_MEMORY > memory // 2
        del asked, body
        gc.collect()
        _say(answers, answer_frame(status, document, last=last))
        _limit(0, 0)


def answer(request: Request, body: bytes) -> tuple[Status, bytes]:
    """Return how *request* ended, and the document that says so."""
    try:
        return Status.ANSWER, _document(request, body)
    except RefusedError as error:
        return Status.REFUSAL, _refusal(error)
    except (MemoryError, SystemError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser trips over is a refusal by name
        return Status.FAILURE, _refusal(error)


def warm_up() -> None:
    """Load all that is loaded late: codecs, tables of entities, compiled validators."""
    for codec in _CODECS:
        codecs.lookup(codec)
    for shape in _ANSWERED:
        shape.work_out()
    page = b"<h2>A&eacute;&#1;</h2><h2>Firmware</h2><pre>x</pre></html>"
    for question in Question:
        # Pictures have a child of their own, which has loaded its readers by now.
        for body in (page, b"") if question not in _PICTURES else ():
            answer(Request(question=question, seconds=1), body)
    for kind in ("uf2", "bin", "app-bin", "dfu", "hex", "zip", "elf", "map", "meta.zip"):
        with contextlib.suppress(MirrorError):
            verify(bytes(4096), Claim(kind=kind))


def confine(memory: int, nicer: int = _LOW_PRIORITY) -> None:
    """Give up everything that reading needs not; *memory* is in bytes."""
    sys.stdout = sys.stderr
    # Killed first when the machine, not this process, runs out of memory.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    # Only now: a start is given up after a minute, which is soon over on a busy machine.
    os.nice(nicer)
    _drop_root()
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _STANDARD_STREAMS),
    ):
        resource.setrlimit(limit, (value, value))


def _limit(processor: int, clock: int) -> None:
    """End after so many seconds of processor time, or by the clock; 0 takes the limit away.

    The kernel does that with no help of this interpreter, which may be in the midst of C code.
    """
    signal.setitimer(signal.ITIMER_PROF, processor)
    signal.alarm(clock)


def _drop_root() -> None:
    status = Path("/proc/self/status").read_text()
    capabilities = int(status.partition("CapEff:")[2].split()[0], 16)
    # Root without this one could not end a process of another user.
    if os.geteuid() != 0 or not capabilities >> _CAP_KILL & 1:
        return
    # A container may know no other user: then the limits hold as far as root's do.
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def _document(request: Request, body: bytes) -> bytes:
    match request.question:
        case Question.INDEX_PAGE:
            return _INDEX_PAGE.dump_json(read_index_page(body, request.url))
        case Question.BOARD_PAGE:
            return _BOARD_PAGE.dump_json(read_board_page(body, request.url, request.board))
        case Question.EMPTY_BOARD_PAGE:
            return _BOARD_PAGE.dump_json(read_empty_board_page(body, request.url, request.board))
        case Question.IMAGE:
            return _VERDICT.dump_json(verify(body, request.claim or Claim()))
        case _:
            return _of_peer(request, body)


def _of_peer(request: Request, body: bytes) -> bytes:
    match request.question:
        case Question.PEER_ROOT:
            return PEER_ROOT.dump_json(read_peer_root(body, request.url, request.board))
        case Question.PEER_CONTENT:
            return PEER_CONTENT.dump_json(read_peer_content(body, request.url))
        case Question.OFFERED_BOARD:
            return OFFERED_BOARD.dump_json(read_offered_board(body, request.url, request.board))
        case Question.MANIFEST:
            return MANIFEST.dump_json(read_manifest(body))
        case Question.PEER_BOARD:
            return _BOARD_PAGE.dump_json(read_peer_board(body, request.url, request.board))
        case _:
            return _of_packages(request, body)


def _of_packages(request: Request, body: bytes) -> bytes:
    if request.question in _PICTURES:
        return _of_picture(request, body)
    if request.question is Question.SUBTREE:
        return NAMED.dump_json(read_subtree(body, request.url))
    if request.question is Question.PACKAGE_INDEX:
        return _PACKAGE_INDEX.dump_json(read_package_index(body, request.url))
    return _PACKAGE.dump_json(read_package(body, request.url))


def _of_picture(request: Request, body: bytes) -> bytes:
    # Loaded by the child that reads pictures; any other can open no file by now, and fails.
    from mirror.sandbox.pictures import measure, redraw  # noqa: PLC0415 - see above

    if request.question is Question.PICTURE:
        return MEASURED.dump_json(measure(body, request.url))
    return DRAWN.dump_json(redraw(body, request.url))


def _refusal(error: Exception) -> bytes:
    return REFUSAL.dump_json(Refusal(type(error).__name__, str(error)[:_MAX_TEXT]))


def _say(answers: int, frame: bytes) -> None:
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(answers, rest) :]
