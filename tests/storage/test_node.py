"""The ids of this node."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.errors import DamagedError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.node import NODE_FILE, Node, find_node, make_node, write_node


def test_a_folder_without_ids_has_none(tmp_path: Path) -> None:
    """None means: not made yet."""
    assert find_node(tmp_path) is None


def test_ids_are_kept(tmp_path: Path) -> None:
    """What was written is found."""
    node = make_node(bytes)
    write_node(tmp_path, node, Files(Disk()))

    assert find_node(tmp_path) == node


def test_the_two_ids_are_two_draws() -> None:
    """Lineage and node id do not follow from each other."""
    draws = map(bytes, itertools.repeat(b"\x01" * 16, 1)), map(bytes, [b"\x02" * 16])
    given_bytes = itertools.chain(*draws)

    assert make_node(lambda _count: next(given_bytes)) == Node("01" * 16, "02" * 16)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_holds_ids_or_is_damaged(text: bytes) -> None:
    """A broken file never makes a new lineage."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / NODE_FILE).write_bytes(text)
        with pytest.raises(DamagedError, match="does not hold the ids of a node"):
            find_node(Path(folder))


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=30)
def test_ids_are_32_hex_digits_or_damage(lineage: str, node_id: str) -> None:
    """Upper case, other lengths, line ends: damage."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(DamagedError):
        write_node(Path(folder), Node(lineage, node_id), Files(Disk()))
        node = find_node(Path(folder))

        assert node is None or len(bytes.fromhex(node.lineage + node.node_id)) == 32
