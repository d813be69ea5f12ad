"""Judge what a bundle brought: that nothing is missing or too much, and each file's structure.

Documents and images are parsed in the limited child process, as if they came from upstream.  One
file that is refused refuses the bundle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mirror.catalog.local_names import parse_held
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.claims import claim_of_listing
from mirror.errors import BundleRefusedError, ChildRefusedError
from mirror.formats.verdict import Claim, Conclusion, Finding, Verdict
from mirror.frozen import dataclass
from mirror.publication.documents import ContentRoot, decode_board, decode_content
from mirror.publication.offered import OfferedBoard, OfferedFile
from mirror.storage.threads import to_end
from mirror.transfer.bundles.judging_beside import JudgingBeside

if TYPE_CHECKING:
    from mirror.catalog.model import BoardFacts
    from mirror.publication.bundle import Manifest
    from mirror.storage.subtrees import Reached
    from mirror.transfer.bundles.importing import Means
    from mirror.transfer.bundles.judging_beside import Brought
    from mirror.transfer.bundles.staging import Staging

#: Looks at a file, and returns why it is refused, None when it is not.
Scan: TypeAlias = Callable[[Path], Awaitable[str | None]]

#: So many files are judged at once: each by a child of its own.
AT_ONCE = 2
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One file: its name, board, upstream's URL, bytes and verdict; *new* if it was not held."""

    name: str
    board: str
    source: str
    digest: Digest
    size: int
    verdict: Verdict
    new: bool
    wants_md5: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    board: OfferedBoard
    file: OfferedFile
    source: str
    wants_md5: bool


