"""Whether a folder is one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.errors import ForeignDataError, StorageError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.layout import Layout, make_data_folder
from tests.storage.samples import names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def writes() -> Files:
    """Return the durable writes."""
    return Files(Disk())


def test_an_empty_folder_becomes_ours(tmp_path: Path, writes: Files) -> None:
    """Claiming writes the format, and claiming again finds it."""
    Layout(tmp_path).claim(writes)
    Layout(tmp_path).claim(writes)

    assert (tmp_path / "FORMAT").read_text() == "1\n"


@pytest.mark.parametrize("name", ["lock", "lost+found", "mpmirror.toml", ".keep"])
def test_some_things_may_be_there_before(tmp_path: Path, writes: Files, name: str) -> None:
    """What `init` or a file system may have put there is no obstacle."""
    (tmp_path / name).touch()
    Layout(tmp_path).claim(writes)

    assert names(tmp_path) == sorted(["FORMAT", name])


@pytest.mark.parametrize("number", [0, 3])
def test_a_power_cut_at_the_first_start_is_no_obstacle(
    tmp_path: Path, writes: Files, number: int
) -> None:
    """What it left has the very name that is written under again."""
    (tmp_path / f".FORMAT.{number}.new").touch()
    Layout(tmp_path).claim(writes)

    assert names(tmp_path) == ["FORMAT"]


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, writes: Files) -> None:
    """The first foreign file is named, and nothing is written."""
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ForeignDataError, match=r"not empty \(it has 'thesis\.tex'\)"):
        Layout(tmp_path).claim(writes)

    assert names(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize("text", [b"", b"1", b"2\n", b"1\n\n", b"\xff\x00", b"1" * 1000])
def test_another_format_is_refused(tmp_path: Path, writes: Files, text: bytes) -> None:
    """By the writer and by readers, with what the file says."""
    (tmp_path / "FORMAT").write_bytes(text)
    with pytest.raises(ForeignDataError, match="this mpmirror reads format 1 only"):
        Layout(tmp_path).claim(writes)
    with pytest.raises(ForeignDataError, match="this mpmirror reads format 1 only"):
        Layout(tmp_path).refuse_other_format()


def test_a_folder_without_a_format_is_not_read(tmp_path: Path) -> None:
    """Readers claim nothing."""
    with pytest.raises(ForeignDataError, match="is not a data folder of mpmirror: no FORMAT"):
        Layout(tmp_path).refuse_other_format()


def test_a_folder_is_made_with_all_above_it(tmp_path: Path, writes: Files) -> None:
    """Three levels at once, and again without an error."""
    make_data_folder(tmp_path / "a" / "b" / "c", writes)
    make_data_folder(tmp_path / "a" / "b" / "c", writes)

    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_file_is_no_data_folder(tmp_path: Path, writes: Files) -> None:
    """The path is named."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"/file/data"):
        make_data_folder(tmp_path / "file" / "data", writes)


def test_parents_stand_before_their_children(tmp_path: Path) -> None:
    """So that they can be made in this order."""
    folders = Layout(tmp_path).folders()
    seen = {tmp_path}
    for folder in folders:
        assert folder.parent in seen
        seen.add(folder)

    assert len(folders) == 11 + 256
