"""What a power cut left, opened as the next start opens it, and held against the promises.

A violation is a sentence; none is what every test here wants.  Bytes are judged with plain
hashes and JSON (`tests.proofs.remains`), so that no code of the mirror vouches for itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, MirrorError
from mirror.storage.entries import Decision, Removal, Sighting
from tests.proofs.remains import damaged, missing
from tests.proofs.scenes import opened
from tests.storage.disks import LazyDisk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from mirror.storage.store import Store


@dataclass(frozen=True, slots=True)
class LetGo:
    """What the ledger says was let go on purpose: blobs, in hex, and publications."""

    blobs: frozenset[str]
    sequences: frozenset[int]


async def violations(
    data: Path,
    promised: frozenset[str],
    seen: list[str],
    may_be_damaged: frozenset[str],
    finish: Callable[[Store], Awaitable[None]] | None,
) -> list[str]:
    """Open *data*, and return each promise that does not hold there.

    *promised* and *seen* are what had been reported done and published, *may_be_damaged* the
    blobs that were damaged before; *finish*, if it is given, must end well.
    """
    excused = may_be_damaged - {what.split()[1] for what in promised if what.startswith("blob ")}
    try:
        async with opened(data, LazyDisk()) as store:
            found = [
                *_whole(data, excused, let_go := await _let_go(store)),
                *[one async for one in _closed(data, store, excused)],
                *[one async for one in _durable(store, promised, seen, let_go)],
                *[one async for one in _nothing_lost(store, excused, let_go)],
            ]
            if finish is not None:
                await finish(store)
                found += _whole(data, frozenset(), await _let_go(store))
    except MirrorError as error:
        return [f"P3: it can not be opened or gone on with: {error}"]
    except (OSError, ValueError, AssertionError) as error:
        return [f"P1: a publication can not be walked: {error!r:.300}"]
    return found


def facts_of(data: Path) -> frozenset[str]:
    """Return what the data folder *data* promises as it is: blobs, publications, the ledger."""
    bad = damaged(data)
    lines = sum(path.read_bytes().count(b"\n") for path in data.glob("ledger/*.jsonl"))
    roots = enumerate(roots_of(data), start=1)
    return frozenset(
        [
            f"ledger {lines}",
            *(f"publication {sequence} {root}" for sequence, root in roots),
            *(f"blob {name}" for name in _blobs(data) if name not in bad),
        ]
    )


def roots_of(data: Path) -> list[str]:
    """Return the roots of all publications, the first one first."""
    paths = sorted(data.glob("publications/[0-9]*"), key=lambda path: int(path.name))
    return [path.read_text().strip() for path in paths]


async def _let_go(store: Store) -> LetGo:
    """Return what the ledger says was let go on purpose."""
    blobs, sequences = set[str](), set[int]()
    async for recorded in store.ledger.entries():
        match recorded.entry:
            case Removal() as removal:
                blobs.add(removal.digest.hex)
            case Sighting() as sighting:
                blobs.discard(sighting.digest.hex)
            case Decision(what="forget") as decision:
                sequences.add(int(decision.subject.rpartition(" ")[2]))
            case _:
                pass
    return LetGo(frozenset(blobs), frozenset(sequences))


def _whole(data: Path, excused: frozenset[str], let_go: LetGo) -> Iterator[str]:
    for name in set(damaged(data)) - excused:
        yield f"P1: {name} has other bytes than its name says"
    current = missing(data, data.glob("channels/[a-z]*"))
    # Of an older publication the documents stay longer than its files.
    older = set(missing(data, data.glob("publications/[0-9]*"))) - {
        f"sha256:{name}" for name in let_go.blobs
    }
    for digest in {*current, *older}:
        if digest.removeprefix("sha256:") not in excused:
            yield f"P1: {digest} is published and not held"


async def _closed(data: Path, store: Store, excused: frozenset[str]) -> AsyncIterator[str]:
    """Whatever is served is what its name says; what is damaged is not served."""
    for name in _blobs(data):
        try:
            with await store.blobs.open(Digest(name)) as blob:
                actual = hashlib.sha256(blob.file.read()).hexdigest()
        except DamagedError:
            if name not in excused:
                yield f"P4: {name} is damaged"
        else:
            if actual != name:
                yield f"P4: {name} is served with the bytes of {actual}"


def _blobs(data: Path) -> list[str]:
    return sorted(path.name for path in data.glob("blobs/sha256/*/[0-9a-f]*"))


async def _durable(
    store: Store, promised: frozenset[str], seen: list[str], let_go: LetGo
) -> AsyncIterator[str]:
    end = (await store.ledger.verify()).number
    sequences = await store.publications.sequences()
    roots = {n: str(await store.publications.root(n)) for n in sequences}
    for what in promised:
        match what.split():
            case ["blob", name] if not (name in let_go.blobs or await _has(store, name)):
                yield f"P3: the blob {name} was held and is gone"
            case ["ledger", number] if end < int(number):
                yield f"P3: the ledger had {number} lines and has {end}"
            case ["publication", number, root] if roots.get(int(number)) != root and (
                int(number) not in let_go.sequences
            ):
                yield f"P3: publication {number} was reported and is not there"
            case _:
                pass
    left = [root for number, root in enumerate(seen, start=1) if number in roots]
    gone = [number for number in range(1, len(seen) + 1) if number not in roots]
    if not let_go.sequences.issuperset(gone) or list(roots.values())[: len(left)] != left:
        yield f"P7: clients saw {len(seen)} publications, and now there are {len(roots)}"


async def _has(store: Store, name: str) -> bool:
    return await store.blobs.has(Digest(name))


async def _nothing_lost(store: Store, excused: frozenset[str], let_go: LetGo) -> AsyncIterator[str]:
    """What the ledger has seen accepted is held, and the index knows as much as the ledger."""
    async for recorded in store.ledger.entries():
        entry = recorded.entry
        if isinstance(entry, Sighting) and entry.digest.hex not in excused:
            if entry.digest.hex not in let_go.blobs and not await _has(store, entry.digest.hex):
                yield f"P6: {entry.name} is in the ledger and not held"
            if await store.index.find_sighting(entry.name) is None:
                yield f"P6: {entry.name} is in the ledger and not in the index"
    for note in await store.quarantine.notes():
        if note.digest is None:
            yield f"P6: the note of {note.name} in quarantine names no bytes"
