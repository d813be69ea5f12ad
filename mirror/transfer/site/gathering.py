"""Find everything that the current publication answers to a path, so that it can be written down.

Documents are those that the application itself answers: it is asked over a socket of its own, and
what it says is what stands in the tree.  Files are named by their digest.  What depends on a
question or on the moment is left out: filters, the status, what is on demand.
"""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from mirror.catalog.packages import INDEX_PATH, file_path
from mirror.catalog.values import Digest
from mirror.control import ask
from mirror.errors import DamagedError
from mirror.publication.dialects import arduino, ota
from mirror.publication.feeds import SCHEMA_PATH
from mirror.publication.freshness import PATH as FRESHNESS_PATH
from mirror.publication.local.dialect import ARTIFACT, HTML
from mirror.publication.local.sums import SUMS_PATH
from mirror.publication.packages import all_files, decode_package, decode_packages
from mirror.publication.pages.assets import ASSETS
from mirror.publication.pages.changes import PATH as CHANGES
from mirror.publication.pages.flasher import find_flasher
from mirror.publication.pages.layout import Section
from mirror.publication.photographs import decode_photographs, photograph_path, thumbnail_name
from mirror.web.app import SHELF, make_app
from mirror.web.listening import unix_socket
from mirror.web.server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mirror.web.app import Serving
    from mirror.web.artifacts import Artifact
    from mirror.web.holdings import Holdings
    from mirror.web.view import View

_MOST_BYTES: Final = 64 * 1024 * 1024
_SIGNED: Final = ".minisig"
_FOR_ALL: Final = (
    "/v1/feed.json",
    "/v1/boards.json",
    "/v1/root.json",
    f"/v1/root.json{_SIGNED}",
    "/v1/content.json",
    f"/v1/content.json{_SIGNED}",
    FRESHNESS_PATH,
    f"{FRESHNESS_PATH}{_SIGNED}",
    SCHEMA_PATH,
    "/v1/openapi.json",
    "/v1/setup.json",
    "/v1/files/SHA256SUMS",
    "/setup/authority.pem",
    f"{SUMS_PATH}{_SIGNED}",
)
_OF_A_BOARD: Final = ("/v1/boards/{}.json", "/v1/boards/{}/latest.json", "/boards/{}")
# The status is of the moment.
_PAGES: Final = (*(section for section in Section if section is not Section.STATUS), CHANGES)
_LINK: Final = re.compile(
    r'(?:href|src)="(/(?:changes|flash|setup|releases|static)/[A-Za-z0-9._/+-]+)"'
)
# What Arduino's and the updaters' folders have of the files.
_FOLDERS: Final = {
    arduino.FOLDER: {"uf2", "bin", "app-bin", "dfu"},
    ota.FOLDER: {"app-bin"},
}
_GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@dataclass(slots=True)
class Found:
    """What stands at which path: documents by their bytes, files by their digest.

    ``pages`` are the paths of what is HTML and may be called without an ending.
    """

    sequence: int
    recalled: frozenset[Digest]
    documents: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, Digest] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)


async def gather(held: Holdings, told: Serving) -> Found:
    """Return all of it; raise `PublicationNotFoundError` when nothing was published yet."""
    app = make_app(held, replace(told, answers=False))
    with TemporaryDirectory(prefix="mpmirror-") as folder:
        async with _answering(app, Path(folder) / "site") as place:
            view = await app[SHELF].current()
            loaded = view.loaded
            found = Found(loaded.publication.sequence, loaded.recalled)
            for artifact in loaded.artifacts.values():
                found.files.update(_paths_of(artifact))
            await _gather_rendered(view, found)
            await _gather_subtrees(held, view, found)
            await _gather_answers(place, view, found)
    gone = {path for path, digest in found.files.items() if digest in loaded.recalled}
    for path in gone:
        del found.files[path]
    return found


@asynccontextmanager
async def _answering(app: object, place: Path) -> AsyncIterator[Path]:
    with unix_socket(place) as listener:
        async with serving(app, [listener]):  # type: ignore[arg-type]  # what `make_app` made
            yield place


def _paths_of(artifact: Artifact) -> Iterator[tuple[str, Digest]]:
    digest = artifact.digest
    yield f"/v1/blobs/{digest}", digest
    yield f"/v1/files/{artifact.name}", digest
    yield f"/resources/firmware/{artifact.name}", digest
    for folder, kinds in _FOLDERS.items():
        if artifact.kind in kinds:
            yield f"{folder}{artifact.name}", digest


async def _gather_rendered(view: View, found: Found) -> None:
    """Take the local layer: what was rendered when it was published."""
    await view.layer.look(None)
    for path in await view.layer.paths("/"):
        document = await view.layer.read(path)
        body = bytes(document.body)
        if document.media_type == ARTIFACT:
            found.files[path] = view.artifact(body.decode()).digest
            continue
        found.documents[path] = body
        if document.media_type == HTML:
            found.pages.add(path)


async def _gather_subtrees(held: Holdings, view: View, found: Found) -> None:
    """Take packages and photographs, as far as there are any."""
    content = view.loaded.content
    if content.packages is not None:
        top = decode_packages(await held.blobs.read(content.packages, max_bytes=_MOST_BYTES))
        bodies = [
            await held.blobs.read(digest, max_bytes=_MOST_BYTES) for digest in top.packages.values()
        ]
        packages = [decode_package(body) for body in bodies]
        found.files[INDEX_PATH] = top.index
        for package in packages:
            found.files.update({name.path: one for name, one in package.names().items()})
        found.files.update({file_path(name): one for name, one in all_files(packages).items()})
    if content.photographs is not None:
        body = await held.blobs.read(content.photographs, max_bytes=_MOST_BYTES)
        for board, photographs in decode_photographs(body).boards.items():
            for name, one in photographs.items():
                found.files[photograph_path(board, name)] = one.whole.digest
                thumbnail = photograph_path(board, thumbnail_name(name))
                found.files[thumbnail] = one.thumbnail.digest


async def _gather_answers(place: Path, view: View, found: Found) -> None:
    """Ask for what is made when somebody asks, and for what its pages lead to."""
    boards = [spelled.format(board) for board in view.loaded.boards for spelled in _OF_A_BOARD]
    asked = dict.fromkeys([*_FOR_ALL, *_PAGES, *ASSETS, *boards])
    # Its modules lead to each other, and no page to all of them.
    flasher = find_flasher()
    asked |= dict.fromkeys(flasher.paths if flasher else ())
    asked |= dict.fromkeys(f"/resources/firmware/{name}.sha256" for name in view.loaded.artifacts)
    waiting = list(asked)
    while waiting:
        path = waiting.pop()
        reply = await ask(place, "GET", path)
        if reply.status in _GONE:
            continue
        if reply.status != HTTPStatus.OK:
            raise DamagedError(f"{path} is answered with {reply.status}: nothing is exported")
        found.documents[path] = reply.body
        if not reply.body.startswith(b"<!DOCTYPE html>"):
            continue
        found.pages.add(path)
        for link in _links(reply.body.decode()):
            if link not in asked:
                asked[link] = None
                waiting.append(link)


def _links(page: str) -> Iterator[str]:
    for link in _LINK.findall(page):
        yield link
        if link.startswith(f"{Section.SET_UP}/") and "." not in link:
            yield f"/v1{link}.json"
