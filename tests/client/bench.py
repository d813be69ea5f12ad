"""A bench with made-up tools: small programs on the PATH, and boards that are files."""

from __future__ import annotations

import shlex
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Lists ports, and answers for a board what is written in its file.
_MPREMOTE = """
case "$2" in
  list) cat {bench}/ports ;;
  *) cat {bench}/boards/$(basename "$2") || {{ echo "no device found" >&2; exit 1; }} ;;
esac
"""
# Writes the board: from then on it answers what was prepared for it.
_WRITER = """
case " $* " in *" erase_flash "*) exit 0 ;; esac
[ -e {bench}/after ] && cp {bench}/after/* {bench}/boards/
[ -e {bench}/ports.after ] && cp {bench}/ports.after {bench}/ports
exit ${{FAKE_STATUS:-0}}
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """The folder of the tools, their boards, and the commands that were given."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Bench:
        """Make an empty bench: no tools, no boards."""
        for name in ("bin", "boards", "after"):
            (folder / name).mkdir(parents=True)
        (folder / "ports").write_text("/dev/ttyS0 None 0000:0000 None None\n")
        return cls(folder)

    @property
    def environment(self) -> Mapping[str, str]:
        """An environment whose PATH has the tools of the bench and those of the system."""
        return {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"}

    @property
    def given(self) -> list[list[str]]:
        """The commands that were given, without those to mpremote."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [shlex.split(line) for line in lines if not line.startswith("mpremote ")]

    def have(self, *names: str) -> None:
        """Install tools."""
        for name in names:
            script = (_MPREMOTE if name == "mpremote" else _WRITER).format(bench=self.folder)
            log = f'printf "%s" {name} >> {self.folder}/log; for word in "$@"; do '
            log += f'printf " %s" "\'$word\'" >> {self.folder}/log; done; echo >> {self.folder}/log'
            # What is asked of a board has lines of its own, and is in no log.
            skip = '[ "$1" = connect ] ||' if name == "mpremote" else ""
            path = self.folder / "bin" / name
            path.write_text(f"#!/bin/sh\n{skip} {{ {log}\n}}\n{script}")
            path.chmod(0o755)

    def plug(self, device: str, serial: str = "None", *, after: bool = False) -> None:
        """Plug a board in, now or once something was written."""
        before = (self.folder / "ports").read_text()
        line = f"{device} {serial} 2e8a:0005 MicroPython Board in FS mode\n"
        (self.folder / ("ports.after" if after else "ports")).write_text(before + line)

    def board(self, device: str, said: Mapping[str, str], *, after: bool = False) -> None:
        """Let the board at *device* answer what it runs, now or once something was written."""
        lines = "".join(f"mpmirror-{key}={value}\n" for key, value in said.items())
        folder = self.folder / ("after" if after else "boards")
        (folder / Path(device).name).write_text(f"MicroPython noise\r\n{lines}")


def runs(version: str, **more: str) -> dict[str, str]:
    """Return what a board that runs *version* answers."""
    return {
        "name": "micropython",
        "version": f"3.4.0; MicroPython {version} on 2026-04-06",
        **more,
    }


class BootLoader(threading.Thread):
    """A UF2 boot loader: a volume that takes *size* bytes, and then is gone."""

    def __init__(self, volume: Path, board_id: str, size: int, bench: Bench) -> None:
        super().__init__(daemon=True)
        volume.mkdir(parents=True)
        info = f"UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {board_id}\r\n"
        (volume / "INFO_UF2.TXT").write_text(info)
        self._volume = volume
        self._size = size
        self._bench = bench
        self.taken = b""

    def run(self) -> None:
        """Wait for the file, take it, and restart as what it is."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for path in self._volume.glob("*.uf2"):
                if path.stat().st_size == self._size:
                    self.taken = path.read_bytes()
                    self._restart()
                    return
            time.sleep(0.02)

    def _restart(self) -> None:
        for path in self._bench.folder.joinpath("after").iterdir():
            path.rename(self._bench.folder / "boards" / path.name)
        self._bench.folder.joinpath("ports.after").rename(self._bench.folder / "ports")
        for path in self._volume.iterdir():
            path.unlink()
        self._volume.rmdir()
