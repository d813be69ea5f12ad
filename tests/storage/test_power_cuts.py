"""Cut the power at any instant: what was reported done is there, and nothing is half there.

A day of a mirror is recorded operation by operation; then disks that a power cut could
have left are made (`tests.storage.power`), opened, and held against the promises: P1 (a
publication names only what is held), P3 (what was done stays done), P7 (nothing goes back).
"""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.storage.entries import Sighting
from tests.catalog.pins import pin_of
from tests.storage.disks import LazyDisk
from tests.storage.power import Done, MakeFolder, Operation, RecordingDisk, Rename, Wreck
from tests.storage.samples import REASONS, decision, files_below, open_folder, refusal, sighting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import TypeAlias

    from mirror.storage.folder import DataFolder

    Cut: TypeAlias = Callable[["Day", Path, random.Random], Awaitable[None]]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it have unforeseeable names
URL = "https://micropython.test/"
LARGE = random.Random(1).randbytes((1 << 20) + 12_345)  # noqa: S311 - not for secrets


@dataclass(frozen=True)
class Day:
    """What was done to the disk of a mirror, in the folder *root*."""

    root: Path
    log: list[Operation]
    roots: list[str]

    def instant(self, chance: random.Random) -> int:
        """Choose after how many operations the power is cut: seldom while folders are made."""
        made = sum(isinstance(operation, MakeFolder) for operation in self.log)
        return chance.randint(0 if chance.random() < 0.1 else made, len(self.log))

    def done_before(self, end: int) -> set[str]:
        """Say what had been reported done when the power was cut."""
        return {operation.what for operation in self.log[:end] if isinstance(operation, Done)}

    def seen_before(self, end: int) -> list[str]:
        """Say which roots a client can have seen: the pointer was moved, durably or not."""
        moves = [op for op in self.log[:end] if isinstance(op, Rename) and op.new.name == "current"]
        return self.roots[: len(moves)]


async def two_days(root: Path) -> Day:
    """Record two days of a mirror that was started anew between them."""
    disk = RecordingDisk()
    for day in (1, 2):
        await live(open_folder(root, disk).parts, disk, day)
    publications = open_folder(root).parts.publications
    roots = [await publications.root(sequence) for sequence in await publications.sequences()]
    return Day(root, disk.log, [str(root) for root in roots])


async def live(parts: DataFolder, disk: RecordingDisk, day: int) -> None:
    """Let a mirror do all that it does, and write down what was reported done."""
    names = [f"d{day}-{number}.bin" for number in range(3)]
    for name in names:
        async with parts.incoming.open(name, URL + name) as part:
            await part.restart('"etag"')
            data = name.encode() * 500
            await part.write(data)
            await part.finish()
            digest = await parts.blobs.keep(part)
            disk.done(f"blob {digest.hex}")
        await parts.ledger.append([sighting(name, data), decision(name)])
        disk.done(f"ledger {parts.ledger.head.number}")
    await _publish(parts, disk, [Digest.of(name.encode() * 500) for name in names])
    pin = pin_of(f"RPI_PICO-2026040{day}-v1.28.0.uf2")
    await parts.pins.put(pin)
    await parts.pins.put(pin.settled(dict.fromkeys(pin.names, Digest.of(names[0].encode() * 500))))
    disk.done(f"pin {pin.id}")
    async with parts.incoming.open("large.bin", URL + "large.bin") as part:
        await part.write(LARGE[part.size :])
    async with parts.incoming.open(f"bad{day}.bin", URL) as part:
        await part.write(b"bad" * 2000 + bytes([day]))
        await part.finish()
        await parts.quarantine.put(part, "bad.bin", URL, REASONS)
        disk.done("quarantine")
    await parts.ledger.append([refusal(name) for name in names])
    disk.done(f"ledger {parts.ledger.head.number}")
    await _publish(parts, disk, [Digest.of(names[0].encode() * 500)])
    before = await parts.publications.current("lab-stable")
    root = await parts.publications.root(await parts.publications.next_sequence() - 1)
    await parts.publications.point("lab-stable", root, after=before)
    disk.done("channel lab-stable")


async def _publish(parts: DataFolder, disk: RecordingDisk, digests: list[Digest]) -> None:
    """Publish a root that names two documents, which name *digests*."""
    lines = "".join(f"{digest}\n" for digest in digests).encode()
    sequence = await parts.publications.next_sequence()
    documents = await parts.blobs.put_many([lines, lines + f"{sequence}".encode()])
    root = await parts.blobs.put("".join(f"{digest}\n" for digest in documents).encode())
    await parts.publications.publish(sequence, root)
    disk.done(f"publication {sequence}")


@pytest.fixture
def memory() -> Iterator[Path]:
    """Return a folder in memory, where there is one: thousands of folders come and go in it."""
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


async def test_a_power_cut_takes_back_nothing_that_was_done(memory: Path) -> None:
    """At many instants of two days, with what was not synced lost, torn, or there."""
    await cut_often(memory, cut_once, range(60))


async def test_a_power_cut_while_the_last_one_is_mended_takes_back_nothing_either(
    memory: Path,
) -> None:
    """Recovery is as careful as all the rest."""
    await cut_often(memory, cut_twice, range(30))


