"""Bring the mip packages up to upstream's: index, documents, files; then one tree of them.

An index that is as it was costs one request.  When it changed, new versions and files are
fetched, once each, and every ``latest`` is asked whether it changed.  A package that can not
be had whole stays as it was, or is left out, and the index that is served names only what is
held.  What upstream wrote once never changes here: other bytes are an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.packages import INDEX_PATH, LATEST, PackageEntry, file_path, is_wanted
from mirror.catalog.values import Digest
from mirror.errors import (
    AddressRefusedError,
    CatalogShrunkError,
    ChildUnavailableError,
    DigestMismatchError,
    MirrorError,
    RefusedError,
    SelfUpstreamError,
    StorageError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamUnavailableError,
)
from mirror.publication.packages import (
    PackageDocument,
    PackagesDocument,
    all_files,
    encode_package,
    encode_packages,
    is_upstreams,
    render_package_index,
)
from mirror.sync.outcome import Phase, Progress, Trouble
from mirror.sync.package_looks import look_again, note_change
from mirror.sync.package_memory import PackageMemory, Tree, find_tree
from mirror.upstream.answers import Validators
from mirror.upstream.packages import PackageSite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.catalog.package_documents import PackageContent, PackageIndex
    from mirror.catalog.packages import DocumentName
    from mirror.sync.means import Means

SUBTREE: Final = "packages"
GIVING_UP: Final = 3
"""So many packages in a row that could not be reached are not the packages' fault."""

_SETTLED: Final = "packages-settled"
# What concerns all packages alike.
_FINAL: Final = (
    AddressRefusedError,
    ChildUnavailableError,
    SelfUpstreamError,
    StorageError,
    UpstreamBusyError,
)


@dataclass(slots=True)
class Brought:
    """What came of it: the tree to publish (None: no packages) if it *changed*, and what was wrong.

    ``fetched`` counts answers that were new, of ``received_bytes`` together.
    """

    top: Digest | None
    changed: bool = False
    packages: int = 0
    fetched: int = 0
    received_bytes: int = 0
    troubles: list[Trouble] = field(default_factory=list)


async def bring_packages(means: Means, globs: tuple[str, ...], may_vanish: float) -> Brought:
    """Bring the packages that *globs* fit up to upstream's; everything that is named is held.

    An index that lost a larger share than *may_vanish* of the packages is refused.  Raises
    no `MirrorError`: what went wrong is among the troubles, and what was held stays.
    """
    bringing = _Bringing(means, globs)
    try:
        return await bringing.whole(may_vanish)
    except MirrorError as error:
        bringing.note("packages", error)
        return bringing.as_it_was()


