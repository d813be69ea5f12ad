"""The container file is built, and what is built runs as it says: without rights, read-only.

There is no engine here that needs rights over cgroups: the image's own command is run as its own
user in a mount namespace, with the image read-only and its volumes beside.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.building import Builder, Image, missing
from tests.docs.room import free_number
from tests.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing()), reason=f"not here: {', '.join(missing())}"),
]
#: What an engine does before it runs a command.
INSIDE = """
set -e
mount --make-rprivate /
mount --rbind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$1/run/mpmirror"
mount --bind "$2/data" "$1/data"
mount --bind "$2/keys" "$1/keys"
for device in null zero urandom; do
  touch "$1/dev/$device" && mount --bind "/dev/$device" "$1/dev/$device"
done
mount -o remount,bind,ro "$1"
root=$1 user=$3
shift 3
exec chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups \\
  --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    builder = Builder(tmp_path_factory.mktemp("images"))
    yield builder.build()
    builder.run("rm", "--all")
    builder.run("rmi", "--all", "--force")


class Engine:
    """Runs commands of an image, as an engine does."""

    def __init__(self, image: Image, folder: Path) -> None:
        self.image = image
        self.folder = folder
        for name in ("data", "keys"):
            (folder / name).mkdir()
            (folder / name).chmod(0o777)
        folder.chmod(0o755)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Begin a command as the image's user, with nothing to write to but its volumes."""
        user = self.image.config["User"]
        return subprocess.Popen(  # noqa: S603 - the image's own command
            ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE,
             "sh", str(self.image.place), str(self.folder), user, *words],
            env=self.image.environ | environ, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *words: str, **environ: str) -> tuple[int, str]:
        """Run a command to its end; give its exit status, and what it wrote."""
        process = self.start(*words, **environ)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said


def end(process: subprocess.Popen[str]) -> None:
    """Tell the command to end, which is the first process of its own: not who watches over it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for number in children.read_text(encoding="ascii").split():
        os.kill(int(number), signal.SIGTERM)


def until_held(number: str) -> str:
    """Return the feed, once something is in it."""
    until = time.monotonic() + 120
    text = ""
    while "uf2" not in text and time.monotonic() < until:
        time.sleep(0.2)
        asked = HTTPConnection("127.0.0.1", int(number), timeout=10)
        asked.request("GET", "/v1/feed.json")
        text = asked.getresponse().read().decode()
        asked.close()
    return text


def test_the_image_says_how_it_is_run(image: Image) -> None:
    assert image.config["User"] == "10001"
    assert image.command == ["/opt/mpmirror/bin/mpmirror", "serve"]
    assert set(image.config["Volumes"]) == {"/data", "/keys"}
    assert image.config["Healthcheck"]["Test"][0] == "CMD"


def test_nothing_in_it_can_be_written_by_its_user(image: Image, tmp_path: Path) -> None:
    """The root is read-only, and would be the user's neither: what can be is on volumes."""
    engine = Engine(image, tmp_path)
    status, said = engine.run("sh", "-c", "id -u; touch /opt/mpmirror/x /usr/x /data/x /keys/x")

    assert said.split("\n")[0] == "10001"
    assert (status, said.count("Read-only file system")) == (1, 2)
    assert (tmp_path / "data" / "x").stat().st_uid == 10001


async def test_it_syncs_serves_and_is_well(image: Image, tmp_path: Path) -> None:
    """With a small upstream; its own health check says so, and it ends when it is told to."""
    replica = Replica.of("RPI_PICO_W")
    replica.release("RPI_PICO_W", "v1.28.0")
    number = str(free_number())
    async with replica.running() as upstream:
        engine = Engine(image, tmp_path)
        settings = {
            "MPMIRROR_LISTEN": f"127.0.0.1:{number}",
            "MPMIRROR_UPSTREAM__URL": upstream,
            "MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND": "0",
            "MPMIRROR_DISK__KEEP_FREE": "1MB",
        }
        daemon = engine.start(*image.command, **settings)
        try:
            check = [one.replace("8080", number) for one in image.config["Healthcheck"]["Test"][1:]]
            until = time.monotonic() + 120
            while (await asyncio.to_thread(engine.run, *check))[0] and time.monotonic() < until:
                assert daemon.poll() is None, daemon.stdout and daemon.stdout.read()
            well = await asyncio.to_thread(engine.run, *check)
            synced = await asyncio.to_thread(until_held, number)
        finally:
            end(daemon)
            said, _ = daemon.communicate(timeout=60)

    assert (well, daemon.returncode) == ((0, ""), 0), said
    assert "RPI_PICO_W-20260406-v1.28.0.uf2" in synced, said
