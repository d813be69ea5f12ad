"""What pins want of a crawl, and what of that has come.

A pin's names are wanted whatever the policy says, and so is what upstream lists now for a pin
that takes what comes later.  Once held, an artifact's digest is written to its pin and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.catalog.model import CatalogBoard
    from mirror.catalog.pins import Pin
    from mirror.storage.store import Store, StoreReader


async def pinned_names(store: StoreReader, boards: Iterable[CatalogBoard] = ()) -> dict[str, str]:
    """Return all pinned names, with those of *boards* that join now, each with its pin's id.

    Where two pins have one name, the older pin is named.  Raises `DamagedError` when a pin can
    not be read.
    """
    found: dict[str, str] = {}
    for pin in _joined(await store.pins.all(), boards):
        for name in pin.names:
            found.setdefault(name, pin.id)
    return found


async def settle(store: Store, boards: Iterable[CatalogBoard] = ()) -> None:
    """Write down in each pin what joins it now, and the digests of what has come."""
    pins = await store.pins.all()
    for before, pin in zip(pins, _joined(pins, boards), strict=True):
        settled = pin.settled(await store.index.held_digests(pin.open)) if pin.open else pin
        if settled != before:
            await store.pins.put(settled)


async def missing_pinned(store: StoreReader) -> tuple[str, ...]:
    """Return the pinned names whose bytes are not held."""
    pins = await store.pins.all()
    absent = await store.blobs.missing({digest for pin in pins for digest in pin.digests})
    names = {
        name
        for pin in pins
        for name, digest in pin.names.items()
        if digest is None or digest in absent
    }
    return tuple(sorted(names))


async def unheld_pinned(store: Store) -> tuple[str, ...]:
    """Return the pinned names whose bytes are not held, but for those that are recalled.

    A recall outranks a pin: what nobody may have, no run can be asked for.
    """
    names = await store.index.recalled_names()
    return tuple(name for name in await missing_pinned(store) if name not in names)


def _joined(pins: Iterable[Pin], boards: Iterable[CatalogBoard]) -> list[Pin]:
    by_id = {board.facts.board: board for board in boards}
    return [_joined_by(pin, by_id.get(pin.wish.board)) for pin in pins]


def _joined_by(pin: Pin, board: CatalogBoard | None) -> Pin:
    if board is None or not pin.later:
        return pin
    return pin.joined_by(str(listing.name) for listing in pin.wish.resolve(board, pin.names))
