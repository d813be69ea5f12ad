"""Pins are files: whole or not there, the same after any failure, and never silently fewer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, MalformedValueError, NotFoundError
from mirror.storage.pins import Pin, PinReader, Pins, decode_pin, encode_pin
from mirror.storage.store import Store, StoreReader, forget_index
from tests.catalog.pins import NAME, NOON, pin_of, pins
from tests.storage.disks import EIO, ENOSPC, FailingDisk, every_operation
from tests.storage.samples import NO_LIMIT, noon

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

PIN = pin_of(digest=Digest.of(b"bytes"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for pins."""
    folder = tmp_path / "pins"
    folder.mkdir()
    return folder


@pytest.fixture
def kept(folder: Path, files: Files) -> Pins:
    """Return no pins yet."""
    return Pins(folder, files)


@given(pins())
def test_what_is_written_is_read_back(pin: Pin) -> None:
    assert decode_pin(encode_pin(pin)) == pin
    assert encode_pin(decode_pin(encode_pin(pin))) == encode_pin(pin)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(MalformedValueError, match="not a pin"):
        decode_pin(data)


@given(pins(), st.data())
def test_a_damaged_pin_is_read_or_refused(pin: Pin, data: st.DataObject) -> None:
    """One byte is another one: it is a pin all the same, or is refused by name."""
    whole = bytearray(encode_pin(pin))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_pin(bytes(whole))
    except MalformedValueError:
        return

    assert found.id == found.wish.id


def test_a_pin_beyond_all_measure_is_refused() -> None:
    with pytest.raises(MalformedValueError, match="at most"):
        decode_pin(b" " * (2 << 20))


async def test_pins_are_told_oldest_first_and_found_by_id(kept: Pins, folder: Path) -> None:
    """A reader beside the writer sees them too."""
    newer = replace(pin_of("RPI_PICO-20260406-v1.28.0.uf2"), time=NOON + timedelta(minutes=1))
    for pin in (newer, PIN):
        await kept.put(pin)
    reader = PinReader(folder)

    assert await reader.all() == (PIN, newer)
    assert await reader.find(PIN.id) == PIN
    assert await reader.find("0" * 12) is None


async def test_a_pin_that_is_removed_is_gone(kept: Pins) -> None:
    await kept.put(PIN)
    await kept.remove(PIN.id)

    assert await kept.all() == ()
    with pytest.raises(NotFoundError, match="there is no pin"):
        await kept.remove(PIN.id)


async def test_a_pin_that_can_not_be_read_is_damage_and_can_be_removed(
    kept: Pins, folder: Path
) -> None:
    """It is never left out: whoever removes bytes must know all pins."""
    await kept.put(PIN)
    (folder / f"{PIN.id}.json").write_bytes(encode_pin(PIN)[:-1])
    with pytest.raises(DamagedError, match="can not be read"):
        await kept.all()
    await kept.remove(PIN.id)

    assert await kept.all() == ()


async def test_a_pin_under_the_name_of_another_is_damage(kept: Pins, folder: Path) -> None:
    (folder / f"{'0' * 12}.json").write_bytes(encode_pin(PIN))
    with pytest.raises(DamagedError, match="holds the pin"):
        await kept.all()


@pytest.mark.parametrize("pin_id", ["", "../../channels/current", "0" * 13, "A" * 12])
async def test_an_id_never_becomes_a_path(kept: Pins, pin_id: str) -> None:
    with pytest.raises(MalformedValueError, match="12 hex digits"):
        await kept.remove(pin_id)


async def test_other_files_beside_the_pins_are_no_pins(kept: Pins, folder: Path) -> None:
    """What an editor or a killed process left there."""
    (folder / f".{PIN.id}.json.0.new").write_bytes(b"{")
    (folder / "notes.txt").write_bytes(b"{")

    assert await kept.all() == ()


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_a_disk_that_fails_leaves_the_old_pin_or_the_new(
    kept: Pins, failing: FailingDisk, error: int
) -> None:
    """For the n-th operation, for every n; and again does it."""
    open_pin = pin_of()
    await kept.put(open_pin)
    for n in every_operation(failing):
        before = await kept.find(PIN.id)
        with failing.broken(n, error):
            await kept.put(PIN)

        assert await kept.find(PIN.id) in (before, PIN)
        await kept.put(PIN)
        assert await kept.find(PIN.id) == PIN
        await kept.put(open_pin)


async def test_pins_outlive_the_database(tmp_path: Path) -> None:
    """They are files: a copy of the data has them, and making the index again keeps them."""
    data = tmp_path / "data"
    async with Store.open(data, clock=noon, terms=NO_LIMIT) as store:
        await store.pins.put(PIN)
    await forget_index(data)
    async with Store.open(data, clock=noon, terms=NO_LIMIT) as store:
        found = await store.pins.all()
    reader = await StoreReader.open_for_reading(data)

    assert found == (PIN,)
    assert await reader.pins.all() == (PIN,)
    assert found[0].digests == {Digest.of(b"bytes")}


async def test_data_of_a_time_before_pins_have_none(tmp_path: Path) -> None:
    assert await PinReader(tmp_path / "pins").all() == ()


def test_a_pin_stands_in_its_file_as_canonical_json() -> None:
    assert encode_pin(PIN) == (
        b'{"by":"ada","id":"'
        + PIN.id.encode()
        + b'","later":false,"names":{"'
        + NAME.encode()
        + b'":"'
        + str(Digest.of(b"bytes")).encode()
        + b'"},"time":"2026-08-24T12:00:00Z",'
        b'"why":"the exam","wish":{"board":"RPI_PICO","kinds":["uf2"],"name":"'
        + NAME.encode()
        + b'","variant":null,"version":"v1.27.0"}}'
    )
