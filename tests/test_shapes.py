"""What is valid is said here, and by nobody else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from mirror.shapes import Shape
print(Shape(int).validate_json("1"), "plugged_in" in sys.modules)
"""


def test_no_other_package_changes_what_is_valid(tmp_path: Path) -> None:
    """Not even one that is installed beside the mirror and says that it wants to."""
    installed = tmp_path / "plugged_in-1.dist-info"
    installed.mkdir()
    (tmp_path / "plugged_in.py").write_text("plugin = None\n")
    (installed / "METADATA").write_text("Name: plugged-in\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[pydantic]\nplugged = plugged_in:plugin\n")

    program = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    said = subprocess.check_output(program, text=True)  # noqa: S603 - our own

    assert said == "1 False\n"
