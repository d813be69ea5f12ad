"""A class room of one machine: a mirror that has synced, and whose upstream is gone.

Everything runs as processes of the real program, at the addresses that clients have compiled
in: plain HTTP on 8080, TLS on 443 with a certificate of `mpmirror lab-ca`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.clients.namespace import NAMES
from tests.clients.prepare import ROOT
from tests.formats.real import SHARED
from tests.replica import Replica
from tests.replica.history import Depth
from tests.replica.packages import PackageStock

if TYPE_CHECKING:
    from collections.abc import Iterator

#: One of each way to be flashed, and what the clients below ask for.
BOARDS: Final = (
    "RPI_PICO_W",
    "RPI_PICO",
    "RPI_PICO2_W",
    "ESP32_GENERIC",
    "ESP32_GENERIC_C3",
    "ESP32_GENERIC_C5",
    "ESP32_GENERIC_S3",
    "ESP8266_GENERIC",
    "PYBV11",
    "SEEED_WIO_TERMINAL",
    "TEENSY41",
    "ARDUINO_NANO_RP2040_CONNECT",
)
URL: Final = "http://mirror.lab:8080"
# Of the real index.
_PLAIN: Final = {"base64", "bisect", "itertools"}
_REAL_PACKAGES: Final = SHARED / "mip-v2" / "mip-v2.tar.gz"
_UPSTREAM: Final = ("127.0.0.1", 8090)
_SECONDS: Final = 120.0
_MOMENT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Lab:
    """The mirror in *folder*; ``authority`` is the certificate that clients are told to trust."""

    folder: Path
    authority: Path

    def get(self, path: str) -> bytes:
        """Return what the mirror answers at *path*, over plain HTTP."""
        with urllib.request.urlopen(URL + path, timeout=30) as answer:  # noqa: S310 - our own
            body: bytes = answer.read()
        return body

    def feed(self) -> dict[str, Any]:
        """Return the release feed."""
        document: dict[str, Any] = json.loads(self.get("/v1/feed.json"))
        return document

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 in hex of every file of the feed, by its name."""
        return {
            file["name"]: file["hashes"]["sha256"]
            for board in self.feed()["boards"]
            for release in board["releases"]
            for file in release["files"]
        }

    def packages(self) -> list[str]:
        """Return three packages that are Python alone, and are imported by their own names."""
        index = json.loads(self.get("/pi/v2/index.json"))
        names = {entry["name"] for entry in index["packages"]}
        plain = names & _PLAIN or {name for name in names if name.isidentifier()}
        return sorted(plain)[:3]

    def trusting(self) -> ssl.SSLContext:
        """Return what a program that trusts the lab's authority connects with."""
        return ssl.create_default_context(cafile=str(self.authority))


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of somebody who has just sat down at this machine."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1", "TMPDIR": str(home)} | more


def run(
    *words: str | Path,
    env: Mapping[str, str],
    seconds: float = _SECONDS,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end; whoever asks judges how it ended.

    What it has started and left behind ends with it.
    """
    command = [str(word) for word in words]
    running = subprocess.Popen(  # noqa: S603 - clients that the tests name, without a shell
        command,
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    # Its pipes are closed also where it took too long: a later test would be blamed for them.
    with running as process:
        try:
            out, err = process.communicate(timeout=seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def site() -> Replica:
    """Return an upstream with the newest releases and one preview of each of `BOARDS`."""
    replica = Replica.of(*BOARDS, size=200_000)
    replica.fill(Depth())
    replica.packages = _real_packages() or _own_packages()
    return replica


def _own_packages() -> PackageStock:
    stock = PackageStock()
    stock.release("count", "1.0.0", "count")
    return stock


@cache
def _real_packages() -> PackageStock | None:
    """Return the real index of packages, where it is there."""
    if not _REAL_PACKAGES.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder, tarfile.open(_REAL_PACKAGES) as archive:
        archive.extractall(folder, filter="data")
        return PackageStock.in_folder(Path(folder) / "v2")


@contextmanager
def upstream(replica: Replica) -> Iterator[str]:
    """Run *replica* beside the test until the block ends, and give its URL."""
    loop = asyncio.new_event_loop()
    ended, begun = asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with replica.running(*_UPSTREAM):
            begun.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert begun.wait(_SECONDS)
        yield "http://{}:{}".format(*_UPSTREAM)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_SECONDS)
        loop.close()


@dataclass(frozen=True, slots=True)
class Mirror:
    """The real program over the data in *folder*, with *settings* as variables."""

    folder: Path
    settings: Mapping[str, str]

    def command(self, *words: str, seconds: float = _SECONDS) -> str:
        """Run a command that must succeed, and return what it wrote."""
        ended = run(sys.executable, "-m", "mirror", *words, env=self._env(), seconds=seconds)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the block ends."""
        log = self.folder / "serve.log"
        with log.open("ab") as written:
            process = subprocess.Popen(
                [sys.executable, "-m", "mirror", "serve"],
                env=self._env(), cwd=ROOT, stdout=written, stderr=written, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        try:
            self._until_ready(process, log)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_SECONDS)

    def _until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        last = time.monotonic() + _SECONDS
        while time.monotonic() < last and process.poll() is None:
            try:
                urllib.request.urlopen(f"{URL}/readyz", timeout=5).close()  # noqa: S310 - our own
            except OSError:
                time.sleep(_MOMENT)
            else:
                return
        raise AssertionError(log.read_text(encoding="utf-8"))

    def _env(self) -> dict[str, str]:
        return environment(
            self.folder / "home",
            PYTHONPATH=str(ROOT),
            MPMIRROR_CONFIG=os.devnull,
            MPMIRROR_DATA_DIR=str(self.folder / "data"),
            MPMIRROR_KEYS_DIR=str(self.folder / "keys"),
            MPMIRROR_LISTEN="0.0.0.0:8080",
            MPMIRROR_PUBLIC_URL=URL,
            MPMIRROR_TLS__LISTEN='["0.0.0.0:443"]',
            MPMIRROR_TLS__PROXY_LISTEN='["0.0.0.0:3128"]',
            MPMIRROR_UPSTREAM__URL="http://{}:{}".format(*_UPSTREAM),
            MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND="0",
            MPMIRROR_UPSTREAM__ATTEMPTS="1",
            MPMIRROR_DISK__KEEP_FREE="1MB",
            **self.settings,
        )


class Room:
    """The one mirror that most tests share: it serves from `open` until `close`."""

    def __init__(self, lab: Lab, mirror: Mirror) -> None:
        self.lab = lab
        self._mirror = mirror
        self._serving = ExitStack()
        self._is_open = False

    def open(self) -> None:
        """Serve, if it does not yet."""
        if not self._is_open:
            self._serving.enter_context(self._mirror.serving())
            self._is_open = True

    def close(self) -> None:
        """Stop serving, if it does."""
        self._is_open = False
        self._serving.close()


def equip(folder: Path, **settings: str) -> tuple[Lab, Mirror]:
    """Make a mirror in *folder* that holds nothing, with its papers; or take the one there is."""
    folder.mkdir(parents=True, exist_ok=True)
    mirror = Mirror(folder, settings)
    authority = folder / "lab.pem"
    if not authority.exists():
        issued = json.loads(mirror.command("lab-ca", *NAMES, "--json"))
        shutil.copy(issued[0]["generations"][0]["authority"], authority)
    return Lab(folder, authority), mirror
