"""Take in what was accepted: keys, files, ledger, signatures, publication, sender, in this order.

Each step is durable before the next begins, and is passed over where it was done before: so an
import that was killed is ended by the next one.  Nothing that a client sees changes before the
pointer moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.local_names import is_local
from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import decode_content, decode_publication
from mirror.storage.entries import Change, Decision, Position, Sighting
from mirror.storage.judgements import What
from mirror.storage.senders import Sender
from mirror.sync.foreign import Derivation, ForeignPublisher
from mirror.transfer.bundles.beside import tops_by_name

if TYPE_CHECKING:
    from mirror.publication.bundle import Manifest
    from mirror.publication.statements import Statement
    from mirror.storage.entries import Entry
    from mirror.transfer.bundles.importing import Means
    from mirror.transfer.bundles.judging import Judged, Judging
    from mirror.transfer.bundles.staging import Staging


@dataclass(frozen=True, slots=True)
class Committed:
    """What an import changed: the publication, if there is a new one, and the ledger's end.

    *derived* says that this node published a content of its own made from the sender's; *changed*
    are names whose bytes are others than were known here.
    """

    sequence: int | None
    derived: bool
    changed: tuple[str, ...]
    recalled: tuple[Digest, ...]
    ledger: Position


class Commit:
    """Takes one bundle in."""

    def __init__(self, means: Means, staging: Staging, manifest: Manifest, said: Statement) -> None:
        self._means = means
        self._store = means.store
        self._staging = staging
        self._manifest = manifest
        self._said = said
        self._publisher = means.publisher or ForeignPublisher(means.store, means.upstream)
        self._via = f"bundle:{manifest.lineage}/{manifest.channel}/{manifest.sequence}"

    async def all(self, judging: Judging, judged: tuple[Judged, ...], key: str) -> Committed:
        """Do every step; raises `StorageError` when the disk refuses."""
        if self._means.followed is not None:
            # First: a key that its owner revoked is believed no more, whatever comes of the rest.
            await self._means.followed.keep()
        md5s = {one.digest: await self._staging.md5(one.digest) for one in judged if one.wants_md5}
        await self._staging.keep()
        recalls = await self._recalls(judging, key)
        changed = await self._write_down(judged, md5s, recalls, key)
        signed = {Digest(self._manifest.content): self._manifest.signed}
        await self._store.signatures.add(signed)
        sequence, derived = await self._publish(judging)
        await self._reach(key)
        return Committed(
            sequence=sequence,
            derived=derived,
            changed=changed,
            recalled=tuple(Digest.parse(one.subject) for one in recalls),
            ledger=self._store.ledger.head,
        )

    async def _recalls(self, judging: Judging, key: str) -> list[Decision]:
        """Return what the sender forbids and this node does not yet."""
        now = self._means.clock()
        return [
            Decision(now, What.RECALL, str(recall.digest), recall.why, f"bundle of key {key}")
            for recall in judging.content.recalls
            if await self._store.index.find_recall(recall.digest) is None
        ]

    async def _write_down(
        self,
        judged: tuple[Judged, ...],
        md5s: dict[Digest, str | None],
        recalls: list[Decision],
        key: str,
    ) -> tuple[str, ...]:
        entries: list[Entry] = []
        changed: list[str] = []
        for one in judged:
            if not one.new:
                continue
            first = await self._store.index.find_sighting(one.name)
            sighting = self._sighting(one, md5s.get(one.digest))
            if first is not None and first.digest != one.digest:
                changed.append(one.name)
                entries += self._accepted(sighting, first.digest, key)
            entries.append(sighting)
        entries += recalls
        if entries:
            note = f"{self._via}, signed by {key}"
            entries.append(
                Decision(self._means.clock(), "import", self._manifest.content, note, "mpmirror")
            )
            await self._store.ledger.append(entries)
        return tuple(changed)

    def _accepted(self, sighting: Sighting, first: Digest, key: str) -> list[Entry]:
        """Say the alarm, and that the signed bundle decides: its sender judged it."""
        now, name = self._means.clock(), sighting.name
        alarm = Change(now, name, self._via, first, sighting.digest)
        words = "the sender's publication names these bytes"
        by = f"bundle of key {key}"
        return [alarm, Decision(now, What.ACCEPT, name, words, by, digest=sighting.digest)]

    def _sighting(self, one: Judged, md5: str | None) -> Sighting:
        return Sighting(
            time=self._means.clock(),
            name=one.name,
            url=one.source,
            board=one.board,
            digest=one.digest,
            size=one.size,
            verdict=one.verdict,
            md5=md5,
            via=self._via,
        )

    async def _publish(self, judging: Judging) -> tuple[int | None, bool]:
        publisher = self._publisher
        derivation = await self._derivation(judging)
        now = self._means.clock()
        if derivation is None:
            digest = Digest(self._manifest.content)
            return await publisher.publish_content(digest, now), False
        return await publisher.publish_derived(derivation, now), True

    async def _derivation(self, judging: Judging) -> Derivation | None:
        """Return what must differ from the sender's content; None when nothing must."""
        index, content = self._store.index, judging.content
        forbidden = {recall.digest for recall in await index.recalls()} - set(content.recalled)
        hidden = await index.hidden()
        own = [one.name async for one in index.held() if is_local(one.name)]
        sightings = (await index.sightings_of(own)).values()
        # What a bundle brought is the sender's, and stands in the sender's content.
        owned = {one.board for one in sightings if one.via is None}
        brought = frozenset(self._manifest.subtrees)
        # A content is whole here only with its packages and photographs.
        whole = self._manifest.boards is None and brought == tops_by_name(content).keys()
        if whole and not forbidden and not hidden and not owned:
            return None
        needles = [digest.hex for digest in forbidden] + sorted(hidden)
        again = {
            board
            for board, digest in judging.boards.items()
            if board in owned or await self._says_any(digest, needles)
        }
        stays = owned - judging.boards.keys()
        if self._manifest.boards is not None:
            stays |= await self._published_boards() - judging.boards.keys()
        return Derivation(
            content, dict(judging.boards), frozenset(again), frozenset(stays), brought
        )

    async def _says_any(self, document: Digest, needles: list[str]) -> bool:
        data = await self._staging.read(document)
        return any(needle.encode() in data for needle in needles)

    async def _published_boards(self) -> set[str]:
        current = await self._store.publications.current(self._publisher.channel)
        if current is None:
            return set()
        root = decode_publication(await self._staging.read(current))
        return set(decode_content(await self._staging.read(root.content)).boards)

    async def _reach(self, key: str) -> None:
        manifest = self._manifest
        sender = Sender(
            sequence=manifest.sequence,
            content=Digest(manifest.content),
            key=key,
            checked=manifest.checked,
            ledger=manifest.ledger,
        )
        await self._means.senders.reach(manifest.lineage, manifest.channel, sender)
