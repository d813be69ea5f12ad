"""Orders to pin: done only when everything is held and verified, and written down before that."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.plan import Policy
from mirror.catalog.values import Digest
from mirror.errors import (
    ConfigurationError,
    IncompleteError,
    MalformedValueError,
    NotFoundError,
    RefusedError,
    UnrecognisedNameError,
    UpstreamError,
)
from mirror.storage.entries import Decision
from mirror.storage.store import Store
from mirror.sync.orders import (
    ImportOrder,
    Order,
    PinOrder,
    PinResult,
    UnpinOrder,
    decode_news,
    decode_order,
    encode_news,
    encode_order,
)
from mirror.sync.outcome import Phase, Progress
from mirror.sync.pinning import Pinner
from tests.catalog.pins import pins
from tests.replica import Misbehaviour
from tests.storage.disks import ENOSPC, FailingDisk, every_operation
from tests.storage.samples import NO_LIMIT, noon, sighting
from tests.sync.node import WISHES, node_at
from tests.sync.pinning import pinning
from tests.sync.test_pinned import NEW, OLD, OLDEST, site, states

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirror.sync.means import Means

ONE_RELEASE = Policy(releases=1)


async def decisions(store: Store) -> list[tuple[str, str, str, str]]:
    """Return every decision in the ledger."""
    entries = [recorded.entry async for recorded in store.ledger.entries()]
    return [
        (one.what, one.subject, one.why, one.by) for one in entries if isinstance(one, Decision)
    ]


async def test_what_is_listed_is_fetched_now_and_published_as_held(tmp_path: Path) -> None:
    """The pin has its digest, the ledger the decision, and the next run changes nothing."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        node.wishes = replace(node.wishes, policy=ONE_RELEASE)
        await node.sync()
        async with pinning(node) as ordering:
            result = await ordering.pin("RPI_PICO", "v1.27.0")
        [pin] = await node.store.pins.all()

        assert (result.exit_status, result.troubles, result.pin) == (0, (), pin)
        assert result.message == (
            "RPI_PICO v1.27.0 (uf2, bin, app-bin, dfu, hex, zip):"
            " 1 of 1 files are held and verified"
        )
        assert pin.names == {OLD: (await node.files())[OLD].digest}
        assert await decisions(node.store) == [("pin", str(pin.wish), "exam", "ada")]
        assert await states(node) == {NEW: "held", OLD: "held", OLDEST: "on-demand"}
        assert (await node.sync()).ending.value == "unchanged"


