"""python-tuf's own client, unmodified, takes our files, and refuses what an attacker can do."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tuf.api.exceptions import (
    BadVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import Updater

from mirror.errors import ConfigurationError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.tuf_folder import TufFolder
from mirror.transfer.tuf.offline import Secrets, begin, renew
from mirror.transfer.tuf.online import published, renew_online
from mirror.web.app import Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.worker import open_held
from tests.replica import Replica
from tests.sync.node import TestNode, node_at
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.transfer.keys.secret import SecretKey

OLD: Final = "RPI_PICO-20260406-v1.28.0.uf2"
NEW: Final = "RPI_PICO-20260506-v1.29.0.uf2"
DAYS: Final = timedelta(days=7)


@dataclass
class Scene:
    """A node that serves TUF, and whoever asks it."""

    node: TestNode
    replica: Replica
    folder: Path
    url: str
    secrets: Secrets

    @property
    def tuf(self) -> TufFolder:
        """The metadata."""
        return TufFolder(self.folder / "data", Files(Disk()))

    @property
    def metadata(self) -> Path:
        """Where the metadata lie."""
        return self.folder / "data" / "tuf"

    async def signs(self, online: SecretKey | None = None, *, days: float = 7) -> None:
        """Sign what is published now."""
        files = await published(self.node.store, "current")
        now = datetime.now(UTC).replace(microsecond=0)
        signer = online or self.secrets.online
        renew_online(self.tuf, files, signer, now, now + timedelta(days=days))

    async def releases(self) -> None:
        """Have a new version come, and sign it."""
        self.replica.release("RPI_PICO", "v1.29.0", date="2026-05-06")
        self.node.sleep(days=1)
        await self.node.sync()
        await self.signs()

    async def gets(self, name: str, client: str = "client") -> bytes | None:
        """Return what the client called *client* gets of *name*, None when it is told of none."""
        return await asyncio.to_thread(self._get, name, client)

    def _get(self, name: str, client: str) -> bytes | None:
        place = self.folder / client
        place.mkdir(exist_ok=True)
        updater = Updater(
            metadata_dir=str(place),
            metadata_base_url=f"{self.url}/tuf/metadata/",
            target_dir=str(place),
            target_base_url=f"{self.url}/tuf/targets/",
            bootstrap=(self.metadata / "1.root.json").read_bytes(),
        )
        updater.refresh()
        found = updater.get_targetinfo(name)
        if found is None:
            return None
        with open(updater.download_target(found), "rb") as file:  # noqa: PTH123 - a path as text
            return file.read()

    def kept(self) -> Path:
        """Copy the metadata as they are now."""
        copy = self.folder / f"kept-{len(list(self.folder.glob('kept-*')))}"
        shutil.copytree(self.metadata, copy)
        return copy


@asynccontextmanager
async def scene_in(folder: Path) -> AsyncIterator[Scene]:
    """Mirror a board, and serve it to clients of TUF."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    secrets = Secrets(key(1), key(2), key(3))
    async with replica.running() as url, node_at(folder / "data", url) as node:
        await node.sync()
        tuf = TufFolder(folder / "data", Files(Disk()))
        begin(tuf, secrets, datetime.now(UTC).replace(microsecond=0))
        held = open_held(folder / "data")
        told = Serving(node="a", status=partial(nothing), tuf=tuf.find, poll=0.05)
        sockets = await tcp_sockets("127.0.0.1", 0)
        number = sockets[0].getsockname()[1]
        async with serving(make_app(held, told), sockets):
            scene = Scene(node, replica, folder, f"http://127.0.0.1:{number}", secrets)
            await scene.signs()
            yield scene


