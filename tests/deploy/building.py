"""Build the container file without a registry: on a base image that is made from Debian.

`python -m tests.deploy.building FOLDER` does what takes long, once: the base lies in FOLDER.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
#: Where the base is kept between runs.
PLACE: Final = Path(os.environ.get("CONTAINER", ROOT / ".container")).resolve()
#: What builds, and what makes the base; both are Debian's.
TOOLS: Final = ("buildah", "mmdebstrap")
FILE: Final = "deploy/container/Containerfile"
_BASE: Final = "base.tar"
# The container file asks for Python 3.13; this has what Debian has, 3.11 or newer.
_NAMED: Final = "localhost/python:3.13-slim"
_OURS: Final = "localhost/mpmirror"
_PACKAGES: Final = "python3,python3-venv,ca-certificates,passwd"
_SECONDS: Final = 1800


def missing() -> list[str]:
    """Return what is not on this machine."""
    found = [tool for tool in TOOLS if shutil.which(tool) is None]
    return found if os.geteuid() == 0 else [*found, "root's rights"]


def make_base() -> Path:
    """Make the base, if it is not there yet."""
    base = PLACE / _BASE
    if not base.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        begun = PLACE / f"new-{_BASE}"
        suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
        words = ("--variant=minbase", f"--include={_PACKAGES}", suite, str(begun))
        _run("mmdebstrap", *words)
        begun.replace(base)
    return base


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: where its files are, and what it says of how it is run."""

    place: Path
    config: Mapping[str, Any]

    @property
    def environ(self) -> dict[str, str]:
        """What it sets."""
        return dict(one.partition("=")[::2] for one in self.config["Env"])

    @property
    def command(self) -> list[str]:
        """What it runs."""
        return [*self.config["Entrypoint"], *self.config["Cmd"]]


@dataclass(frozen=True, slots=True)
class Builder:
    """A builder whose images are in *folder*."""

    folder: Path

    def build(self) -> Image:
        """Build the file as it is, on the base, and give what came of it."""
        self._base(make_base())
        # No network but the machine's, and its certificates: there may be an index of its own.
        more: tuple[str, ...] = (
            "--network",
            "host",
            "--volume",
            "/etc/ssl/certs:/etc/ssl/certs:ro",
        )
        for name, text in os.environ.items():
            if name.startswith("PIP_") and name != "PIP_FIND_LINKS":
                more += ("--env", f"{name}={text}")
        self.run("bud", *_ALONE, "--pull-never", "--format", "docker", *more,
                 "--file", FILE, "--tag", _OURS, ".")  # fmt: skip
        container = self.run("from", "--pull-never", _OURS).strip()
        place = Path(self.run("mount", container).strip())
        said = json.loads(self.run("inspect", "--type", "image", _OURS))
        return Image(place, said["Docker"]["config"])

    def _base(self, base: Path) -> None:
        container = self.run("from", "scratch").strip()
        self.run("add", "--quiet", container, str(base), "/")
        self.run("run", *_ALONE, container, "--", "ln", "-s", "/usr/bin/python3",
                 "/usr/local/bin/python")  # fmt: skip
        self.run("commit", "--quiet", "--rm", container, _NAMED)

    def run(self, command: str, *words: str) -> str:
        """Run a command of the builder's, with a store of its own."""
        store = ("--root", str(self.folder / "root"), "--runroot", str(self.folder / "run"))
        return _run("buildah", *store, "--storage-driver", "vfs", command, *words)


# It needs no rights that this machine may not give: a chroot is enough to build.
_ALONE: Final = ("--isolation", "chroot")


def _run(*words: str) -> str:
    ended = subprocess.run(  # noqa: S603 - programs of Debian's
        words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


if __name__ == "__main__":
    if missing():
        sys.stdout.write(f"not here: {', '.join(missing())}\n")
    else:
        make_base()
