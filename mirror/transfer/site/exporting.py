"""`mpmirror export --site DIR`: the current publication as a tree that any web server serves.

Every file was hashed since it was last touched before it is linked.  A page is written as
``index.html`` in a folder of that name; another document that has paths below it as ``index.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import ArtifactNotFoundError, DamagedError, MirrorError
from mirror.frozen import dataclass
from mirror.storage.lock import locked
from mirror.storage.threads import to_end
from mirror.transfer.site.gathering import Found, gather
from mirror.transfer.site.generations import Generations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.storage.blobs import BlobReader
    from mirror.storage.files import Files
    from mirror.web.app import Serving
    from mirror.web.worker import Held

PAGE: Final = "index.html"
LIST: Final = "index.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: how many paths, how many of them are new; whether anything changed."""

    sequence: int
    paths: int
    new: int
    changed: bool


async def export_site(held: Held, told: Serving, files: Files, folder: Path) -> Exported:
    """Write the current publication of *held*, which is *told* as a daemon would, to *folder*.

    Raises `PublicationNotFoundError` when nothing was published yet, `DamagedError` when a file
    is not what it should be, and `StorageError` when the folder can not be written: what was
    served there is served on.
    """
    generations = Generations(folder, files)
    await to_end(generations.prepare)
    with locked(folder):
        found = await gather(held, told)
        names = _places_of(found)
        documents = {names[path]: body for path, body in found.documents.items()}
        blobs = await _blobs(held.blobs, found)
        places = {names[path]: blobs[digest] for path, digest in found.files.items()}
        return await to_end(_write, generations, found, documents, places)


def _write(
    generations: Generations,
    found: Found,
    documents: Mapping[str, bytes],
    places: Mapping[str, Path],
) -> Exported:
    before = generations.newest()
    number = (before or 0) + 1
    # A path that is a document is that: some are files of the same name, too.
    files = {path: place for path, place in places.items() if path not in documents}
    new, _ = generations.write(number, documents, files)
    paths = len(documents) + len(files)
    if before is not None and not new and _count(generations.path(before)) == paths:
        generations.drop(number)
        return Exported(found.sequence, paths, 0, changed=False)
    generations.switch(number)
    recalled = before is not None and any(
        (generations.path(before) / "v1" / "blobs" / str(digest)).exists()
        for digest in found.recalled
    )
    generations.let_go([] if before is None or recalled else [before])
    return Exported(found.sequence, paths, new, changed=True)


async def _blobs(blobs: BlobReader, found: Found) -> dict[Digest, Path]:
    places: dict[Digest, Path] = {}
    for path, digest in found.files.items():
        if digest in places:
            continue
        try:
            (await blobs.open(digest)).close()
        except ArtifactNotFoundError as error:
            raise DamagedError(f"{path} is published and not held: {digest}") from error
        places[digest] = blobs.place(digest)
    return places


def _places_of(found: Found) -> dict[str, str]:
    """Return where in the tree it stands that is asked for as a path."""
    paths = (*found.documents, *found.files)
    folders = {parent for path in paths for parent in _parents(path)}
    return {path: _place(path, found.pages, folders) for path in paths}


def _place(path: str, pages: Collection[str], folders: Collection[str]) -> str:
    parts = [part for part in path.split("/") if part]
    if not path.startswith("/") or any(part in {".", ".."} or "\0" in part for part in parts):
        raise MirrorError(f"not a path for a tree of files: {path[:200]!r}")
    whole = "/".join(parts)
    if path in pages:
        return f"{whole}/{PAGE}" if whole else PAGE
    return f"{whole}/{LIST}" if whole in folders else whole


def _parents(path: str) -> Iterator[str]:
    parts = [part for part in path.split("/") if part]
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())
