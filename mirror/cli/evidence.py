"""`mpmirror verify --evidence`: what the ledger knows of the bytes of a file.

A file is known by its digest alone; its name says nothing here, and its bytes are not parsed.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.cli.readable import opened
from mirror.cli.terminal import complain, say, say_json
from mirror.errors import RefusedError, StorageError
from mirror.frozen import dataclass
from mirror.publication.words import verdict_words
from mirror.shapes import Shape
from mirror.storage.entries import (
    Change,
    Decision,
    Look,
    Recorded,
    Refusal,
    Removal,
    Return,
    Sighting,
    Withdrawal,
)
from mirror.storage.store import StoreReader
from mirror.storage.testimony import Known, Standing, look_up
from mirror.sync.publish import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RECORDED = Shape(Recorded)
_WORDS: Final = {
    Standing.ACCEPTED: "known and accepted",
    Standing.REFUSED: "known, and refused",
    Standing.CHANGED: "known, and not accepted: the same name had other bytes",
    Standing.RECALLED: "known, and recalled: nobody may have these bytes",
    Standing.AWAITING: "known, and awaiting a second look",
    Standing.UNKNOWN: "unknown: the ledger has never seen these bytes",
}


@dataclass(frozen=True, slots=True)
class _Handed:
    """A file that was handed in."""

    path: Path
    size: int
    digest: Digest


def tell_evidence(folder: Path, files: Sequence[Path], *, as_json: bool) -> None:
    """Say what the ledger in the data folder *folder* knows of each of *files*.

    Raises `RefusedError` unless all are known and accepted, `StorageError` when one could not
    be read, `DamagedError` for a ledger that is not as it was written.
    """
    handed = list(_handed(files))
    found = asyncio.run(_look_up(folder, [one.digest for one in handed]))
    if as_json:
        say_json([_document(*pair) for pair in zip(handed, found, strict=True)])
    else:
        for pair in zip(handed, found, strict=True):
            for line in _lines(*pair):
                say(line)
    if len(handed) < len(files):
        missing = len(files) - len(handed)
        raise StorageError(f"{missing} of {len(files)} files could not be read")
    strange = sum(one.standing is not Standing.ACCEPTED for one in found)
    if strange:
        raise RefusedError(f"{strange} of {len(files)} files are not known and accepted")


def _handed(files: Sequence[Path]) -> Iterator[_Handed]:
    for path in files:
        try:
            with opened(path) as (file, size):
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except StorageError as error:
            complain(str(error))
        else:
            yield _Handed(path, size, Digest(digest))


async def _look_up(folder: Path, digests: list[Digest]) -> list[Known]:
    store = await StoreReader.open_for_reading(folder)
    return await look_up(store.ledger, digests)


def _document(file: _Handed, found: Known) -> dict[str, object]:
    return {
        "file": str(file.path),
        "size": file.size,
        "sha256": file.digest.hex,
        "standing": found.standing.value,
        "ledger": {"lines": found.head.number, "head": str(found.head.digest)},
        "known": found.known,
        "records": [
            {"type": type(one.entry).__name__.lower(), **_RECORDED.dump_python(one, mode="json")}
            for one in found.records
        ],
    }


def _lines(file: _Handed, found: Known) -> Iterator[str]:
    yield f"{file.path}: {_WORDS[found.standing]}"
    yield f"  sha256: {file.digest.hex}"
    yield f"  size: {file.size:,} bytes"
    yield f"  ledger: the chain holds from its first line to line {found.head.number}"
    first = found.first_sight
    if first is not None and isinstance(first.entry, Sighting):
        yield from _sight(first, first.entry)
    for recorded in found.records:
        if recorded is not first:
            yield f"  line {recorded.position.number}: {_event(recorded)}"
    if found.known > len(found.records):
        yield f"  … {found.known - len(found.records)} more lines in between: --json has the rest"


def _sight(recorded: Recorded, sighting: Sighting) -> Iterator[str]:
    place, verdict = recorded.position, sighting.verdict
    yield f"  first seen: {stamp(sighting.time)} as {sighting.name}, listed for {sighting.board}"
    yield f"  from: {sighting.url}"
    yield f"  verdict: {verdict.conclusion}: {verdict_words(verdict, sighting.url)}"
    yield f"  line: {place.number} of the ledger, {place.digest}"
    yield f"  follows: {recorded.previous}"
    evidence = sighting.evidence
    if evidence is not None:
        yield f"  peer: {evidence.peer or 'not known'}"
        yield f"  certificate: {evidence.certificate or 'none shown'}"
        yield f"  page: {evidence.page or 'not known'}"
    headers = [
        ("ETag", sighting.etag),
        ("Last-Modified", sighting.last_modified),
        ("Content-Type", sighting.content_type),
        *(evidence.headers if evidence else ()),
    ]
    yield from (f"  header: {name}: {value}" for name, value in headers if value is not None)


def _event(recorded: Recorded) -> str:
    match recorded.entry:
        case Sighting(time=time, name=name):
            text = f"seen again {stamp(time)} as {name}"
        case Look(time=time, name=name, how=how, awaits=awaits):
            left = f", still awaits {' and '.join(awaits)}" if awaits else ", accepted"
            text = f"second look {stamp(time)} at {name}: {how}{left}"
        case Refusal(time=time, name=name, reasons=reasons):
            text = f"refused {stamp(time)} as {name}: {'; '.join(one.text for one in reasons)}"
        case Change(time=time, name=name, first=first, later=later):
            text = f"alarm {stamp(time)}: {name} was {first} and is {later} upstream"
        case other:
            text = _later(other)
    return text


def _later(entry: Decision | Removal | Withdrawal | Return) -> str:
    """Say what became of bytes that were held."""
    match entry:
        case Decision(time=time, what=what, subject=subject, why=why, by=by):
            return f"{what} {stamp(time)} of {subject} by {by}: {why}"
        case Removal(time=time, reason=reason):
            return f"let go {stamp(time)}: {reason}"
        case Withdrawal(time=time, name=name):
            return f"withdrawn {stamp(time)}: upstream lists {name} no longer"
        case Return(time=time, name=name):
            return f"listed again {stamp(time)}: {name}"
