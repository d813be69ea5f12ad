"""From nothing to a flashed board by the lines of `/setup`, exactly as they stand there.

What a person has to do is counted: a step of the guide, an answer, a choice in a dialog.  The
boards are volumes that take a file and are gone, as a boot loader's are.
"""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.client.bench import Bench, runs
from tests.clients.lab import URL, environment, run
from tests.clients.prepare import HERE, is_for_this_machine, python_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_SYSTEMS: Final = {"any", "linux, macos", "linux"}
_INFO: Final = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
_SECONDS: Final = 300.0
_MOMENT: Final = 0.05


@dataclass(slots=True)
class Person:
    """Somebody at a machine who does what a page says; ``did`` is everything that was done."""

    home: Path
    env: Mapping[str, str]
    did: list[str] = field(default_factory=list)

    def follow(self, steps: Sequence[Mapping[str, Any]], **names: str) -> None:
        """Do *steps*: type what is for a shell, write what is for a file.

        Where the page says NAME.uf2, and the like, *names* say what is typed in its place.
        """
        for step in steps:
            self.did.append(step["what"])
            for lines in step["lines"]:
                if lines["system"] in _SYSTEMS:
                    self._copy(lines, names)

    def _copy(self, lines: Mapping[str, Any], names: Mapping[str, str]) -> None:
        text = "\n".join(lines["text"])
        for word, name in names.items():
            text = text.replace(word, name)
        if lines["dialect"] == "sh":
            self.type(text)
        elif lines["dialect"] == "file":
            path = Path(lines["file"].replace("~", str(self.home)))
            # As the guide says of a section that is there already.
            present = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            added = [line for line in text.splitlines() if line not in present]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([*present, *added, ""]), encoding="utf-8")

    def type(self, text: str, answer: str = "") -> str:
        """Type *text* into a shell, and *answer* when it asks; it must succeed."""
        keyboard, screen = pty.openpty()
        try:
            os.write(keyboard, answer.encode())
            ended = subprocess.run(  # noqa: S603 - the lines of the page
                ["bash", "-e", "-c", text],  # noqa: S607 - whichever is installed
                env=dict(self.env), cwd=self.home, stdin=screen, capture_output=True, text=True,
                timeout=_SECONDS, check=False,
            )  # fmt: skip
        finally:
            os.close(keyboard)
            os.close(screen)
        assert ended.returncode == 0, (text, ended.stdout, ended.stderr)
        return ended.stdout


class Board(threading.Thread):
    """A board in its update mode, mounted at *volume*, that takes one file of *size* bytes.

    Then it is gone, and *restarted* is called; ``taken`` is what it took.
    """

    def __init__(self, volume: Path, size: int, restarted: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._volume = volume
        self._size = size
        self._restarted = restarted
        self.taken = b""

    def run(self) -> None:
        """Wait for the file, and restart with it."""
        last = time.monotonic() + _SECONDS
        while time.monotonic() < last and not self.taken:
            time.sleep(_MOMENT)
            for path in self._volume.glob("*.uf2"):
                if path.stat().st_size == self._size:
                    self.taken = path.read_bytes()
        while self.taken and time.monotonic() < last:
            # Busy as long as somebody writes to it.
            gone = subprocess.run(["umount", self._volume], capture_output=True, check=False)  # noqa: S603, S607
            if gone.returncode == 0:
                self._restarted()
                return
            time.sleep(_MOMENT)


@contextmanager
def plugged(volume: Path, size: int, restarted: Callable[[], None]) -> Iterator[Board]:
    """Have a board mounted at *volume*."""
    volume.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(volume)]
    subprocess.run(mount, check=True)  # noqa: S603
    (volume / "INFO_UF2.TXT").write_text(_INFO, encoding="ascii", newline="")
    board = Board(volume, size, restarted)
    board.start()
    try:
        yield board
        board.join(_SECONDS)
    finally:
        with suppress(OSError):
            subprocess.run(["umount", volume], capture_output=True, check=False)  # noqa: S603, S607