async def test_what_is_held_is_pinned_without_asking_upstream(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.requests.clear()
        async with pinning(node) as ordering:
            result = await ordering.pin(OLD)

        assert (result.exit_status, replica.requests) == (0, [])


async def test_what_is_held_and_damaged_is_fetched_again(tmp_path: Path) -> None:
    """Held and verified means that its bytes were hashed now."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        digest = (await node.files())[OLD].digest
        path = tmp_path / "data" / "blobs" / "sha256" / digest.hex[:2] / digest.hex
        path.chmod(0o600)
        path.write_bytes(b"x" * path.stat().st_size)
        async with pinning(node) as ordering:
            result = await ordering.pin(OLD)

        assert result.exit_status == 0
        assert Digest.of(await node.read(digest)) == digest


async def test_what_is_neither_held_nor_listed_is_not_recorded(tmp_path: Path) -> None:
    """Upstream's pages are read anew first: it may have come since."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        async with pinning(node) as ordering:
            with pytest.raises(IncompleteError, match=r"does not list RPI_PICO v9\.9\.9"):
                await ordering.pin("RPI_PICO", "v9.9.9")
            with pytest.raises(IncompleteError, match="did you mean RPI_PICO"):
                await ordering.pin("RPI_PICOO", "v1.28.0")

        assert (await node.store.pins.all(), await decisions(node.store)) == ((), [])


async def test_what_has_come_since_the_last_run_is_found(tmp_path: Path) -> None:
    """Also on a mirror that never ran."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        async with pinning(node) as ordering:
            first = await ordering.pin("RPI_PICO", "v1.27.0")
            replica.release("RPI_PICO", "v1.29.0", date="2026-08-01")
            node.sleep(hours=2)
            second = await ordering.pin("RPI_PICO", "v1.29.0")

        assert (first.exit_status, second.exit_status) == (0, 0)
        assert {OLD, "RPI_PICO-20260801-v1.29.0.uf2"} <= set(await node.files())


async def test_a_pin_for_later_is_recorded_and_the_next_run_has_it(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        async with pinning(node) as ordering:
            result = await ordering.pin("RPI_PICO", "v1.29.0", later=True)
        replica.release("RPI_PICO", "v1.29.0", date="2026-08-01")
        await node.sync(policy=Policy(boards=()))

        assert (result.exit_status, result.pin is not None) == (4, True)
        assert "RPI_PICO-20260801-v1.29.0.uf2" in await node.files()


async def test_a_file_that_is_refused_leaves_the_pin_wanted(tmp_path: Path) -> None:
    """It is named, and the next run mends it."""
    replica = site()
    replica.misbehave(OLD, Misbehaviour.ZEROS, 1)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        node.wishes = replace(node.wishes, policy=ONE_RELEASE)
        await node.sync()
        async with pinning(node) as ordering:
            result = await ordering.pin(OLD)
        [wanted] = await node.store.pins.all()
        await node.sync()
        [settled] = await node.store.pins.all()

        assert (result.exit_status, [one.subject for one in result.troubles]) == (4, [OLD])
        assert (wanted.open, settled.open) == ((OLD,), ())


async def test_an_upstream_that_is_gone_is_status_3_and_the_pin_stays_wanted(
    tmp_path: Path,
) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        node.wishes = replace(node.wishes, policy=ONE_RELEASE)
        await node.sync()
    async with node_at(tmp_path / "data", url) as node, pinning(node) as ordering:
        result = await ordering.pin(OLD)
        with pytest.raises(UpstreamError):
            await ordering.pin("RPI_PICO", "v9.9.9")
        ordering.way.sealed = True
        offline = await ordering.pin(OLDEST)

        assert (result.exit_status, offline.exit_status) == (3, 3)
        assert [pin.open for pin in await node.store.pins.all()] == [(OLD,), (OLDEST,)]


async def test_what_is_pinned_while_a_run_goes_on_is_published_and_stays(tmp_path: Path) -> None:
    """Neither waits for the other's end, and neither publishes the other's work away."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        node.wishes = replace(node.wishes, policy=ONE_RELEASE, fetches=1)
        run = asyncio.create_task(node.sync())
        await node.reaches(Phase.FETCH, 1)
        async with pinning(node) as ordering:
            ordering.pinner = replace(ordering.pinner, running=lambda: True)
            result = await ordering.pin(OLDEST)
            during = await node.files()
            with pytest.raises(IncompleteError):
                await ordering.pin("RPI_PICO", "v9.9.9")
        outcome = await run

        assert (result.exit_status, outcome.exit_status) == (0, 0)
        assert OLDEST in during
        assert {NEW, OLDEST} <= set(await node.files())
        assert (await node.sync()).ending.value == "unchanged"


async def test_to_pin_again_is_to_look_again(tmp_path: Path) -> None:
    """One wish is one pin; what joins is what was asked for now, and no digest changes."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        async with pinning(node) as ordering:
            first = await ordering.pin("RPI_PICO", "v1.27.0")
            second = await ordering.pin("RPI_PICO", "v1.27.0")

        assert first.pin == second.pin
        assert len(await node.store.pins.all()) == 1


async def test_what_another_mirror_pinned_is_held_with_its_digests(tmp_path: Path) -> None:
    async with site().running() as url:
        async with node_at(tmp_path / "one", url) as node, pinning(node) as ordering:
            exported = (await ordering.pin("RPI_PICO", "v1.27.0")).pin
            assert exported is not None
        async with node_at(tmp_path / "two", url) as node, pinning(node) as ordering:
            await node.sync(policy=ONE_RELEASE)
            result = await ordering.pinner.obey(ImportOrder(pin=exported), ordering.told.append)

            assert (result.exit_status, result.pin) == (0, exported)
            assert (await node.files())[OLD].digest in exported.digests


async def test_a_pin_of_other_bytes_than_are_here_is_refused(tmp_path: Path) -> None:
    """Held already: nothing is recorded.  Fetched now: named, and the pin keeps its digest."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=Policy(releases=2))
        async with pinning(node) as ordering:
            made = (await ordering.pin(OLD)).pin
            assert made is not None
            await ordering.pinner.obey(
                UnpinOrder(id=made.id, why="again", by="ada"), ordering.told.append
            )
            other = replace(made, names={OLD: Digest.of(b"other")})
            with pytest.raises(RefusedError, match="is pinned as"):
                await ordering.pinner.obey(ImportOrder(pin=other), ordering.told.append)
            assert await node.store.pins.all() == ()
            absent = replace(
                (await ordering.pin(OLDEST, later=True)).pin or made, names={OLDEST: None}
            )
            await node.store.pins.put(replace(absent, names={OLDEST: Digest.of(b"other")}))
            again = await ordering.pin(OLDEST)

        assert again.exit_status == 4
        assert "its bytes here are" in again.troubles[-1].text


async def test_what_is_unpinned_is_in_the_ledger_and_its_bytes_stay(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        async with pinning(node) as ordering:
            made = (await ordering.pin(OLD)).pin
            assert made is not None
            order = UnpinOrder(id=made.id, why="over", by="ada")
            result = await ordering.pinner.obey(order, ordering.told.append)
            with pytest.raises(NotFoundError, match="there is no pin"):
                await ordering.pinner.obey(order, ordering.told.append)

        assert (result.exit_status, result.pin) == (0, None)
        assert await node.store.pins.all() == ()
        assert await decisions(node.store) == [
            ("pin", OLD, "exam", "ada"),
            ("unpin", OLD, "over", "ada"),
        ]
        assert OLD in await node.files()


@pytest.mark.parametrize(
    ("what", "version", "error"),
    [
        ("RPI_PICO", None, UnrecognisedNameError),
        (OLD, "v1.27.0", MalformedValueError),
        ("RPI_PICO", "newest", MalformedValueError),
        ("../x", "v1.27.0", MalformedValueError),
    ],
)
async def test_what_can_not_be_understood_is_refused(
    tmp_path: Path, what: str, version: str | None, error: type[RefusedError]
) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        async with pinning(node) as ordering:
            with pytest.raises(error):
                await ordering.pin(what, version)

        assert await node.store.pins.all() == ()


class Nowhere:
    """No way to any upstream."""

    sealed = True

    async def means(self, report: Callable[[Progress], None]) -> Means:
        """Refuse."""
        del report
        raise ConfigurationError("no upstream is asked")


async def test_a_disk_that_is_full_at_any_operation_leaves_pins_whole(tmp_path: Path) -> None:
    """For the n-th operation of a pin, for every n: again does it, and the ledger holds."""
    disk = FailingDisk()
    order = PinOrder(what=OLD, why="exam", by="ada")
    opened = Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT, disk=disk)
    async with opened as store:
        digest = await store.blobs.put(b"bytes")
        await store.ledger.append([sighting(OLD, b"bytes")])
        pinner = Pinner(
            store=store, way=Nowhere(), upstream="http://127.0.0.1:1", wishes=WISHES, clock=noon
        )
        for n in every_operation(disk):
            with disk.broken(n, ENOSPC):
                await pinner.obey(order, _nobody)
            left = await store.pins.all()
            result = await pinner.obey(order, _nobody)
            assert result.pin is not None
            await store.pins.remove(result.pin.id)

            assert (result.exit_status, result.pin.names) == (0, {OLD: digest})
            assert left in ((), (result.pin,))
            assert await store.ledger.verify() == store.ledger.head


def _nobody(_progress: Progress) -> None:
    """Tell nobody."""


orders = st.one_of(
    st.builds(PinOrder, what=st.text(), version=st.none() | st.text(), why=st.text(), by=st.text()),
    pins().map(lambda pin: ImportOrder(pin=pin)),
    st.builds(UnpinOrder, id=st.text(), why=st.text(), by=st.text()),
)


@given(orders)
def test_an_order_is_read_as_it_was_written(order: Order) -> None:
    assert decode_order(encode_order(order)) == order


@given(pins())
def test_a_result_is_read_as_it_was_written(pin: object) -> None:
    result = PinResult(pin=pin, message="done", exit_status=0)  # type: ignore[arg-type]

    assert decode_news(encode_news(result)) == result


@given(st.binary(max_size=200))
def test_any_bytes_are_an_order_or_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedValueError):
        decode_order(data)
    with pytest.raises(MalformedValueError):
        decode_news(data)
