"""What has to be there before the commands of each document are typed, and what they mean here.

A command that stands in no table below is run as it is, and has to end with 0.  Those that can not
be run are listed with the reason: of these it is only checked that a shell can read them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mirror.transfer.keys import PublicKey
from tests.docs.room import Room
from tests.replica import Replica

#: Commands that are not run here, and why.  Whoever documents another one runs it, or says why not.
NOT_RUN: Final[Mapping[str, str]] = {
    "make test": "this is one of its tests",
    "python3 -m venv /opt/mpmirror": "tests/deploy/test_install.py makes it and installs into it",
    "/opt/mpmirror/bin/pip install --require-hashes -r requirements/run.txt": (
        "it downloads; `make run` installs the same file, and so does every test run"
    ),
    "/opt/mpmirror/bin/pip install --no-deps mpmirror-*.whl": "tests/deploy/test_tools.py does",
    "/opt/mpmirror/bin/mpmirror init --for classroom --service": (
        "it writes to /etc and adds a user; tests/first_setup/test_service.py runs it in a folder"
    ),
    "mpmirror hooks test chat": "tests/hooks/ has receivers, and this command asks one",
    "pipx install mpmirror-*.whl": "tests/deploy/test_tools.py does, with all it downloads",
    "uv tool install mpmirror-*.whl": "tests/deploy/test_tools.py does, with all it downloads",
    "make release SIGN=~/.minisign/minisign.key": (
        "it downloads a hundred wheels; tests/deploy/test_release.py makes one"
    ),
    "mpmirror export lab.mpb --with-software dist/mpmirror-0.1.0-x86_64": (
        "it wants a release; tests/deploy/test_install.py makes one and exports it"
    ),
    "tar xf lab.mpb software && cd software/mpmirror-0.1.0-x86_64": "tests/deploy/test_install.py",
    "sha256sum SHA256SUMS": "tests/deploy/test_install.py",
    "minisign -Vm SHA256SUMS -P RWSd…": "tests/deploy/test_install.py",
    "sha256sum -c --strict --quiet SHA256SUMS": "tests/deploy/test_install.py",
    "/opt/mpmirror/bin/pip install --no-index --require-hashes --find-links . -r"
    " requirements.txt": "tests/deploy/test_install.py",
    "MPFLASH_FIRMWARE=/media/usb/firmware mpflash flash --board RPI_PICO_W --version v1.28.0": (
        "`make test-clients` has mpflash, and a board that is made up"
    ),
    "mpremote mip install --index http://mirror.lab:8080/pi/v2 aioble": (
        "`make test-clients` has mpremote, and MicroPython in place of a board"
    ),
}
#: Programs that run on: the line that says that they do, and whether the next commands need them.
RUN_ON: Final[Mapping[str, tuple[str, bool]]] = {
    "make run          # stop it with Ctrl-C once it has said what it does": ("serves", False),
    "make run      # start the mirror, with ./mpmirror.toml if it is there": ("serves", False),
    "make run": ("serves", True),
    "mpmirror serve": ("serves", True),
    "python3 serve.py lab.mpb RWSB3Nk…": ("SHA-256", True),
}
#: Exit statuses other than 0 that a command shall end with.
STATUSES: Final[Mapping[str, int]] = {
    "mpmirror verify RPI_PICO_W-20260406-v1.28.0.cut.uf2": 4,
    "mpmirror key trust export.pub --fingerprint 0000": 4,
    "mpmirror channel promote lab-stable 2 --why 'benches passed'": 2,
    "mpmirror channel promote lab-stable 2 --why 'benches passed' --token-file anna.token": 4,
    "mpmirror channel promote lab-stable 2 --why 'me again' --by Ben --token-file anna.token": 2,
}
#: What a person would be asked for at a prompt, or has to add here, by how the command begins.
ADDED: Final[Mapping[str, str]] = {
    "mpmirror key export": "--passphrase-file passphrase",
    "mpmirror key rotate export": "--passphrase-file passphrase --recovery recovery.txt",
    "mpmirror export lab.mpb": "--passphrase-file passphrase",
    "mpmirror export next.mpb": "--passphrase-file passphrase",
    "mpmirror tuf init": "--passphrase-file passphrase",
    "python3 serve.py": "--listen 127.0.0.1:0",
}
#: Commands of the far side of the gap, by how they begin.
FAR: Final = ("mpmirror key trust", "mpmirror import", "mpmirror have")


async def nothing(_room: Room) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A small upstream, and what is done before the first command and before some others."""

    releases: tuple[str, ...] = ("v1.27.0", "v1.28.0")
    boards: tuple[str, ...] = ("RPI_PICO_W",)
    first: Callable[[Room], Awaitable[None]] = nothing
    before: Mapping[str, Callable[[Room], Awaitable[None]]] = field(default_factory=dict)

    def replica(self) -> Replica:
        """Return the upstream."""
        replica = Replica.of(*self.boards)
        for board in self.boards:
            for version in self.releases:
                replica.release(board, version)
        return replica


