"""Heal one blob of a published package: fetched again from where it is, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.packages import file_path
from mirror.errors import DigestMismatchError
from mirror.sync.package_memory import find_tree
from mirror.upstream.packages import PackageSite

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.sync.means import Means
    from mirror.sync.package_memory import Tree


async def heal_package(means: Means, digest: Digest) -> bool:
    """Hold *digest* again if it is of a package that is published; whether it is.

    The index is not: a sync run renders it again.  Raises a `MirrorError` that says why it
    could not be had.
    """
    tree = await find_tree(means.store)
    path = _path_of(tree, digest) if tree else None
    if path is None:
        return False
    site = PackageSite(means.fetcher, means.sandbox)
    answer = await site.whole(path)
    if answer.digest != digest:
        raise DigestMismatchError(f"{answer.url}: upstream has {answer.digest} now")
    await means.store.blobs.put(answer.body)
    return True


def _path_of(tree: Tree, digest: Digest) -> str | None:
    for package in tree.packages.values():
        for name, known in package.names().items():
            if known == digest:
                return name.path
        for hash8, known in package.files.items():
            if known == digest:
                return file_path(hash8)
    return None
