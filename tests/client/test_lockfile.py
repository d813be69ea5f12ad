"""A lock is read back as it was written, and nothing else is taken for one."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.values import Digest
from mirror.client.lockfile import LockedFile, parse_lock, render_lock
from mirror.errors import MalformedValueError

PICO = LockedFile(
    board="RPI_PICO_W",
    variant=None,
    version="v1.28.0",
    kind=Kind.UF2,
    name="RPI_PICO_W-20260406-v1.28.0.uf2",
    digest=Digest.of(b"a"),
    size=1,
    chip="RP2040",
    offset=0x10000000,
)
LOCK = json.loads(render_lock([PICO], "1" * 32, 7))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def test_what_is_written_is_read_and_written_again_the_same() -> None:
    data = render_lock([PICO, PICO], "1" * 32, 7)

    lock = parse_lock(data)

    assert lock.files == (PICO,)
    assert render_lock(lock.files, "1" * 32, 7) == data


@given(st.sampled_from([*LOCK["files"][0], "type", "format", "files"]), json_values)
def test_any_value_in_a_lock_is_read_or_refused(key: str, value: object) -> None:
    """Whatever a hand wrote there."""
    changed = json.loads(json.dumps(LOCK))
    place = changed["files"][0] if key in changed["files"][0] else changed
    place[key] = value
    with contextlib.suppress(MalformedValueError):
        assert all(
            file.name == PICO.name for file in parse_lock(json.dumps(changed).encode()).files
        )


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedValueError):
        parse_lock(data)


@pytest.mark.parametrize("name", ["../x.uf2", "/etc/passwd", "RPI_PICO_W-20260406-v1.28.0.bin", ""])
def test_no_name_of_a_lock_leads_elsewhere(name: str) -> None:
    """A path is no name, and a name of another kind is not this file."""
    changed = {**LOCK, "files": [{**LOCK["files"][0], "name": name}]}

    with pytest.raises(MalformedValueError):
        parse_lock(json.dumps(changed).encode())