@pytest.mark.long
@pytest.mark.parametrize("cut", ["once", "twice"])
async def test_thousands_of_power_cuts_take_back_nothing(memory: Path, cut: str) -> None:
    """The same, with seeds of this moment: the failing one is printed."""
    first = random.SystemRandom().randrange(1 << 32)
    await cut_often(memory, cut_once if cut == "once" else cut_twice, range(first, first + 3000))


async def cut_often(memory: Path, cut: Cut, seeds: range) -> None:
    """Cut the power as often as there are seeds, each time in a folder of its own."""
    (memory / "recorded").mkdir()
    day = await two_days(memory / "recorded" / "data")
    for seed in seeds:
        print(f"seed {seed}")  # noqa: T201 - shown when the test fails: the last one is it
        (memory / "left").mkdir()
        await cut(day, memory / "left", random.Random(seed))  # noqa: S311 - not for secrets
        shutil.rmtree(memory / "left")


# --- what must be true of any disk that is left ------------------------------------------


async def prove(folder: Path, done: set[str], seen: list[str]) -> None:
    """Open what was left, and hold it against the promises."""
    parts = open_folder(folder, LazyDisk()).parts
    await prove_blobs(folder, parts, done)
    await prove_publications(parts, done, seen)
    await prove_ledger(parts, done)
    settled = {f"pin {pin.id}" for pin in await parts.pins.all() if not pin.open}
    assert {what for what in done if what.startswith("pin ")} <= settled
    assert {"quarantine"} & done <= {"quarantine" for _ in await parts.quarantine.notes()}
    await prove_download(parts)
    await prove_life_goes_on(parts)


async def prove_blobs(folder: Path, parts: DataFolder, done: set[str]) -> None:
    """Every blob is what its name says, and every blob that was reported is there."""
    for path in files_below(folder / "blobs"):
        assert path.name == Digest.of(path.read_bytes()).hex
    promised = {Digest(what.split()[1]) for what in done if what.startswith("blob ")}
    assert await parts.blobs.missing(promised) == set()


async def prove_publications(parts: DataFolder, done: set[str], seen: list[str]) -> None:
    """P1 for each of them, P3 for those that were reported, P7 for those that were seen."""
    sequences = await parts.publications.sequences()
    for sequence in sequences:
        for document in await lines_of(parts, await parts.publications.root(sequence)):
            held = [Digest.parse(line) for line in await lines_of(parts, document) if ":" in line]
            assert await parts.blobs.missing(held) == set()
    promised = {int(what.split()[1]) for what in done if what.startswith("publication ")}
    assert promised <= set(sequences)
    assert await parts.publications.next_sequence() > max(promised, default=0)
    found = [str(await parts.publications.root(sequence)) for sequence in sequences]
    assert found[: len(seen)] == seen
    if "channel lab-stable" in done:
        assert await parts.publications.current("lab-stable") is not None


async def lines_of(parts: DataFolder, document: Digest | str) -> list[str]:
    """Read a document, which must be held and sound."""
    digest = Digest.parse(str(document))
    return (await parts.blobs.read(digest, max_bytes=10_000)).decode().splitlines()


async def prove_ledger(parts: DataFolder, done: set[str]) -> None:
    """The chain holds, goes as far as was reported, and names only what is held."""
    promised = {int(what.split()[1]) for what in done if what.startswith("ledger ")}
    assert (await parts.ledger.verify()).number >= max(promised, default=0)
    entries = [recorded.entry async for recorded in parts.ledger.entries()]
    seen = [entry.digest for entry in entries if isinstance(entry, Sighting)]
    assert await parts.blobs.missing(seen) == set()


async def prove_download(parts: DataFolder) -> None:
    """What a download goes on from are its own first bytes."""
    async with parts.incoming.open("large.bin", URL + "large.bin") as part:
        size = part.size
        received = await part.finish()
        await part.discard()
    assert received.digest == Digest.of(LARGE[:size])


async def prove_life_goes_on(parts: DataFolder) -> None:
    """The next sync puts, records and publishes as if nothing had happened."""
    digest = await parts.blobs.put(b"the next day")
    await parts.ledger.append([sighting("next.bin", b"the next day")])
    sequence = await parts.publications.next_sequence()
    await parts.publications.publish(sequence, digest)
    assert await parts.publications.current() == digest
    assert await parts.ledger.verify() == parts.ledger.head


async def cut_once(day: Day, folder: Path, chance: random.Random) -> None:
    """Cut the power at some instant of *day*, and prove what is left."""
    end = day.instant(chance)
    Wreck(day.root, day.log[:end]).leave(chance, folder)
    await prove(folder / day.root.name, day.done_before(end), day.seen_before(end))


async def cut_twice(day: Day, folder: Path, chance: random.Random) -> None:
    """Cut the power at some instant of *day*, and again while its traces are mended."""
    end = day.instant(chance)
    first, second = folder / "first", folder / "second"
    first.mkdir()
    second.mkdir()
    Wreck(day.root, day.log[:end]).leave(chance, first)
    disk = RecordingDisk()
    disk.adopt(first / day.root.name)
    known = len(disk.log)
    open_folder(first / day.root.name, disk)
    Wreck(first / day.root.name, disk.log[: chance.randint(known, len(disk.log))]).leave(
        chance, second
    )
    await prove(second / day.root.name, day.done_before(end), day.seen_before(end))