async def nothing() -> bytes:
    """Have no status."""
    return b"{}"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return such a node."""
    async with scene_in(tmp_path) as scene:
        yield scene


async def test_the_client_takes_what_is_published_and_what_comes(scene: Scene) -> None:
    """By name and hash, through the bin of its name; what is not there it is told of."""
    first = await scene.gets(OLD)
    missing = await scene.gets(NEW)
    await scene.releases()
    second = await scene.gets(NEW)
    files = await scene.node.files()

    assert first == await scene.node.read(files[OLD].digest)
    assert missing is None
    assert second == await scene.node.read(files[NEW].digest)


async def test_a_client_is_not_led_back(scene: Scene) -> None:
    """Somebody on the way shows the metadata of yesterday, whole and well signed."""
    await scene.gets(OLD)
    before = scene.kept()
    await scene.releases()
    await scene.gets(NEW)
    shutil.copytree(before, scene.metadata, dirs_exist_ok=True)

    with pytest.raises(BadVersionNumberError):
        await scene.gets(NEW)


async def test_a_client_is_not_frozen(scene: Scene) -> None:
    """Who shows the same for ever is found out once the timestamp has expired."""
    await scene.signs(days=-1)

    with pytest.raises(ExpiredMetadataError):
        await scene.gets(OLD)


@pytest.mark.parametrize("role", ["snapshot", "bin"])
async def test_metadata_of_two_moments_do_not_mix(scene: Scene, role: str) -> None:
    """A snapshot or a bin of yesterday under the name of today's is another length or hash."""
    before = scene.kept()
    await scene.releases()
    pattern = "*.snapshot.json" if role == "snapshot" else "*.bin-*.json"
    newest = {path.name for path in scene.metadata.glob(pattern)}
    news = newest - {path.name for path in before.glob(pattern)}
    for name in news:
        version, _, rest = name.partition(".")
        old = before / f"{int(version) - 1}.{rest}"
        (scene.metadata / name).write_bytes(old.read_bytes())

    assert news
    with pytest.raises((LengthOrHashMismatchError, RepositoryError)):
        await scene.gets(NEW)


@pytest.mark.programs  # for the time that it takes
async def test_another_key_signs_nothing(scene: Scene) -> None:
    """Who took the online key's place without the root's word is not believed."""
    with pytest.raises(ConfigurationError, match="another online key"):
        await scene.signs(key(9))
    thief = Secrets(key(1), key(2), key(9))
    (scene.folder / "forged").mkdir()
    forged = TufFolder(scene.folder / "forged", Files(Disk()))
    now = datetime.now(UTC).replace(microsecond=0)
    begin(forged, thief, now)
    renew_online(forged, await published(scene.node.store, "current"), key(9), now, now + DAYS)
    for path in (scene.folder / "forged" / "tuf").iterdir():
        if "root" not in path.name:
            (scene.metadata / path.name).write_bytes(path.read_bytes())

    with pytest.raises(UnsignedMetadataError):
        await scene.gets(OLD)


@pytest.mark.programs  # for the time that it takes
@pytest.mark.parametrize("which", ["root", "targets", "online"])
async def test_a_key_that_follows_is_followed(scene: Scene, which: str) -> None:
    """A client that was there before, and one that begins at the first root."""
    await scene.gets(OLD)
    changed = {**{one: getattr(scene.secrets, one) for one in ("root", "targets", "online")}}
    changed[which] = key(7)
    after = Secrets(**changed)
    now = datetime.now(UTC).replace(microsecond=0)

    assert renew(scene.tuf, scene.secrets, after, now) == 2
    await scene.signs(after.online)
    assert await scene.gets(OLD) is not None
    assert await scene.gets(OLD, "another") is not None


@pytest.mark.programs  # for the time that it takes
async def test_what_did_not_change_keeps_its_version(scene: Scene) -> None:
    """A client that looks every day reads two small files; old versions go in the end."""
    for _ in range(12):
        await scene.signs()
    names = {path.name for path in scene.metadata.iterdir()}

    assert len([name for name in names if ".bin-" in name]) == 16
    assert "13.snapshot.json" in names
    assert len([name for name in names if "snapshot" in name]) == 10
    assert "1.root.json" in names
