"""A child that breaks the rules is ended, and its parent says which rule it broke."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from mirror.errors import (
    ChildRefusedError,
    ChildUnavailableError,
    MirrorError,
    PageRefusedError,
)
from mirror.formats.verdict import Verdict
from mirror.sandbox.frames import MAX_ANSWER, OUT_OF_MEMORY, Question, Request
from mirror.sandbox.pipes import Body
from mirror.sandbox.process import Child
from mirror.shapes import Shape
from tests.sandbox.bodies import SLOW_PAGE, URL

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.programs

MEMORY = 256 * 1024 * 1024
REQUEST = Request(question=Question.IMAGE, seconds=5)
VERDICT = Shape(Verdict)

# A child that says what its first argument holds once it was asked.
TEMPLATE = """
import os, signal, struct, sys, time
def say(status, document, last=0, length=None):
    size = len(document) if length is None else length
    os.write(1, struct.pack(">BBI", status, last, size) + document)
say(1, b"{}")
length, size = struct.unpack(">IQ", sys.stdin.buffer.read(12))
sys.stdin.buffer.read(length + size)
"""


def ask(program: str, request: Request = REQUEST) -> Verdict:
    """Ask a child that runs *program*, and leave nothing of it behind."""
    child = Child(MEMORY, program)
    try:
        child.start()
        return child.ask(request, Body(io.BytesIO(b"abc"), 3), VERDICT)
    finally:
        child.stop()


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("say(2, b'nonsense')", "gave an answer that is none"),
        ("say(2, b'{}')", "gave an answer that is none"),
        ("say(2, b'\\xff')", "gave an answer that is none"),
        ('say(2, b\'{"conclusion": "perfect"}\')', "gave an answer that is none"),
        ("say(3, b'nonsense')", "gave an answer that is none"),
        ("say(9, b'{}')", "gave an answer that is none"),
        (f"say(2, b'', length={MAX_ANSWER + 1})", f"{MAX_ANSWER + 1} bytes, at most"),
        ("say(2, b'{', length=5)", "ended with status 0"),
        ("os.close(1); time.sleep(60)", "gave an answer that is none"),
        ("sys.exit(3)", "ended with status 3"),
        ("os.abort()", "died with signal 6"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "died with signal 11"),
        ("os.kill(os.getpid(), signal.SIGPROF)", "took far too long"),
        (f"os._exit({OUT_OF_MEMORY})", "needed more than 256 MiB"),
        (
            'say(3, b\'{"error": "Page2", "text": "x"}\')',
            "failed: Page2: x",
        ),
        ('say(3, b\'{"error": "SystemExit", "text": "x"}\')', "failed: SystemExit: x"),
        ('say(4, b\'{"error": "KeyError", "text": "\\\\u001b[2J"}\')', r"KeyError: \\x1b\[2J"),
    ],
)
def test_a_child_that_breaks_a_rule_is_refused(behaviour: str, why: str) -> None:
    with pytest.raises(ChildRefusedError, match=why):
        ask(TEMPLATE + behaviour)


def test_a_child_that_says_nothing_at_first_did_not_start() -> None:
    with pytest.raises(ChildUnavailableError, match="did not start"):
        ask("import time")


@pytest.mark.parametrize(
    ("seconds", "patience", "error", "why"),
    [
        (-4, 60, ChildRefusedError, "took far too long"),
        (60, -4, ChildUnavailableError, "not judged: the machine has no time"),
    ],
)
def test_a_child_that_nobody_ends_ends_itself(
    seconds: int, patience: int, error: type[MirrorError], why: str
) -> None:
    """Some seconds after the parent would: by processor time it is the bytes' fault, else not."""
    child = Child(MEMORY)
    child.start()
    # As if all but one second had passed already.
    request = Request(
        question=Question.BOARD_PAGE,
        seconds=seconds,
        patience=patience,
        url=URL,
        board="NICE_BOARD",
    )
    with pytest.raises(error, match=why):
        child.ask(request, Body(io.BytesIO(SLOW_PAGE), len(SLOW_PAGE)), VERDICT)


def test_a_child_that_is_given_up_frees_its_thread_at_once() -> None:
    child = Child(MEMORY, TEMPLATE + "time.sleep(60)")
    child.start()
    given_up = threading.Timer(0.2, child.abandon)
    given_up.start()
    started = time.monotonic()
    with pytest.raises(ChildUnavailableError, match="given up"):
        child.ask(REQUEST, Body(io.BytesIO(), 0), VERDICT)
    given_up.join()

    assert time.monotonic() - started < 5


