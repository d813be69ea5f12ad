"""Compare what upstream wrote once with what it has there now, a few at a time.

A version of a package, and a file, never change upstream.  One that did is an alarm, and the
first bytes stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.packages import LATEST
from mirror.errors import MirrorError, StorageError
from mirror.storage.entries import Change
from mirror.upstream.answers import Validators
from mirror.upstream.packages import PackageSite

if TYPE_CHECKING:
    from collections.abc import Container

    from mirror.catalog.values import Digest
    from mirror.sync.means import Means
    from mirror.sync.package_memory import Tree

LOOKS: Final = 5
"""Versions that are compared again whenever the index changed."""

_LOOKED: Final = "packages-looked"


async def look_again(means: Means, tree: Tree | None, listed: Container[str], under: str) -> None:
    """Compare the next few versions of *tree* that are *listed*; raises only `StorageError`s.

    Once for each index, *under*.  Ends early where upstream can not be asked.
    """
    last, _, place = (await means.store.index.find_mark(_LOOKED) or "").partition(" ")
    if last == under:
        return
    await means.store.index.set_mark(_LOOKED, f"{under} {place}")
    known = {
        name: digest
        for package in (tree.packages.values() if tree else ())
        if package.entry.name in listed
        for name, digest in package.names().items()
        if name.version != LATEST
    }
    site = PackageSite(means.fetcher, means.sandbox)
    for name in sorted(known, key=lambda name: (name.path <= place, name.path))[:LOOKS]:
        try:
            answer = await site.changed(name.path, Validators())
        except StorageError:
            raise
        except MirrorError:
            return
        if answer is not None and answer.digest != known[name]:
            await note_change(means, name.path, known[name], answer.digest)
        await means.store.index.set_mark(_LOOKED, f"{under} {name.path}")


async def note_change(means: Means, path: str, first: Digest, later: Digest) -> None:
    """Write down, once, that upstream has *later* bytes at *path*."""
    name = path.removeprefix("/")
    if await means.store.index.has_changed_to(name, later):
        return
    url = means.fetcher.upstream + path
    await means.store.ledger.append([Change(means.clock(), name, url, first, later)])
