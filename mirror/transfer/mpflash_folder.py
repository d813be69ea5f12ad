"""Write the folder from which mpflash works without any network.

Each file is written durably, after its bytes were hashed, and copied, never linked: nobody
who writes to the folder reaches the store.  A file that is there with the right bytes stays,
so that an export that was cut off goes on.  The list (``firmware.jsonl``), which mpflash
takes at its next start, comes last and names only what is there whole; nothing is removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from mirror.errors import ArtifactNotFoundError, DamagedError, PublicationNotFoundError
from mirror.publication.dialects.mpflash import LIST, stored
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.publication.feeds import render_sums
from mirror.storage.disk import reported
from mirror.storage.layout import make_data_folder
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.publication.dialects.mpflash import Stored
    from mirror.publication.documents import ContentRoot
    from mirror.storage.files import Files
    from mirror.storage.store import StoreReader

SUMS: Final = "SHA256SUMS"
_MOST_BYTES: Final = 64 * 1024 * 1024

#: Told how many files of how many are done.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Exported:
    """What an export did: files and bytes in the folder, how many it wrote, what it could not.

    ``unmatched`` are patterns that no board with such a file fits, ``damaged`` are sentences.
    """

    sequence: int
    files: int = 0
    size: int = 0
    written: int = 0
    damaged: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)


async def export_folder(
    store: StoreReader,
    files: Files,
    folder: Path,
    boards: Collection[str],
    progress: Progress = lambda _done, _total: None,
) -> Exported:
    """Write what the current publication has of *boards* (patterns; none: all) to *folder*.

    Raises `PublicationNotFoundError` when nothing was published yet, and `StorageError` when
    the folder can not be written; what the store can not give is named in the answer.
    """
    sequence, content = await _current(store)
    export = Exported(sequence)
    wanted = await _wanted(store, content, boards, export)
    await to_end(make_data_folder, folder, files)
    await to_end(files.make_folders, sorted({folder / one.port for one in wanted}))
    there: list[Stored] = []
    for done, one in enumerate(wanted, 1):
        if await _put(store, files, folder, one, export):
            there.append(one)
        progress(done, len(wanted))
    await to_end(files.write_all, {folder / path: text for path, text in _sums(there).items()})
    await to_end(files.write, folder / LIST, b"".join(one.line for one in there))
    return export


async def _current(store: StoreReader) -> tuple[int, ContentRoot]:
    digest = await store.publications.current()
    if digest is None:
        raise PublicationNotFoundError("nothing was published yet: run mpmirror sync first")
    root = decode_publication(await _read(store, digest))
    return root.sequence, decode_content(await _read(store, root.content))


async def _wanted(
    store: StoreReader, content: ContentRoot, patterns: Collection[str], export: Exported
) -> list[Stored]:
    found: list[Stored] = []
    matched: set[str] = set()
    for board, digest in content.boards.items():
        fitting = {pattern for pattern in patterns if fnmatchcase(board, pattern)}
        if fitting or not patterns:
            document = await to_end(decode_board, await _read(store, digest))
            some = [one for one in stored(document) if one.file.digest not in content.recalled]
            found += some
            matched |= fitting if some else set()
    export.unmatched = [pattern for pattern in patterns if pattern not in matched]
    return found


async def _put(
    store: StoreReader, files: Files, folder: Path, one: Stored, export: Exported
) -> bool:
    final = folder / one.port / one.name
    if not await to_end(_has, final, one):
        try:
            data = await _read(store, one.file.digest)
        except (DamagedError, ArtifactNotFoundError) as error:
            export.damaged.append(f"{one.file.name}: {error}")
            return False
        await to_end(files.write, final, data)
        export.written += 1
    export.files += 1
    export.size += one.file.size
    return True


def _has(path: Path, one: Stored) -> bool:
    with reported("reading", path):
        if path.is_symlink() or not path.is_file() or path.stat().st_size != one.file.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == one.file.hashes.sha256


def _sums(there: Collection[Stored]) -> dict[str, bytes]:
    ports = sorted({one.port for one in there})
    return {
        f"{port}/{SUMS}": render_sums(
            (one.name, one.file.hashes.sha256) for one in there if one.port == port
        )
        for port in ports
    }


async def _read(store: StoreReader, digest: Digest) -> bytes:
    return await store.blobs.read(digest, max_bytes=_MOST_BYTES)