# --- what a child can not do -----------------------------------------------------------


@pytest.fixture
def running() -> Iterator[psutil.Process]:
    """Return a child of the real program that waits for its first question."""
    child = Child(MEMORY)
    child.start()
    yield psutil.Process(child.pid)
    child.stop()


def test_a_child_has_no_environment(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("MPMIRROR_KEYS_DIR", "/a/secret/place")
    child: psutil.Process = request.getfixturevalue("running")

    assert Path(f"/proc/{child.pid}/environ").read_bytes() == b""


def test_a_child_has_three_pipes_and_can_have_no_more(running: psutil.Process) -> None:
    descriptors = Path(f"/proc/{running.pid}/fd")
    kinds = {path.name: str(path.readlink()).partition(":")[0] for path in descriptors.iterdir()}

    assert kinds == {"0": "pipe", "1": "pipe", "2": "/dev/null"}


def test_a_child_is_limited_for_ever(running: psutil.Process) -> None:
    """Soft and hard: it can not raise its limits again."""
    text = Path(f"/proc/{running.pid}/limits").read_text()
    limits = {line[:26].strip(): line[26:68].split() for line in text.splitlines()}

    assert limits["Max address space"] == [str(MEMORY), str(MEMORY)]
    assert limits["Max data size"] == [str(MEMORY), str(MEMORY)]
    assert limits["Max open files"] == ["3", "3"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max processes"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]


def test_a_child_is_apart(running: psutil.Process) -> None:
    """Low priority, its own session, no folder of ours."""
    assert running.nice() == min(19, psutil.Process().nice() + 10)
    assert running.cwd() == "/"
    assert running.terminal() is None


@pytest.mark.parametrize("kept", [True, False])
def test_what_a_child_compiles_is_kept_where_its_parent_keeps_it(
    monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """Else each child of a checkout, which nobody compiled, would compile its readers anew."""
    monkeypatch.setattr(sys, "dont_write_bytecode", not kept)
    said = """b'{"error": "PageRefusedError", "text": "%r"}' % sys.dont_write_bytecode"""

    with pytest.raises(PageRefusedError, match=f"^{not kept}$"):
        ask(f"{TEMPLATE}\nsay(3, {said})")


ATTEMPTS = """
import sys
sys.path[:] = sys.argv[1:]
import os, resource, socket
from mirror.sandbox.child import confine, warm_up
warm_up()
confine(256 * 1024 * 1024)
def attempt(name, action):
    try:
        action()
    except BaseException as error:
        os.write(1, f"{name}: {type(error).__name__}\\n".encode())
    else:
        os.write(1, f"{name}: done\\n".encode())
attempt("read a file", lambda: open("/etc/passwd"))
attempt("write a file", lambda: open("/tmp/mirror-attempt", "w"))
attempt("socket", socket.socket)
attempt("pipe", os.pipe)
attempt("copy a descriptor", lambda: os.dup(0))
attempt("memory", lambda: bytearray(300 * 1024 * 1024))
attempt("become root", lambda: os.setuid(0))
attempt("raise a limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)))
"""


def test_a_confined_process_can_open_nothing() -> None:
    places = [str(Path(__file__).resolve().parents[2]), *sys.path]
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-I", "-S", "-c", ATTEMPTS, *places],
        check=True,
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    attempts = dict(line.split(": ") for line in done.stdout.splitlines())

    assert attempts == {
        "read a file": "OSError",
        "write a file": "OSError",
        "socket": "OSError",
        "pipe": "OSError",
        "copy a descriptor": "OSError",
        "memory": "MemoryError",
        "raise a limit": "ValueError",
        "become root": "PermissionError",
    }


PARENT = """
import sys, time
sys.path[:] = sys.argv[1:]
from mirror.sandbox.process import Child
child = Child(256 * 1024 * 1024)
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_does_not_outlive_its_parent() -> None:
    places = [str(Path(__file__).resolve().parents[2]), *sys.path]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", PARENT, *places], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)

    gone, alive = psutil.wait_procs([child], timeout=10)

    assert (gone, alive) == ([child], [])
