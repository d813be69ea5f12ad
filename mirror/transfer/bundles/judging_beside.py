"""Judge the packages and photographs of a bundle, as strictly as a sync does.

Their documents are read in the limited child process.  The files of packages must be those of the
digits in their names, and packages must be as their index says; pictures must be as a mirror
draws them, and are decoded by a child that reads nothing else.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from mirror.catalog.packages import INDEX_PATH, file_path
from mirror.catalog.values import Digest
from mirror.errors import BundleRefusedError
from mirror.frozen import dataclass
from mirror.publication.packages import (
    PackageDocument,
    all_files,
    decode_package,
    decode_packages,
)
from mirror.publication.photographs import decode_photographs, photograph_path, thumbnail_name
from mirror.sandbox import Sandbox
from mirror.sandbox.programs import PICTURES
from mirror.storage.subtrees import Reached
from mirror.storage.threads import to_end
from mirror.transfer.bundles.beside import tops_by_name

if TYPE_CHECKING:
    from mirror.catalog.packages import DocumentName
    from mirror.publication.bundle import Manifest
    from mirror.publication.documents import ContentRoot
    from mirror.publication.packages import PackagesDocument
    from mirror.publication.photographs import Photograph, Picture
    from mirror.transfer.bundles.importing import Means
    from mirror.transfer.bundles.staging import Staging

_MOST_DOCUMENTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Brought:
    """A file of a package, or a picture, that is new here: where it is served, and its bytes."""

    path: str
    digest: Digest
    size: int


class JudgingBeside:
    """Judges the subtrees that one bundle brings; `walk` comes first, then `all`."""

    def __init__(
        self, means: Means, staging: Staging, manifest: Manifest, content: ContentRoot
    ) -> None:
        self._means = means
        self._staging = staging
        self._sizes = {piece.digest: piece.size for piece in manifest.blobs}
        tops = tops_by_name(content)
        odd = [name for name in manifest.subtrees if name not in tops]
        if odd:
            raise BundleRefusedError(f"the bundle brings {odd[0]}, and its content has none")
        self._tops = {name: tops[name] for name in manifest.subtrees}
        self._brought: list[Brought] = []
        self.missing: list[str] = []

    async def walk(self) -> Reached:
        """Return all that the subtrees name; documents that are not here are in ``missing``."""
        found = Reached()
        left = [(digest, name) for name, digest in self._tops.items()]
        while left:
            digest, name = left.pop()
            if digest in found.documents:
                continue
            found.documents.add(digest)
            if len(found.documents) > _MOST_DOCUMENTS:
                raise BundleRefusedError(f"the {name} have more than {_MOST_DOCUMENTS} documents")
            if not await self._staging.has(digest):
                self.missing.append(f"a document of the {name}")
                continue
            data = await self._staging.read(digest)
            named = await self._means.sandbox.read_subtree(data, f"a document of the {name}")
            found.files |= named.files
            left += [(one, name) for one in named.documents]
        return found

    async def all(self) -> tuple[Brought, ...]:
        """Return what is new of all that the subtrees name; raise a `RefusedError` for any fault.

        Everything that they name is here.
        """
        if "packages" in self._tops:
            await self._packages(self._tops["packages"])
        if "photographs" in self._tops:
            await self._photographs(self._tops["photographs"])
        return tuple(self._brought)

    async def _packages(self, top: Digest) -> None:
        document = await to_end(decode_packages, await self._staging.read(top))
        packages = {
            name: await to_end(decode_package, await self._staging.read(digest))
            for name, digest in document.packages.items()
        }
        odd = [name for name, package in packages.items() if package.entry.name != name]
        if odd:
            raise BundleRefusedError(f"the package {odd[0]} is called otherwise in its document")
        files = all_files(packages.values())
        for package in packages.values():
            for name, digest in package.names().items():
                await self._package(package, name, digest)
        await self._index(document, packages)
        for hash8, digest in files.items():
            await self._bring(file_path(hash8), digest)

    async def _package(self, package: PackageDocument, name: DocumentName, digest: Digest) -> None:
        if not await self._bring(name.path, digest):
            return
        said = await self._means.sandbox.read_package(await self._staging.read(digest), name.path)
        absent = [file.path for file in said.files if file.hash8 not in package.files]
        if absent:
            raise BundleRefusedError(f"{name.path}: its file {absent[0]} is not among the packages")

    async def _index(
        self, document: PackagesDocument, packages: dict[str, PackageDocument]
    ) -> None:
        if not await self._bring(INDEX_PATH, document.index):
            return
        data = await self._staging.read(document.index)
        index = await self._means.sandbox.read_package_index(data, INDEX_PATH)
        if index.problems:
            raise BundleRefusedError(f"{INDEX_PATH}: {index.problems[0].text}")
        for entry in index.packages:
            held = packages.get(entry.name)
            documents = held.documents if held else {}
            if held is None or any(
                version not in documents.get(abi, {})
                for abi, versions in entry.versions.items()
                for version in versions
            ):
                raise BundleRefusedError(f"{INDEX_PATH}: lists of {entry.name} what is not there")

    async def _photographs(self, top: Digest) -> None:
        document = await to_end(decode_photographs, await self._staging.read(top))
        async with AsyncExitStack() as stack:
            # Nothing is started before something has to be decoded.
            reader = await stack.enter_async_context(Sandbox(processes=1, program=PICTURES))
            for board, held in document.boards.items():
                for name, one in held.items():
                    path = photograph_path(board, name)
                    await self._picture(reader, path, one, one.whole)
                    path = photograph_path(board, thumbnail_name(name))
                    await self._picture(reader, path, one, one.thumbnail)

    async def _picture(
        self, reader: Sandbox, path: str, photograph: Photograph, picture: Picture
    ) -> None:
        if not await self._bring(path, picture.digest):
            return
        seen = await reader.measure_picture(await self._staging.read(picture.digest), path)
        expected = (photograph.media_type, picture.width, picture.height)
        if (seen.media_type, seen.width, seen.height) != expected:
            raise BundleRefusedError(f"{path}: another picture than its document says")

    async def _bring(self, path: str, digest: Digest) -> bool:
        """Note what is new here, and show it to the scanner; say whether it is new."""
        copy = self._staging.path(digest)
        if copy is None:
            return False
        if self._means.scan is not None and (objection := await self._means.scan(copy)):
            raise BundleRefusedError(f"{path} is refused by the scanner: {objection}")
        self._brought.append(Brought(path, digest, self._sizes[digest]))
        return True