async def synced(room: Room) -> None:
    """Have a mirror that holds everything."""
    await room.do("mpmirror sync")


async def serving(room: Room) -> None:
    """Have a mirror that holds everything, and a daemon."""
    await synced(room)
    await room.begin("mpmirror serve", "serves")


async def with_the_key(room: Room) -> None:
    """Bring the node's public key to where a document has it."""
    await room.do("cp /var/lib/mpmirror-keys/node.pub .")


async def elsewhere(room: Room) -> None:
    """Be where the file is not yet."""
    await room.do("rm RPI_PICO_W-20260406-v1.28.0.uf2")


async def with_a_token(room: Room) -> None:
    """Have a token in the shell."""
    room.settings["TOKEN"] = (await room.do("mpmirror token add ben --scope sync")).split("\n")[0]
    await serving(room)


async def wiped(room: Room) -> None:
    """Lose everything but the backup."""
    await room.do("chmod -R u+w /var/lib/mpmirror && rm -r /var/lib/mpmirror")


async def with_paper(room: Room) -> None:
    """Have a recovery key, and a mirror."""
    await room.do("mpmirror key recovery --recovery recovery.txt")
    await synced(room)


async def with_a_bundle(room: Room) -> None:
    """Have a bundle, and the key that signed it."""
    await synced(room)
    await room.do("mpmirror key export --passphrase-file passphrase")
    await room.do("mpmirror export lab.mpb --passphrase-file passphrase")
    await room.do("cp /var/lib/mpmirror-keys/export.pub .")


async def by_any_way(room: Room) -> None:
    """Bring the public half of the export key, and its fingerprint on paper."""
    await room.bring("/var/lib/mpmirror-keys/export.pub")


async def from_paper(room: Room) -> None:
    """Read the fingerprint from paper."""
    key = PublicKey.parse((room.place / "export.pub").read_text(encoding="utf-8"))
    room.words["b8fa a1ee 5b73 4dda 7f06 0ece 83f5 ba61 1bbf 12e5"] = key.fingerprint


async def by_stick(room: Room) -> None:
    """Carry the bundle."""
    await room.bring("lab.mpb")


async def have_on_paper(room: Room) -> None:
    """Read from paper what the far side has, when there is something new."""
    assert room.other is not None
    line = (await room.other.do("mpmirror have")).split("\n")[0]
    room.words["mpmirror-have-1 c96594d4…"] = line


async def key_on_paper(room: Room) -> None:
    """Read the key from paper."""
    text = (room.place / room.here("/var/lib/mpmirror-keys/export.pub")).read_text("utf-8")
    room.words["RWSB3Nk…"] = text.strip().split("\n")[-1]


