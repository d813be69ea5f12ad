"""What a bare machine lacks is said in one sentence, with the package that has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not on this machine")


def make(folder: Path, python: str, target: str = "") -> subprocess.CompletedProcess[str]:
    """Run one target, the venv's unless named, with another interpreter."""
    pip = folder / "venv" / "bin" / "pip"
    words = [str(MAKE), f"VENV={folder / 'venv'}", f"PYTHON={python}", target or str(pip)]
    # What an outer `make test` tells its children is not meant for this one.
    environ = {key: text for key, text in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(  # noqa: S603 - our own Makefile
        words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def interpreter(folder: Path, script: str) -> str:
    """Write a program that plays an interpreter."""
    program = folder / "python-played"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    program.chmod(0o755)
    return str(program)


def test_no_python_at_all(tmp_path: Path) -> None:
    """Debian's packages are named."""
    ended = make(tmp_path, "/nonexistent/python3")

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == (
        "mpmirror needs Python 3.11 or newer: on Debian, apt install python3 python3-venv"
    )


def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    """Its version is said, and how to name another."""
    old = interpreter(tmp_path, 'case "$*" in *version*) echo Python 3.9.2;; esac; exit 1')

    ended = make(tmp_path, old)

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == (
        f"mpmirror needs Python 3.11 or newer, and {old} is Python 3.9.2: set PYTHON=..."
    )


def test_a_python_that_can_not_make_environments(tmp_path: Path) -> None:
    """As Debian's, without its package for that."""
    bare = interpreter(tmp_path, 'case "$*" in *ensurepip*) exit 1;; esac')

    ended = make(tmp_path, bare)

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == (
        f"{bare} cannot make virtual environments: on Debian, apt install python3-venv"
    )


def test_the_help_names_every_target(tmp_path: Path) -> None:
    """`make` alone tells what there is."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: help (.*)$", text, re.MULTILINE)

    told = make(tmp_path, "python3", "help").stdout

    assert [target for target in targets.split() if f"make {target}" not in told] == []


def test_what_runs_before_a_change_is_taken_can_be_run() -> None:
    """It is a program of bash, and stops at the first failure."""
    program = ROOT / ".ci" / "run"
    judged = subprocess.run(["bash", "-n", program], check=False)  # noqa: S603, S607 - our own script

    assert judged.returncode == 0
    assert os.access(program, os.X_OK)
    assert "set -euo pipefail" in program.read_text(encoding="ascii")
