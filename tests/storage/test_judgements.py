"""What is judged follows from the ledger's decisions, however often and in whichever portions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError
from mirror.formats.verdict import Finding
from mirror.storage.database import Database
from mirror.storage.disk import Disk
from mirror.storage.entries import START, Decision, Entry, Refusal
from mirror.storage.index import Index
from mirror.storage.ledger_export import exported_lines
from mirror.storage.lines import write_lines
from mirror.storage.store import Store
from tests.storage.samples import NO_LIMIT, NOON, change, noon, refusal, sighting, zeros

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

A = str(Digest.of(b"a"))


def decided(what: str, subject: str, digest: Digest | None = None) -> Decision:
    """Return a decision, in force for a day if it can end."""
    until = NOON + timedelta(days=1) if what == "acknowledge" else None
    return Decision(NOON, what, subject, "because", "operator", digest, until)


async def after(folder: Path, *entries: Entry, step: int = 100) -> dict[str, Any]:
    """Return what an index knows of names and judgements after *entries*, *step* at a time."""
    records, _ = write_lines(entries, START)
    async with Database(folder / f"{step}.db") as database:
        index = Index(database)
        for start in range(0, len(records), step):
            assert await index.follow(records[start : start + step])
        return {
            "recalls": await index.recalls(),
            "names": await index.recalled_names(),
            "hidden": await index.hidden(),
            "acknowledged": await index.acknowledged(),
            "changes": await index.changes(),
            "held": [holding async for holding in index.held()],
            "first": await index.first_digests(["a", "b"]),
        }


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path / "data", clock=noon, random=zeros, terms=NO_LIMIT)
    async with opened as store:
        yield store


STORY = (
    sighting("a", b"a"),
    sighting("b", b"b"),
    decided("recall", A),
    decided("hide", "b"),
    change("b", b"c"),
    decided("accept", "b", Digest.of(b"c")),
    sighting("b", b"c"),
    decided("acknowledge", "0123456789"),
)


@pytest.mark.parametrize("step", [1, 2, 3, 5])
async def test_however_the_ledger_is_cut_the_judgements_are_the_same(
    tmp_path: Path, step: int
) -> None:
    assert await after(tmp_path, *STORY, step=step) == await after(tmp_path, *STORY)


async def test_a_recalled_digest_is_known_by_its_names_and_no_longer_held(tmp_path: Path) -> None:
    known = await after(tmp_path, *STORY)

    assert known["names"] == {"a": Digest.of(b"a")}
    assert [holding.name for holding in known["held"]] == ["b"]


async def test_an_accepted_digest_is_the_first_of_its_name_from_then_on(tmp_path: Path) -> None:
    known = await after(tmp_path, *STORY)

    assert known["first"] == {"a": Digest.of(b"a"), "b": Digest.of(b"c")}
    assert known["changes"] == []


async def test_what_is_undone_is_in_force_no_more(tmp_path: Path) -> None:
    known = await after(tmp_path, *STORY, decided("recall-undo", A), decided("hide-undo", "b"))

    assert (known["recalls"], known["names"], known["hidden"]) == ((), {}, frozenset())


async def test_a_name_refused_as_recalled_is_known_until_other_bytes_were_accepted(
    tmp_path: Path,
) -> None:
    refused = replace(refusal("b"), digest=Digest.of(b"a"))
    first = await after(tmp_path, decided("recall", A), refused, step=1)
    then = await after(tmp_path, decided("recall", A), refused, sighting("b", b"b"))

    assert first["names"] == {"b": Digest.of(b"a")}
    assert then["names"] == {}


@pytest.mark.parametrize("subject", ["", "a", "sha256:00"])
async def test_a_recall_of_what_is_no_digest_forbids_nothing(tmp_path: Path, subject: str) -> None:
    """No command writes such a line; a ledger from elsewhere may have it."""
    known = await after(tmp_path, decided("recall", subject))

    assert known["recalls"] == ()


async def test_a_blob_that_goes_to_quarantine_is_held_no_more_and_kept_for_a_look(
    store: Store,
) -> None:
    digest = await store.blobs.put(b"bytes")
    note = Refusal(NOON, "a", "http://a.test", (Finding("recalled", "why"),), size=5)
    await store.quarantine.take(store.blobs, digest, note)
    with store.quarantine.open(digest) as file:
        kept = file.read()

    assert (kept, await store.blobs.has(digest)) == (b"bytes", False)
    assert await store.quarantine.find_note(digest) == replace(note, digest=digest)


async def test_taking_what_is_not_held_changes_nothing(store: Store) -> None:
    digest = Digest.of(b"bytes")
    await store.quarantine.take(store.blobs, digest, refusal("a"))

    assert await store.quarantine.find_note(digest) is None


async def test_what_is_removed_from_quarantine_is_gone_with_its_note(store: Store) -> None:
    digest = await store.blobs.put(b"bytes")
    await store.quarantine.take(store.blobs, digest, refusal("a"))
    await store.quarantine.remove(digest)

    assert await store.quarantine.notes() == []
    with pytest.raises(ArtifactNotFoundError):
        store.quarantine.open(digest)


async def test_the_lines_that_are_exported_are_those_of_the_ledger(
    store: Store, tmp_path: Path
) -> None:
    await store.ledger.append([sighting("a", b"a"), decided("recall", A)])
    await store.ledger.append([decided("hide", "a")])
    folder = tmp_path / "data" / "ledger"
    lines = [line async for line in exported_lines(folder, Disk(), store.ledger.head)]

    assert b"".join(lines) == (folder / "000000001.jsonl").read_bytes()
    assert len(lines) == 3


def test_a_decision_of_before_is_read_as_it_was() -> None:
    """Fields that came later are not there, and change no hash."""
    _, [line] = write_lines([decided("heal", A)], START)

    assert b"until" not in line
    assert b'"digest"' not in line
