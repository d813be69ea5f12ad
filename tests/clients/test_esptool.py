"""esptool, as a library, judges every ESP image that is held, and agrees with the verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.clients.lab import environment, run
from tests.clients.prepare import HERE, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_PROGRAM: Final = HERE / "programs" / "esptool_images.py"


def esp_files(lab: Lab) -> Iterator[dict[str, Any]]:
    """Give every file of the feed that is for an ESP and has an image of Espressif's inside."""
    for board in lab.feed()["boards"]:
        for release in board["releases"]:
            for file in release["files"]:
                if board["port"] in {"esp32", "esp8266"} and file["kind"] in {"bin", "app-bin"}:
                    yield file


def chip_of(file: dict[str, Any]) -> str:
    """Return esptool's word for a chip."""
    word: str = file["flash"]["chip"]
    return word.lower().replace("-", "")


def judged(lab: Lab, home: Path, files: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what esptool says of the slices of *files*, by name."""
    home.mkdir(parents=True)
    questions = []
    for file in files:
        path = home / file["name"]
        path.write_bytes(lab.get(file["path"]))
        # An app-bin is the application alone: it is flashed where a partition begins.
        offset = None if file["kind"] == "app-bin" else file["flash"]["offset"]
        questions.append([str(path), chip_of(file), offset])
    ended = run(python_of("esptool"), _PROGRAM, json.dumps(questions), env=environment(home))
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    return {answer["path"].rpartition("/")[2]: answer["slices"] for answer in answers}


def test_it_finds_every_held_image_whole(lab: Lab, home: Path) -> None:
    """Every checksum and digest that it computes is the one that is stored."""
    files = list(esp_files(lab))
    answers = judged(lab, home, files)

    assert {file["verdict"]["conclusion"] for file in files} <= {"verified", "warned"}
    assert set(answers) == {file["name"] for file in files}
    assert {name: found for name, found in answers.items() if not is_whole(found)} == {}


def is_whole(found: dict[str, Any]) -> bool:
    """Whether every slice was loaded and is what it says."""
    return "application" in found and all(
        isinstance(words, dict) and words and all(words.values()) for words in found.values()
    )
