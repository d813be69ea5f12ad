"""Package documents: whatever upstream writes there is read, or refused by name."""

from __future__ import annotations

import contextlib
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.package_documents import read_package, read_package_index
from mirror.catalog.packages import (
    DocumentName,
    PackageEntry,
    PackageFile,
    check_path,
    file_path,
    is_wanted,
)
from mirror.errors import DocumentRefusedError, MalformedValueError
from tests.formats.real import SHARED

REAL = SHARED / "mip-v2" / "mip-v2.tar.gz"
URL = "http://site/pi/v2/x.json"
ENTRY = {"name": "blink", "version": "0.1.0", "versions": {"6": ["0.1.0"], "py": ["0.1.0"]}}

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
_keys = st.sampled_from(["v", "packages", "hashes", "deps", "urls", "version", "name", "versions"])


def _index(*packages: object, **changes: object) -> bytes:
    return json.dumps({"v": 2, "updated": 7, "packages": packages, **changes}).encode()


def _package(**changes: object) -> bytes:
    files = [["blink.mpy", "0123abcd"]]
    return json.dumps({"v": 1, "hashes": files, "version": "0.1.0", **changes}).encode()


def test_an_index_is_read() -> None:
    index = read_package_index(_index(ENTRY), URL)

    assert index.updated == 7
    assert index.problems == ()
    assert [entry.name for entry in index.packages] == ["blink"]
    assert index.packages[0].documents() == (
        DocumentName("blink", "6", "0.1.0"),
        DocumentName("blink", "6", "latest"),
        DocumentName("blink", "py", "0.1.0"),
        DocumentName("blink", "py", "latest"),
    )


def test_a_package_without_version_has_its_latest_documents() -> None:
    entry = read_package_index(_index({"name": "x", "version": "", "versions": {}}), URL)

    assert [name.path for name in entry.packages[0].documents()] == [
        "/pi/v2/package/6/x/latest.json",
        "/pi/v2/package/py/x/latest.json",
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "../etc"},
        {"name": ".."},
        {"name": "a..b"},
        {"name": "-rf"},
        {"name": "a/b"},
        {"name": "a\n"},
        {"name": "x" * 101},
        {"name": "ПАКЕТ"},
        {"name": 7},
        {"versions": {"../6": ["0.1.0"]}},
        {"versions": {"6": ["../../0.1.0"]}},
        {"versions": {"6": [".."]}},
        {"versions": {"6": "0.1.0"}},
        {"versions": {"6": [None]}},
        {"version": "1/2"},
        {"license": ["MIT"]},
    ],
    ids=str,
)
def test_an_odd_entry_is_left_out_by_name_and_the_others_stay(odd: dict[str, object]) -> None:
    index = read_package_index(_index({**ENTRY, **odd}, {**ENTRY, "name": "other"}), URL)

    assert [entry.name for entry in index.packages] == ["other"]
    assert [problem.rule for problem in index.problems] == ["odd-package"]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{",
        _index(ENTRY)[:-40],
        _index(ENTRY, ENTRY),
        _index(v=3),
        _index(updated=-1),
        _index(updated=True),
        _index(updated=float("nan")),
        b'{"v":2,"v":2,"packages":[]}',
        b'{"v":2,"packages":{}}',
        b'{"v":2,"packages":' + b"[" * 100_000,
        b"\xff\xfe{}",
    ],
    ids=lambda document: repr(document[:30]),
)
def test_a_broken_index_is_refused(document: bytes) -> None:
    with pytest.raises(DocumentRefusedError):
        read_package_index(document, URL)


def test_a_package_is_read() -> None:
    content = read_package(_package(deps=[["greet", "latest"]]), URL)

    assert content.files == (PackageFile("blink.mpy", "0123abcd"),)
    assert content.deps == (("greet", "latest"),)
    assert file_path("0123abcd") == "/pi/v2/file/01/0123abcd"


@pytest.mark.parametrize(
    "changes",
    [
        {"hashes": [["../boot.py", "0123abcd"]]},
        {"hashes": [["a/../../boot.py", "0123abcd"]]},
        {"hashes": [["/boot.py", "0123abcd"]]},
        {"hashes": [["a//b.py", "0123abcd"]]},
        {"hashes": [["a\\..\\b.py", "0123abcd"]]},
        {"hashes": [["./a.py", "0123abcd"]]},
        {"hashes": [["", "0123abcd"]]},
        {"hashes": [["C:boot.py", "0123abcd"]]},
        {"hashes": [["a.py", "0123ABCD"]]},
        {"hashes": [["a.py", "0123abc"]]},
        {"hashes": [["a.py", "../../.."]]},
        {"hashes": [["a.py"]]},
        {"hashes": [["a.py", 7]]},
        {"hashes": {"a.py": "0123abcd"}},
        {"urls": [["a.py", "https://other.example/a.py"]]},
        {"deps": [["github:org/repo", "latest"]]},
        {"deps": [["a", "../1"]]},
        {"version": "../1"},
        {"v": 2},
    ],
    ids=str,
)
def test_a_hostile_package_is_refused(changes: dict[str, object]) -> None:
    """No path of it leaves the folder of libraries, and no client is sent anywhere else."""
    with pytest.raises(DocumentRefusedError):
        read_package(_package(**changes), URL)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_package_index, read_package):
        with contextlib.suppress(DocumentRefusedError):
            read(data, URL)


@given(st.dictionaries(_keys, _json | st.just(1) | st.just(2)))
def test_any_json_is_read_or_refused(document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    for read in (read_package_index, read_package):
        with contextlib.suppress(DocumentRefusedError):
            read(data, URL)


@given(st.text(alphabet="a./\\_-", max_size=12))
def test_no_path_that_is_taken_leads_upwards(path: str) -> None:
    with contextlib.suppress(MalformedValueError):
        check_path(path)

        assert not path.startswith("/")
        assert all(part not in {"", ".", ".."} for part in path.split("/"))


def test_an_entry_with_an_odd_name_can_not_be_made() -> None:
    with pytest.raises(MalformedValueError):
        PackageEntry("..", "", "", "", "", "", {})


@pytest.mark.parametrize(
    ("name", "globs", "wanted"),
    [
        ("aioble", ("*",), True),
        ("aioble-core", ("aioble*",), True),
        ("umqtt.simple", ("umqtt.*",), True),
        ("Aioble", ("aioble",), False),
        ("aioble", (), False),
    ],
)
def test_globs_narrow_the_packages(name: str, globs: tuple[str, ...], wanted: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_wanted(name, globs) is wanted


@pytest.mark.skipif(not REAL.is_file(), reason="the real ../shared/real/mip-v2 is not here")
def test_every_real_document_is_read() -> None:
    """The index, and all documents that it names, of 124 packages; nothing is left out."""
    with tarfile.open(REAL) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        data = {name.partition("v2/")[2]: file.read() for name, file in files.items() if file}
    index = read_package_index(data["index.json"], URL)
    names = [name for entry in index.packages for name in entry.documents()]
    wanted = {
        file_path(file.hash8)
        for name in names
        for file in read_package(data[name.path.removeprefix("/pi/v2/")], URL).files
    }

    assert (len(index.packages), index.problems, len(names)) == (124, (), 496)
    assert wanted == {f"/pi/v2/{path}" for path in data if path.startswith("file/")}