class _Bringing:
    """One round under way."""

    def __init__(self, means: Means, globs: tuple[str, ...]) -> None:
        self._means = means
        self._globs = globs
        self._store = means.store
        self._site = PackageSite(means.fetcher, means.sandbox)
        self._memory = PackageMemory(means.store, means.clock())
        self._tree: Tree | None = None
        self._under = ""
        self._files: dict[str, Digest] = {}
        self._missing: set[Digest] = set()
        self._found = Brought(None)

    async def whole(self, may_vanish: float) -> Brought:
        if not self._globs:
            return Brought(None, changed=True)
        self._tree = tree = await find_tree(self._store)
        held = tree.packages if tree else {}
        self._files = all_files(held.values())
        blobs = {digest for package in held.values() for digest in package.blobs}
        self._missing = await self._store.blobs.missing(blobs)
        if tree is not None and await self._memory.read(tree.index) is None:
            self._missing.add(tree.index)
        index, digest = await self._index()
        self._under = digest.hex
        if await self._is_settled():
            return self.as_it_was()
        self._refuse_shrunken(index, may_vanish)
        packages = await self._packages(index)
        listed = {entry.name for entry in index.packages}
        await look_again(self._means, tree, listed, self._under)
        top = await self._put(index, digest, packages)
        if top is not None and not self._found.troubles:
            await self._store.index.set_mark(_SETTLED, self._settled(top))
        # A tree that is there and can not be read stays, until there is another.
        changed = top is not None or tree is not None
        return replace(self._found, top=top, changed=changed, packages=len(packages))

    def note(self, subject: str, error: MirrorError) -> None:
        """Write down what is wrong with *subject*."""
        self._found.troubles.append(Trouble(subject, str(error)))

    def as_it_was(self) -> Brought:
        """Return what leaves the tree as it is published."""
        tree = self._tree
        return replace(
            self._found, top=tree.top if tree else None, packages=len(tree.packages) if tree else 0
        )

    # --- the index -----------------------------------------------------------------------

    async def _index(self) -> tuple[PackageIndex, Digest]:
        url = self._site.index_url
        known = await self._memory.find(url)
        answer = await self._site.changed(INDEX_PATH, known.validators if known else Validators())
        if known is not None and (answer is None or answer.digest == known.digest):
            index = await self._site.read_index(known.body)
            return index, await self._memory.hold_again(url, known)
        if answer is None:
            raise UpstreamError(f"{url}: answered 304 to a request without conditions")
        # Read before it is held: what is refused is no blob.
        index = await self._site.read_index(answer.body)
        self._count(len(answer.body))
        return index, await self._memory.keep(url, answer)

    def _refuse_shrunken(self, index: PackageIndex, may_vanish: float) -> None:
        held = self._tree.packages if self._tree else {}
        before = {name for name, package in held.items() if package.listed}
        gone = before - {entry.name for entry in index.packages}
        if len(gone) > may_vanish * len(before):
            raise CatalogShrunkError(
                f"{self._site.index_url}: {len(gone)} of {len(before)} packages are gone; "
                "they stay as they were"
            )

    async def _is_settled(self) -> bool:
        """Whether the last round under the same index and settings left nothing to do."""
        tree = self._tree
        if tree is None or self._missing:
            return False
        return await self._store.index.find_mark(_SETTLED) == self._settled(tree.top)

    def _settled(self, top: Digest) -> str:
        return " ".join((self._means.version, self._under, str(top), *self._globs))

    # --- the packages --------------------------------------------------------------------

    async def _packages(self, index: PackageIndex) -> dict[str, PackageDocument]:
        """Return every package that is to be held, and is, as of now or as it was."""
        self._found.troubles += [Trouble(one.rule, one.text) for one in index.problems]
        wanted = [entry for entry in index.packages if is_wanted(entry.name, self._globs)]
        packages = self._before(wanted)
        away = 0
        for number, entry in enumerate(wanted):
            self._means.report(
                Progress(Phase.PACKAGES, number, len(wanted), self._found.received_bytes)
            )
            try:
                packages[entry.name] = await self._package(entry, packages.get(entry.name))
            except _FINAL as error:
                self.note(entry.name, error)
                break
            except (RefusedError, UpstreamError) as error:
                self.note(entry.name, error)
                away = away + 1 if isinstance(error, UpstreamUnavailableError) else 0
                if away == GIVING_UP:
                    break
            else:
                away = 0
        return dict(sorted(packages.items()))

    def _before(self, wanted: Iterable[PackageEntry]) -> dict[str, PackageDocument]:
        listed = {entry.name for entry in wanted}
        held = self._tree.packages if self._tree else {}
        return {
            name: replace(package, listed=name in listed)
            for name, package in held.items()
            if is_wanted(name, self._globs)
        }

    async def _package(self, entry: PackageEntry, old: PackageDocument | None) -> PackageDocument:
        before: Mapping[str, Mapping[str, Digest]] = old.documents if old else {}
        documents = {abi: dict(versions) for abi, versions in before.items()}
        files = dict(old.files) if old else {}
        for name in entry.documents():
            known = old.find(name) if old else None
            digest, content = await self._document(name, known)
            documents.setdefault(name.abi, {})[name.version] = digest
            for file in content.files if content else ():
                files[file.hash8] = await self._file(file.hash8)
        for hash8 in [hash8 for hash8, digest in files.items() if digest in self._missing]:
            await self._file(hash8)
        return PackageDocument(entry, documents, dict(sorted(files.items())))

    async def _document(
        self, name: DocumentName, known: Digest | None
    ) -> tuple[Digest, PackageContent | None]:
        """Return what *name* is now, and what it says unless that is as *known*."""
        sound = known is not None and known not in self._missing
        if known is not None and sound and name.version != LATEST:
            return known, None
        digest, body, content = await self._bytes_of(name)
        if known is not None and digest != known and name.version != LATEST:
            await note_change(self._means, name.path, known, digest)
            raise DigestMismatchError(f"{name.path}: upstream has {digest} now, first {known}")
        self._missing.discard(digest)
        if sound and digest == known:
            return digest, None
        return digest, content or await self._site.read_document(body, name)

    async def _bytes_of(self, name: DocumentName) -> tuple[Digest, bytes, PackageContent | None]:
        """Return what *name* is now, and what it says if that was just read."""
        url = self._site.url_of(name.path)
        known = await self._memory.find(url)
        if known is not None and (name.version != LATEST or known.under == self._under):
            return await self._memory.hold_again(url, known, known.under), known.body, None
        since = known.validators if known else Validators()
        answer = await self._site.changed(name.path, since)
        if answer is None and known is not None:
            return await self._memory.hold_again(url, known, self._under), known.body, None
        if answer is None:
            raise UpstreamError(f"{url}: answered 304 to a request without conditions")
        content = await self._site.read_document(answer.body, name)
        self._count(len(answer.body))
        return await self._memory.keep(url, answer, self._under), answer.body, content

    async def _file(self, hash8: str) -> Digest:
        known = self._files.get(hash8)
        if known is not None and known not in self._missing:
            return known
        path = file_path(hash8)
        url = self._site.url_of(path)
        remembered = await self._memory.find(url)
        if remembered is not None and remembered.digest.hex.startswith(hash8):
            digest = await self._memory.hold_again(url, remembered)
        else:
            answer = await self._site.file(hash8)
            if known is not None and answer.digest != known:
                await note_change(self._means, path, known, answer.digest)
                raise DigestMismatchError(
                    f"{path}: two files have these eight digits, {known} and {answer.digest}"
                )
            self._count(len(answer.body))
            digest = await self._memory.keep(url, answer)
        self._files[hash8] = digest
        self._missing.discard(digest)
        return digest

    # --- the tree ------------------------------------------------------------------------

    async def _put(
        self, index: PackageIndex, digest: Digest, packages: Mapping[str, PackageDocument]
    ) -> Digest | None:
        """Hold the documents of the tree, and return its top; None without any package."""
        if not packages:
            return None
        all_files(packages.values())
        blobs = self._store.blobs
        if not is_upstreams(packages.values(), index.packages) or index.problems:
            digest = await blobs.put(render_package_index(packages.values(), index.updated))
        digests = await blobs.put_many([encode_package(one) for one in packages.values()])
        top = PackagesDocument(digest, dict(zip(packages, digests, strict=True)))
        return await blobs.put(encode_packages(top))

    def _count(self, size: int) -> None:
        self._found.fetched += 1
        self._found.received_bytes += size