def guide(lab: Lab, client: str) -> dict[str, Any]:
    """Return the first way of the guide for *client*; all of it stands on the page as well."""
    document = json.loads(lab.get(f"/v1/setup/{client}.json"))
    page = unescape(lab.get(f"/setup/{client}").decode())
    way: dict[str, Any] = next(one for one in document["guide"]["ways"] if not one["missing"])
    assert way == document["guide"]["ways"][0]
    for step in (*way["steps"], *way["test"], *way["undo"]):
        assert step["what"] in page
        assert all("\n".join(lines["text"]) in page for lines in step["lines"])
    return way


def newest(lab: Lab) -> tuple[str, int, str]:
    """Return name, size and digest of the newest release of the Pico W."""
    board = next(one for one in lab.feed()["boards"] if one["board"] == "RPI_PICO_W")
    release = next(one for one in board["releases"] if one["maturity"] == "release")
    file = next(one for one in release["files"] if one["kind"] == "uf2")
    return file["name"], file["size"], file["hashes"]["sha256"]


def digest_of(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def nothing() -> None:
    """Restart as a board that nobody asks."""


def test_with_curl_alone(lab: Lab, home: Path, tell: Callable[[str], None]) -> None:
    """Fetched, checked, copied onto the board; then the other ways of fetching."""
    name, size, digest = newest(lab)
    person = Person(home, environment(home, USER=f"pupil-{os.getpid()}"))
    # The names of this network are in a hosts file, and nobody answers for DNS.
    (home / ".aria2").mkdir()
    (home / ".aria2" / "aria2.conf").write_text("async-dns=false\n", encoding="ascii")
    way = guide(lab, "curl")
    with plugged(Path("/media") / person.env["USER"] / "RPI-RP2", size, nothing) as board:
        person.follow(way["test"])
        person.follow(way["steps"][:2])
    steps = len(person.did)
    (home / name).unlink()
    person.follow(way["steps"][2:], **{"NAME.uf2": name})

    assert digest_of((home / name).read_bytes()) == digest
    assert digest_of(board.taken) == digest
    tell(f"from nothing to a flashed board with curl: {steps} steps of /setup/curl")


def test_with_mpmirror_itself(lab: Lab, home: Path, tell: Callable[[str], None]) -> None:
    """Got, then flashed: the board says that it runs the version."""
    name, size, digest = newest(lab)
    bench = Bench.at(home / "bench")
    bench.have("mpremote")
    bench.plug("/dev/ttyACM0", after=True)
    bench.board("/dev/ttyACM0", runs("v1.28.0"), after=True)
    programs = f"{bench.folder / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin"
    person = Person(home, environment(home, PATH=programs))
    way = guide(lab, "mpmirror")

    def restarted() -> None:
        (bench.folder / "after" / "ttyACM0").rename(bench.folder / "boards" / "ttyACM0")
        (bench.folder / "ports.after").rename(bench.folder / "ports")

    person.follow(way["test"])
    person.follow(way["steps"][:1])
    got = (home / name).read_bytes()
    with plugged(home / "RPI-RP2", size, restarted) as board:
        [line] = [one for one in way["steps"][1]["lines"] if one["dialect"] == "sh"]
        said = person.type("\n".join(line["text"]), answer="y\n")
        person.did += [way["steps"][1]["what"], "said yes"]
    steps = len(person.did)
    person.follow(way["undo"])

    assert digest_of(got) == digest
    assert digest_of(board.taken) == digest
    assert "v1.28.0" in said
    assert not (home / ".local" / "state" / "mpmirror").exists()
    tell(f"from nothing to a flashed board with mpmirror: {steps} steps of /setup/mpmirror")


def test_with_thonny_by_one_line(lab: Lab, home: Path, tell: Callable[[str], None]) -> None:
    """The line of the page in Thonny's own file; the rest is its own dialog."""
    _, size, digest = newest(lab)
    configuration = home / ".config" / "Thonny" / "configuration.ini"
    configuration.parent.mkdir(parents=True)
    # Thonny was used here before: else it would first ask for a language.
    configuration.write_text("[general]\nlanguage = en_US\n", encoding="utf-8")
    person = Person(
        home,
        environment(
            home, PYTHONPATH=str(HERE / "programs" / "thonny_plugin"),
            # Where it is without an environment of its own.
            THONNY_USER_DIR=str(configuration.parent),
            WANTED="RP2|Pico W|1.28.0", TOLD=str(home / "told.json"),
        ),
    )  # fmt: skip
    way = guide(lab, "thonny")
    person.follow(way["steps"])
    person.follow(way["test"][:1])
    with plugged(home / "RPI-RP2", size, nothing) as board:
        # The second step of the test is Thonny itself.
        person.did.append(way["test"][1]["what"])
        ended = run(
            "xvfb-run", "-a", python_of("thonny"), "-m", "thonny", env=person.env, seconds=_SECONDS
        )
        assert (home / "told.json").exists(), ended.stdout + ended.stderr
        chosen = json.loads((home / "told.json").read_text(encoding="utf-8"))
        person.did += [*chosen, "pressed Install"]

    assert digest_of(board.taken) == digest, ended.stderr
    tell(f"from nothing to a flashed board with Thonny: {len(person.did)} steps, 4 in its dialog")


def test_with_mpflash_by_the_environment_of_one_process(
    lab: Lab, home: Path, tell: Callable[[str], None]
) -> None:
    """Through the mirror's own proxy, on a machine that knows no other name; undone again."""
    programs = f"{python_of('mpflash').parent}:/usr/bin:/bin"
    env = environment(home, PATH=programs, MPFLASH_FIRMWARE=str(home / "firmware"))
    (home / "firmware").mkdir(parents=True)
    person = Person(home, env)
    way = guide(lab, "mpflash")
    # Whatever names lead here otherwise: none does on this machine.
    hosts = home / "hosts"
    hosts.write_text("127.0.0.1 localhost mirror.lab\n", encoding="ascii")
    alone = f"umount /etc/hosts && mount --bind {hosts} /etc/hosts && exec bash -e -c"
    for step in way["steps"]:
        person.did.append(step["what"])
        for lines in step["lines"]:
            if lines["system"] in _SYSTEMS:
                script = "\n".join(lines["text"])
                ended = run(
                    "unshare", "--mount", "sh", "-c", f'{alone} "$0"', script,
                    env=env, folder=home, seconds=_SECONDS,
                )  # fmt: skip
                assert ended.returncode == 0, (script, ended.stdout, ended.stderr)
    person.follow(way["test"])
    steps = len(person.did)
    person.follow(way["undo"])
    stored = {digest_of(path.read_bytes()) for path in (home / "firmware").rglob("*.uf2")}

    assert stored == {newest(lab)[2]}
    assert list(home.glob("*.pem")) == []
    tell(f"from nothing to a download with mpflash: {steps} steps of /setup/mpflash")


@pytest.mark.skipif(not is_for_this_machine("micropython"), reason="no package of it")
def test_with_mip_on_the_board(lab: Lab, home: Path) -> None:
    """The two lines, as they stand there, typed into MicroPython."""
    index = json.loads(lab.get("/pi/v2/index.json"))
    if "aioble" not in {one["name"] for one in index["packages"]}:
        pytest.skip("the real index of packages is not here")
    [lines] = guide(lab, "mip")["steps"][0]["lines"]
    program = python_of("micropython").with_name("micropython")
    ended = run(program, "-c", "\n".join(lines["text"]), env=environment(home), folder=home)

    assert URL in lines["text"][1]
    assert "Done" in ended.stdout, ended.stdout + ended.stderr
    assert (home / ".micropython" / "lib" / "aioble" / "__init__.mpy").is_file()