class Judging:
    """Judges one bundle: first its `documents`, then its `files` as they come, then `beside`."""

    def __init__(self, means: Means, staging: Staging, manifest: Manifest) -> None:
        self._means = means
        self._store = means.store
        self._staging = staging
        self._manifest = manifest
        self.content: ContentRoot
        self.boards: dict[str, Digest] = {}
        self.brought: tuple[Brought, ...] = ()
        self._beside: JudgingBeside
        self._wanted: list[_Wanted] = []
        # Files of the bundle that are to be judged, until they are there.
        self._coming: dict[Digest, asyncio.Event] = {}

    async def documents(self) -> None:
        """Judge the documents, which are there; refuse the bundle if anything will be missing."""
        manifest = self._manifest
        data = await self._staging.read(Digest(manifest.content))
        # The child first: it refuses what this process must not have to read.
        await self._means.sandbox.read_peer_content(data, "the content of the bundle")
        self.content = await to_end(decode_content, data)
        chosen = self.content.boards if manifest.boards is None else manifest.boards
        unknown = [board for board in chosen if board not in self.content.boards]
        if unknown:
            raise BundleRefusedError(f"the content of the bundle has no board {unknown[0]}")
        self.boards = {board: self.content.boards[board] for board in chosen}
        self._beside = JudgingBeside(self._means, self._staging, manifest, self.content)
        named = await self._beside.walk()
        await self._refuse_gap_of_documents(named, self._beside.missing)
        offered = [await self._offered(board, digest) for board, digest in self.boards.items()]
        await self._refuse_gap_of_files(offered, named)
        self._wanted = [
            _Wanted(board, file, source, md5)
            for board, sources in offered
            for file, source, md5 in sources
            if not await self._is_recalled(file.digest)
        ]
        bring = {piece.digest for piece in manifest.blobs}
        wanted = {one.file.digest for one in self._wanted}
        self._coming = {digest: asyncio.Event() for digest in wanted & bring}

    def came(self, digest: Digest) -> None:
        """Say that the bytes of *digest* are there, whole."""
        if digest in self._coming:
            self._coming[digest].set()

    async def files(self) -> tuple[Judged, ...]:
        """Return what became of every file; raise a `RefusedError` for the first that is refused.

        Each is waited for, and as many are judged at once as there are children for it.  What is
        recalled here or there is not among them.
        """
        judged: dict[int, Judged] = {}
        # Those that are here already, and then as they come: a bundle has them in this order.
        order = sorted(
            range(len(self._wanted)),
            key=lambda place: (
                self._wanted[place].file.digest in self._coming,
                self._wanted[place].file.digest.hex,
            ),
        )
        rest = iter(order)

        async def work() -> None:
            for place in rest:
                judged[place] = await self._judge(self._wanted[place])

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_ONCE):
                    tasks.create_task(work())
        except ExceptionGroup as failed:
            # One sentence is enough, and the rest was not looked at any more.
            raise failed.exceptions[0] from failed
        return tuple(judged[place] for place in range(len(self._wanted)))

    async def beside(self) -> None:
        """Judge packages and photographs, when all of them are there."""
        self.brought = await self._beside.all()

    async def _is_recalled(self, digest: Digest) -> bool:
        return (
            digest in self.content.recalled
            or await self._store.index.find_recall(digest) is not None
        )

    async def _offered(
        self, board: str, digest: Digest
    ) -> tuple[OfferedBoard, list[tuple[OfferedFile, str, bool]]]:
        data = await self._staging.read(digest)
        url = f"the document of {board} in the bundle"
        offered = await self._means.sandbox.read_offered_board(data, url, board)
        document = await to_end(decode_board, data)
        entries = {
            file.name: file
            for release in (*document.releases, *document.local)
            for file in release.files
        }
        return offered, [
            (file, entries[file.name].source, entries[file.name].hashes.md5 is not None)
            for file in offered.files
        ]

    async def _refuse_gap_of_documents(self, beside: Reached, missing_beside: list[str]) -> None:
        missing = [
            board for board, digest in self.boards.items() if not await self._staging.has(digest)
        ]
        if missing:
            self._refuse_gap(f"the document of {_named(missing)}")
        if missing_beside:
            self._refuse_gap(missing_beside[0])
        brought = {piece.digest for piece in self._manifest.documents[1:]}
        if brought - set(self.boards.values()) - beside.documents:
            raise BundleRefusedError("the bundle brings a document that its content does not name")

    async def _refuse_gap_of_files(
        self,
        offered: list[tuple[OfferedBoard, list[tuple[OfferedFile, str, bool]]]],
        beside: Reached,
    ) -> None:
        named = {file.digest: file for _, files in offered for file, _, _ in files}
        sizes = {piece.digest: piece.size for piece in self._manifest.blobs}
        if sizes.keys() - named.keys() - beside.files:
            raise BundleRefusedError("the bundle brings bytes that none of its documents names")
        missing = []
        for digest, file in named.items():
            if sizes.get(digest, file.size) != file.size:
                raise BundleRefusedError(f"{file.name}: another size than its board says")
            if not await self._will_be_here(digest, sizes) and not await self._is_recalled(digest):
                missing.append(file.name)
        missing += [
            f"{digest} of packages and photographs"
            for digest in sorted(beside.files, key=lambda digest: digest.hex)
            if not await self._will_be_here(digest, sizes) and not await self._is_recalled(digest)
        ]
        if missing:
            self._refuse_gap(_named(missing))

    async def _will_be_here(self, digest: Digest, bring: Container[Digest]) -> bool:
        return digest in bring or await self._staging.has(digest)

    def _refuse_gap(self, what: str) -> None:
        raise BundleRefusedError(
            f"{what} is neither in the bundle nor held here, for the bundle goes on from what this "
            "node never got; what fills the gap is an export for what `mpmirror have --full` "
            "prints here, in a file: mpmirror export FILE --have HAVE"
        )

    async def _judge(self, wanted: _Wanted) -> Judged:
        board, file = wanted.board, wanted.file
        if file.digest in self._coming:
            await self._coming[file.digest].wait()
        known = await self._store.index.find_held(file.name)
        if (
            known is not None
            and known.digest == file.digest
            and not self._staging.is_new(file.digest)
        ):
            verdict = known.verdict
        else:
            verdict = await self._verified(board.facts, file)
            await self._scanned(file)
        return Judged(
            name=file.name,
            board=board.facts.board,
            source=wanted.source,
            digest=file.digest,
            size=file.size,
            verdict=verdict,
            new=known is None or known.digest != file.digest,
            wants_md5=wanted.wants_md5,
        )

    async def _verified(self, facts: BoardFacts, file: OfferedFile) -> Verdict:
        try:
            with await self._staging.reading(file.digest) as opened:
                verdict = await self._means.sandbox.verify_image(
                    opened, file.size, _claim(facts, file)
                )
        except ChildRefusedError as error:
            verdict = Verdict(Conclusion.REFUSED, reasons=(Finding("parser", str(error)),))
        if not verdict.accepted:
            words = "; ".join(reason.text for reason in verdict.reasons)
            raise BundleRefusedError(f"{file.name} is refused: {words}")
        return verdict

    async def _scanned(self, file: OfferedFile) -> None:
        path = self._staging.path(file.digest)
        if self._means.scan is None or path is None:
            return
        objection = await self._means.scan(path)
        if objection is not None:
            raise BundleRefusedError(f"{file.name} is refused by the scanner: {objection}")


def _claim(facts: BoardFacts, file: OfferedFile) -> Claim:
    name = parse_held(file.name)
    if isinstance(name, ArtifactName):
        return claim_of_listing(name, facts)
    return Claim(
        kind=file.kind.value,
        port=facts.port,
        mcu=facts.mcu,
        board=facts.board,
        variant=file.variant,
        own=True,
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
