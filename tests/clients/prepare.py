"""Install the clients, each in an environment of its own, pinned: `make test-clients` begins here.

What comes from PyPI is locked with its hashes in ``locks/``, what comes from npm in ``npm/``.
From Debian come programs that a person would have: they are installed when this runs as root
and one is missing, or named when it does not.  What is there already is not installed again.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
#: Where the environments are; a folder of the developer's, kept between runs.
PLACE: Final = Path(os.environ.get("CLIENTS", ROOT / ".clients")).resolve()

#: Programs, and the Debian packages that they come with.
PROGRAMS: Final = {
    "aria2c": "aria2",
    "certutil": "libnss3-tools",
    "chromium": "chromium",
    "curl": "curl",
    "ip": "iproute2",
    "minisign": "minisign",
    "node": "nodejs",
    "npm": "npm",
    "openssl": "openssl",
    "unshare": "util-linux",
    "wget": "wget",
    "xauth": "xauth",
    "xvfb-run": "xvfb",
}
#: Thonny needs Tk, which only Debian's own Python is sure to have.
_WITH_TK: Final = "/usr/bin/python3"
_TK: Final = ("python3", "python3-tk", "python3-venv")
#: Clients whose packages are for some processors only.
_PROCESSORS: Final = {"micropython": {"x86_64"}}


def python_of(client: str) -> Path:
    """Return the Python of the environment of *client*."""
    return PLACE / client / "bin" / "python"


def modules() -> Path:
    """Return the folder of what came from npm."""
    return PLACE / "npm" / "node_modules"


def is_for_this_machine(client: str) -> bool:
    """Whether there is a package of *client* for the processor of this machine."""
    machine = platform.machine()
    return machine in _PROCESSORS.get(client, {machine})


def main() -> int:
    """Install what is missing; return the exit status."""
    install_programs(PROGRAMS, () if _has_tk() else _TK)
    for lock in sorted((HERE / "locks").glob("*.txt")):
        if is_for_this_machine(lock.stem):
            _install_from_lock(lock)
    install_from_npm(HERE / "npm", PLACE / "npm")
    return 0


def install_programs(programs: Mapping[str, str], more: Sequence[str] = ()) -> None:
    """Install those of *programs* that are missing, by their Debian packages, and *more*."""
    missing = sorted(package for program, package in programs.items() if not shutil.which(program))
    missing += more
    if not missing:
        return
    if os.geteuid() != 0:
        sys.exit(f"missing: apt install {' '.join(missing)}")
    _tell(f"Installing {' '.join(missing)} ...")
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)


def _has_tk() -> bool:
    wanted = [_WITH_TK, "-c", "import tkinter, venv, ensurepip"]
    try:
        return subprocess.run(wanted, capture_output=True, check=False).returncode == 0  # noqa: S603
    except FileNotFoundError:
        return False


def _install_from_lock(lock: Path) -> None:
    client = lock.stem
    stamp, sign = PLACE / client / "stamp", hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == sign:
        return
    _tell(f"Installing {client} ...")
    shutil.rmtree(PLACE / client, ignore_errors=True)
    if client == "thonny":
        _run(_WITH_TK, "-m", "venv", PLACE / client)
    else:
        venv.create(PLACE / client, with_pip=True)
    pip = (python_of(client), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    _run(*pip, "--require-hashes", "-r", lock)
    stamp.write_text(sign, encoding="ascii")


def install_from_npm(folder: Path, place: Path) -> None:
    """Install what the lock in *folder* names into *place*, unless it is there."""
    lock = folder / "package-lock.json"
    stamp, sign = place / "stamp", hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == sign:
        return
    _tell("Installing what comes from npm ...")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("package.json", lock.name):
        shutil.copy(folder / name, place)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", folder=place)
    stamp.write_text(sign, encoding="ascii")


def _run(*words: str | Path, folder: Path | None = None) -> None:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603 - programs named here, without a shell
        [str(word) for word in words], cwd=folder, env=quiet, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        sys.exit(f"{words[0]} ended with {done.returncode}")


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