async def with_the_next_bundle(room: Room) -> None:
    """Carry a bundle that the new key has signed to where the recovery key is known."""
    other = room.other
    assert other is not None
    await room.bring("/var/lib/mpmirror-keys/recovery.pub")
    await room.do(
        "mpmirror key trust export.pub --recovery recovery.pub"
        " --fingerprint 'b8fa a1ee 5b73 4dda 7f06 0ece 83f5 ba61 1bbf 12e5'"
    )
    await other.do("mpmirror export next.mpb --passphrase-file passphrase")
    await room.bring("next.mpb")


async def twice_published(room: Room) -> None:
    """Have two publications, the second with older releases."""
    room.settings["MPMIRROR_POLICY__RELEASES"] = "1"
    await synced(room)
    room.settings["MPMIRROR_POLICY__RELEASES"] = "2"
    await synced(room)


async def for_two_people(room: Room) -> None:
    """Ask for two, each with a token."""
    text = "[channels.lab-stable]\napprovals = 2\n"
    (room.place / "mpmirror.toml").write_text(text, encoding="utf-8")
    for name in ("anna", "ben"):
        token = (await room.do(f"mpmirror token add {name} --scope promote")).split("\n")[0]
        (room.place / f"{name}.token").write_text(token, encoding="utf-8")


async def with_a_hook(room: Room) -> None:
    """Have a hook in the settings."""
    text = '[hooks.chat]\nurl = "http://127.0.0.1:9/chat"\nevents = "*"\n'
    (room.place / "mpmirror.toml").write_text(text, encoding="utf-8")
    await synced(room)


async def with_a_daemon(room: Room) -> None:
    """Have the daemon answer over TCP."""
    await room.begin("mpmirror serve", "serves")


SCENES: Final[Mapping[str, Scene]] = {
    "README.md": Scene(
        releases=("v1.24.1", "v1.26.1", "v1.27.0", "v1.28.0"),
        boards=("RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC"),
        before={
            "mpmirror get RPI_PICO_W --from http://192.168.1.20:8080": elsewhere,
            "minisign -Vm SHA256SUMS -p node.pub": with_the_key,
        },
    ),
    "deploy/README.md": Scene(
        first=synced,
        before={"deploy/backup/restore.sh /mnt/backup/mpmirror /var/lib/mpmirror": wiped},
    ),
    "docs/explanation/bundles.md": Scene(first=with_a_bundle),
    "docs/how-to/across-the-gap.md": Scene(
        releases=("v1.26.1", "v1.27.0", "v1.28.0"),
        first=with_paper,
        before={
            "mpmirror key trust export.pub --fingerprint 0000": by_any_way,
            "mpmirror key trust export.pub --fingerprint"
            " 'b8fa a1ee 5b73 4dda 7f06 0ece 83f5 ba61 1bbf 12e5'": from_paper,
            "mpmirror import lab.mpb --dry-run": by_stick,
            "mpmirror export next.mpb --have 'mpmirror-have-1 c96594d4…'": have_on_paper,
            "python3 serve.py lab.mpb RWSB3Nk…": key_on_paper,
            "mpmirror import next.mpb": with_the_next_bundle,
        },
    ),
    "docs/how-to/channels.md": Scene(
        first=twice_published,
        before={
            "mpmirror channel promote lab-stable 2 --why 'benches passed'": for_two_people,
            'curl -X POST -H "Authorization: Bearer $(cat ben.token)" -d'
            ' \'{"channel":"lab-stable","source":"2","why":"seen the receipts","by":"Ben"}\''
            " http://127.0.0.1:8081/v1/channels/lab-stable": with_a_daemon,
        },
    ),
    "docs/tutorial/first-lab.md": Scene(),
    "docs/how-to/hooks.md": Scene(first=with_a_hook),
    "docs/how-to/operation.md": Scene(first=with_a_token),
    "docs/how-to/tuf.md": Scene(first=synced),
    "docs/reference/clients.md": Scene(
        boards=("RPI_PICO_W", "RPI_PICO", "ESP32_GENERIC"), first=serving
    ),
    "docs/reference/metrics.md": Scene(first=serving),
}
