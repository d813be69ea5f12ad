"""The wheel is installed by the tools that give one user a program: uv, pipx."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.replica import Replica
from tests.replica.images import Recipe, make_image
from tests.test_packaging import built, index, uv

if TYPE_CHECKING:
    from collections.abc import Callable

#: Fixtures of the package as it is built, of the other module.
__all__ = ["built", "index"]

pytestmark = pytest.mark.programs


def typed(folder: Path, *words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program as somebody whose home has nothing in it yet."""
    home = {"HOME": str(folder), "PATH": f"{folder}/.local/bin:/usr/bin:/bin"}
    passed = {
        key: text
        for key, text in os.environ.items()
        if key.startswith(("PIP_", "UV_", "SSL_", "HTTP"))
    }
    return subprocess.run(  # noqa: S603 - programs of this test, without a shell
        [str(word) for word in words], cwd=folder, env=home | passed | environ,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def with_uv(folder: Path, wheel: Path) -> subprocess.CompletedProcess[str]:
    """Install as `uv tool install` does."""
    program = Path(sys.executable).with_name("uv")
    return typed(folder, program, "tool", "install", "--python", sys.executable, wheel)


def with_pipx(folder: Path, wheel: Path) -> subprocess.CompletedProcess[str]:
    """Install as `pipx install` does, with a pipx of its own."""
    tools = folder / "tools"
    got = uv("pip", "install", "--target", tools, "pipx")
    assert got.returncode == 0, got.stderr
    words = ("-m", "pipx", "install", "--python", sys.executable, wheel)
    return typed(folder, sys.executable, *words, PYTHONPATH=str(tools))


@pytest.mark.parametrize(
    "install", [with_uv, pytest.param(with_pipx, marks=pytest.mark.long)], ids=["uv", "pipx"]
)
def test_a_tool_puts_a_program_that_works_on_the_path(
    built: Path,
    tmp_path: Path,
    install: Callable[[Path, Path], subprocess.CompletedProcess[str]],
) -> None:
    """Nothing but the wheel is there, and it judges an image: its children work, too."""
    replica = Replica.of("RPI_PICO")
    [name] = replica.release("RPI_PICO", "v1.28.0")
    file = replica.find_file(name)
    assert file is not None
    assert isinstance(file.source, Recipe)
    (tmp_path / name).write_bytes(make_image(file.source))
    (wheel,) = built.glob("*.whl")
    installed = install(tmp_path, wheel)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    told = typed(tmp_path, "mpmirror", "--version")
    judged = typed(tmp_path, "mpmirror", "verify", name)

    assert (told.returncode, told.stdout.split()[:1]) == (0, ["mpmirror"]), told.stderr
    assert (judged.returncode, judged.stdout.split("\n")[0]) == (0, f"{name}: verified")
