"""Follow the keys of a mirror: which one signs now, after the key that was pinned.

Only the recovery key of the mirror says so, and only one that was known before: it was named by a
root that the pinned key had signed, or at the first use.  A statement by anybody else changes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import KeyRefusedError, UpstreamMissingError
from mirror.publication.keys import RECOVERY_PATH, ROTATIONS_PATH
from mirror.transfer.keys import PublicKey
from mirror.transfer.keys.certificates import Rotation, read_words, revoked_lines

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirror.client.mirrors import Publication
    from mirror.transfer.keys.certificates import Word
    from mirror.upstream.fetch import Fetcher


async def successors(
    publication: Publication, fetcher: Fetcher, pinned: PublicKey, recovery: PublicKey | None
) -> tuple[PublicKey, ...]:
    """Return the keys that count where *pinned* did, the newest first.

    *pinned* is the last of them, unless it was revoked: then there may be none.
    """
    if recovery is None or ROTATIONS_PATH not in publication.root.papers:
        return (pinned,)
    try:
        answer = await fetcher.page(publication.address + ROTATIONS_PATH)
        words = read_words(answer.body, recovery, publication.root.lineage)
    except (KeyRefusedError, UpstreamMissingError):
        return (pinned,)
    return chain(pinned, words)


def chain(pinned: PublicKey, words: Collection[Word]) -> tuple[PublicKey, ...]:
    """Return *pinned* and what follows it by *words*, the newest first, none revoked."""
    # Of two that follow one key the later counts.
    after = {word.old: word.new for word in words if isinstance(word, Rotation)}
    keys, revoked = [pinned.line], revoked_lines(words)
    while (following := after.get(keys[-1])) is not None and following not in keys:
        keys.append(following)
    return tuple(PublicKey.parse(line) for line in reversed(keys) if line not in revoked)


async def shown_recovery(publication: Publication, fetcher: Fetcher) -> PublicKey | None:
    """Return the recovery key that the root of *publication* names, if it can be had."""
    digest = publication.root.papers.get(RECOVERY_PATH)
    if digest is None:
        return None
    try:
        answer = await fetcher.page(publication.address + RECOVERY_PATH)
        # Of another publication by now, perhaps: then it is learned the next time.
        return PublicKey.parse(answer.body) if answer.digest == digest else None
    except (KeyRefusedError, UpstreamMissingError):
        return None
