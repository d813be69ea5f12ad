"""Follow the pointer: answer from the current publication, and switch all at once.

A new publication is loaded beside the one that is served, and takes its place when it is
whole in memory.  One that can not be loaded, or that goes back in its lineage (P7), never
does: what is served stays, and `ready` says why.  Other publications are loaded when
somebody asks, one at a time, and only a few are kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.errors import (
    DamagedError,
    GoneError,
    MirrorError,
    NotFoundError,
    PublicationNotFoundError,
    StorageError,
)
from mirror.starting import loading
from mirror.storage.threads import to_end
from mirror.web.bench import FIRST_BYTE, PATIENCE, Bench, within
from mirror.web.forbidden import CURRENT, Forbidden
from mirror.web.loading import load
from mirror.web.view import View

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from mirror.catalog.values import Digest
    from mirror.publication.documents import PublicationRoot
    from mirror.web.artifacts import Artifact
    from mirror.web.documents import Stationery
    from mirror.web.holdings import Holdings
    from mirror.web.local import LocalLayer
    from mirror.web.other_channels import OtherChannels
    from mirror.web.superseded import Superseded

_OTHERS: Final = 3
_NOT_LOOKED: Final = object()

_log = logging.getLogger(__name__)


class Shelf:
    """The publications of *store* that are being served: those of *channel* where none is named.

    After a failure the pointer is looked at again in *retry* seconds.
    """

    def __init__(
        self,
        store: Holdings,
        stationery: Stationery,
        superseded: Superseded,
        others: OtherChannels,
        *,
        channel: str = CURRENT,
        retry: float = 10.0,
    ) -> None:
        self._retry = retry
        self.channel = channel
        self._others_named = others
        self._forbidden = Forbidden(store)
        self.blobs = store.blobs
        self._store = store
        self._stationery = stationery
        self._superseded = superseded
        self._view: View | None = None
        self._layer: LocalLayer | None = None
        self._others: OrderedDict[Digest, View] = OrderedDict()
        self._token: Hashable = _NOT_LOOKED
        self._problem: MirrorError | None = None
        self._looked = asyncio.Event()
        self._looking = asyncio.Lock()
        self._bench = Bench()
        self._loading = asyncio.Lock()

    async def follow(self, every: float) -> NoReturn:
        """Look at the pointer every so many seconds, until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception:  # noqa: BLE001 - a follower that died would serve the past for ever
                _log.exception("the pointer could not be followed; trying again")
                self._problem = StorageError("the pointer can not be followed")
            await asyncio.sleep(max(every, self._retry) if self._problem else every)

    async def refresh(self) -> None:
        """Look at the pointer now, and serve what it points to if that can be served."""
        async with self._looking:
            try:
                await self._look()
                self._problem = None
                self._looked.set()
                if self._view is not None:
                    # Nothing may come between: who read the list before would get a 404.
                    await self._superseded.look(self._view.loaded)
                    await self._view.layer.look(self._layer)
                    self._layer = self._view.layer
                await self._others_named.look(self._view.loaded if self._view else None)
            except MirrorError as error:
                if str(error) != str(self._problem):
                    _log.error("the current publication can not be loaded: %s", error)
                self._problem = error
            finally:
                self._looked.set()

    @property
    def boards(self) -> Collection[str]:
        """The ids of the boards that are served now, none before the first publication."""
        return self._view.loaded.boards if self._view else ()

    @property
    def sequence(self) -> int | None:
        """The sequence of the publication that is served now, None before the first."""
        return self._view.loaded.publication.sequence if self._view else None

    async def settle(self) -> None:
        """Wait until what is served first is loaded, or can not be.

        Nobody looks for rubbish meanwhile: it comes all at once, and stays.
        """
        with contextlib.suppress(MirrorError), loading():
            await self.current()

    async def ready(self) -> View:
        """Return the current view; raise what keeps the newest publication from being served."""
        view = await self.current()
        if self._problem is not None:
            raise self._problem.with_traceback(None)
        (await self.blobs.open(view.loaded.root)).close()
        return view

    async def current(self) -> View:
        """Return the publication that is served; `PublicationNotFoundError` without one."""
        if self._view is not None:
            return self._view
        async with within(FIRST_BYTE, "loading the publication"):
            await self._looked.wait()
        if self._view is not None:
            return self._view
        if self._problem is None:
            raise PublicationNotFoundError(_nothing(self.channel))
        # It is raised again and again, and must not remember each time.
        raise self._problem.with_traceback(None)

    async def at(self, sequence: int) -> View:
        """Return the publication of this *sequence*."""
        return await self._other(await self._store.publications.root(sequence))

    async def on(self, channel: str) -> View:
        """Return the publication that *channel* points to."""
        if channel == self.channel:
            return await self.current()
        root = await self._store.publications.current(channel)
        if root is None:
            raise PublicationNotFoundError(f"there is no channel {channel!r}")
        return await self._other(root)

    async def find(self, name: str) -> Artifact:
        """Return what the current publication calls *name*, or else one in grace did."""
        view = await self.current()
        artifact = view.loaded.artifacts.get(name)
        if artifact is None and await self.recalls(name):
            raise GoneError(f"{name} was recalled")
        if artifact is None:
            artifact = await self._superseded.find(name) or await self._others_named.find(name)
        return view.artifact(name) if artifact is None else artifact

    async def find_on(self, channel: str, name: str) -> Artifact:
        """Return what *channel* calls *name*, or did within the grace."""
        view = await self.on(channel)
        artifact = view.loaded.artifacts.get(name)
        if artifact is None and name in view.loaded.recalled_names | self._forbidden.names:
            raise GoneError(f"{name} was recalled")
        if artifact is None and channel == self.channel:
            artifact = await self._superseded.find(name)
        elif artifact is None:
            artifact = await self._others_named.find_before(channel, name)
        return view.artifact(name) if artifact is None else artifact

    async def names(self, artifact: Artifact) -> bool:
        """Whether any channel names exactly this file now."""
        view = await self._served()
        if view is not None and view.loaded.artifacts.get(artifact.name) == artifact:
            return True
        return self._others_named.name(artifact)

    async def newest(self) -> Digest | None:
        """Return the root of the newest publication of all, whichever channel is served."""
        if self.channel == CURRENT:
            return (await self.current()).loaded.root
        await self.current()
        return self._forbidden.root

    @property
    def layer(self) -> LocalLayer | None:
        """The local layer that was read last."""
        return self._layer

    async def offers(self, name: str) -> bool:
        """Whether the current publication says that *name* can be fetched on demand."""
        return name in (await self.current()).loaded.on_demand

    async def recalled(self, digest: Digest) -> bool:
        """Whether nobody may have *digest*: by what is served, or by the newest of all."""
        view = await self._served()
        return digest in self._forbidden.digests or (
            view is not None and digest in view.loaded.recalled
        )

    async def recalls(self, name: str) -> bool:
        """Whether the bytes of *name* are recalled: by what is served, or by the newest of all."""
        loaded = (await self.current()).loaded
        return name in loaded.recalled_names or name in self._forbidden.names

    async def recalled_by_now(self, digest: Digest) -> bool:
        """Whether *digest*, whose bytes are gone, was recalled: by the newest publication."""
        if self._problem is None:
            await self.refresh()
        return await self.recalled(digest)

    async def _look(self) -> None:
        if self.channel != CURRENT:
            await self._forbidden.look()
        token = await to_end(self._store.publications.changed, self.channel)
        if token == self._token and self._problem is None:
            return
        root = await self._store.publications.current(self.channel)
        if root is not None and (self._view is None or root != self._view.loaded.root):
            self._view = await self._load(root, self._view)
        self._token = token

    async def _load(self, root: Digest, before: View | None) -> View:
        known = before.loaded if before else None
        try:
            loaded = await load(self.blobs, root, self._bench, known)
        except NotFoundError as error:
            raise DamagedError(f"publication {root} is not whole: {error}") from error
        if known is not None and _goes_back(known.publication, loaded.publication):
            raise DamagedError(
                f"channel {self.channel} went back from publication {known.publication.sequence} "
                f"to {loaded.publication.sequence} of the same lineage"
            )
        return View(loaded, self.blobs, self._stationery)

    async def _other(self, root: Digest) -> View:
        view = await self._served()
        if view is not None and view.loaded.root == root:
            return view
        async with within(PATIENCE, "loading another publication"), self._loading:
            if root not in self._others:
                self._others[root] = await self._load_other(root, view)
        self._others.move_to_end(root)
        while len(self._others) > _OTHERS:
            self._others.popitem(last=False)
        return self._others[root]

    async def _served(self) -> View | None:
        """Return what is served at the short paths; None while that channel shows nothing."""
        try:
            return await self.current()
        except PublicationNotFoundError:
            return None

    async def _load_other(self, root: Digest, current: View | None) -> View:
        loaded = await load(self.blobs, root, self._bench, current.loaded if current else None)
        return View(loaded, self.blobs, self._stationery)


def _nothing(channel: str) -> str:
    if channel == CURRENT:
        return "nothing is published yet"
    return f"channel {channel} shows nothing yet: mpmirror channel promote {channel} …"


def _goes_back(before: PublicationRoot, after: PublicationRoot) -> bool:
    return before.lineage == after.lineage and after.sequence < before.sequence
