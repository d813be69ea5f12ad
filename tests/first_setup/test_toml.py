"""The file that is written says everything and reads back to what was chosen."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.config import KNOWN, Given, Settings, load_settings, spell
from mirror.errors import ConfigurationError, StorageError
from mirror.first_setup import Purpose, preset, settings_file, write_settings

NOWHERE = Path(os.devnull)


def chosen_settings(chosen: dict[str, object], folder: Path) -> Settings:
    """Load what was chosen, as `mpmirror init` does."""
    flags = {key: Given(value, "test") for key, value in chosen.items()}
    return load_settings({}, folder, file=NOWHERE, flags=flags)


@pytest.mark.parametrize("purpose", Purpose)
def test_the_file_reads_back_to_what_was_chosen(purpose: Purpose, tmp_path: Path) -> None:
    """For every room, without a problem."""
    chosen = preset(purpose, ["RPI_PICO*", "ESP32_GENERIC"])
    settings = chosen_settings(chosen, tmp_path)
    file = tmp_path / "mpmirror.toml"

    write_settings(file, settings_file(chosen, settings, "Heading.\nSecond line."))
    read = load_settings({}, tmp_path, file=file)

    assert read == settings
    assert {key for key, source in read.sources.items() if source != "default"} == set(chosen)


def test_a_comment_becomes_a_setting_when_its_mark_is_taken_away(tmp_path: Path) -> None:
    """Each default stands there as it would be typed; some have none."""
    settings = chosen_settings({}, tmp_path)
    lines = settings_file({}, settings, "Heading").splitlines()
    file = tmp_path / "mpmirror.toml"
    file.write_text(
        "\n".join(
            line.removeprefix("# ") if " = " in line and '"..."' not in line else line
            for line in lines
        ),
        encoding="utf-8",
    )

    read = load_settings({}, tmp_path, file=file)

    assert read == settings
    assert [key for key, source in read.sources.items() if source == "default"] == [
        "admin_tcp",
        "public_url",
        "contact",
        "policy.since",
        "disk.high_water",
        "disk.low_water",
        "tls.certificate",
        "tls.key",
        "transfer.inbox",
        "traces.url",
    ]


def test_overrides_and_since_read_back_to_what_was_chosen(tmp_path: Path) -> None:
    """A table of tables stands in one line."""
    chosen: dict[str, object] = {
        "policy.vendors": ["M5 Stack", 'a "quoted" one'],
        "policy.since": "2025-01-31",
        "policy.override": {
            "RPI_PICO*": {"releases": "all", "since": "v1.24.0"},
            "PYB[DV]*": {"kinds": ["dfu", "hex"], "previews": 0},
            "X": {},
        },
    }
    settings = chosen_settings(chosen, tmp_path)
    file = tmp_path / "mpmirror.toml"

    write_settings(file, settings_file(chosen, settings, "Heading"))
    read = load_settings({}, tmp_path, file=file)

    assert read == settings
    assert {key: spell(read)[key] for key in chosen} == chosen


def test_every_setting_is_explained(tmp_path: Path) -> None:
    """The file is the reference that lies beside the mirror."""
    text = settings_file({}, chosen_settings({}, tmp_path), "Heading")
    words = " ".join(text.replace("#", " ").split())

    assert [key for key, known in KNOWN.items() if known.meaning not in words] == []


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    """Settings that somebody wrote are not lost by a second `init`."""
    file = tmp_path / "mpmirror.toml"
    file.write_text("workers = 1\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="is there already: --force replaces it"):
        write_settings(file, "workers = 2\n")
    assert file.read_text(encoding="utf-8") == "workers = 1\n"
    write_settings(file, "workers = 2\n", force=True)

    assert file.read_text(encoding="utf-8") == "workers = 2\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    """In one sentence."""
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match=r"file/mpmirror\.toml can not be written"):
        write_settings(tmp_path / "file" / "mpmirror.toml", "")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_path_is_written_so_that_it_reads_back(text: str) -> None:
    """Quotes, backslashes, control characters, every script."""
    chosen: dict[str, object] = {"data_dir": f"/x/{text}", "admin_listen": "unix:/a"}
    folder = Path("/")
    settings = chosen_settings(chosen, folder)

    written = settings_file(chosen, settings, "Heading")

    assert tomllib.loads(written)["data_dir"] == f"/x/{text}"


def test_settings_are_spelled_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Sections keep together, so that no table of TOML is opened twice."""
    sections = [key.rpartition(".")[0] for key in spell(chosen_settings({}, tmp_path))]

    assert sections == sorted(sections, key=sections.index)
