"""Whom to believe that a root is the mirror's: the chain of digests begins here.

In this order: the key that was given (``--key``), else the key that was pinned at the first use
of this mirror, or who follows it by the word of the recovery key (`mirror.client.following`).
What that key did not sign is refused, also when nothing is signed any more.  A
mirror that signs and has no pinned key yet has it pinned now, which is said with its fingerprint;
one that does not sign is believed as far as the way to it, and this is said too.  A mirror never
goes back, signed or not; and its signature must be about this lineage, channel and sequence.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.client.following import shown_recovery, successors
from mirror.client.known import (
    KnownLineage,
    KnownMirrors,
    refuse_another_lineage,
    refuse_going_back,
    remembering,
)
from mirror.errors import (
    ConfigurationError,
    KeyRefusedError,
    SignatureRefusedError,
    UnreadableFileError,
    UpstreamMissingError,
)
from mirror.frozen import dataclass
from mirror.publication.keys import KEY_PATH
from mirror.transfer.keys import PublicKey, Signature, Type, verify_statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.client.memory import Memory
    from mirror.client.mirrors import Publication
    from mirror.upstream.fetch import Fetcher

CURRENT: Final = "current"

_MOST_KEY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Trust:
    """Why a root is believed: *words* for people, and the id of the *key* that signed it."""

    words: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Trusted:
    """A key that must have signed, and why it is trusted."""

    key: PublicKey
    why: str


def read_key(text: str) -> PublicKey:
    """Return the public key that somebody typed, or in the file that was named.

    Raises `ConfigurationError` when it is neither, `UnreadableFileError`.
    """
    path = Path(text)
    try:
        if path.is_file():
            with path.open("rb") as file:
                return PublicKey.parse(file.read(_MOST_KEY))
        return PublicKey.parse(text)
    except OSError as error:
        raise UnreadableFileError(f"{path} can not be read: {error.strerror or error}") from error
    except KeyRefusedError as error:
        raise ConfigurationError(f"--key: no file, and no key either: {error}") from error


async def believe(
    publication: Publication,
    fetcher: Fetcher,
    memory: Memory,
    key: PublicKey | None,
    *,
    new_lineage: bool,
) -> Trust:
    """Return why *publication* is believed, and remember how far the mirror is.

    *key* is the one that was given; *new_lineage* says that another mirror at a known address is
    meant.  Raises `WentBackError`, `NewLineageError`, `SignatureRefusedError`.
    """
    shown = publication.shown
    known = await asyncio.to_thread(memory.known)
    _refuse(known, publication, new_lineage=new_lineage)
    lineage = known.lineage(shown.lineage)
    if key is not None:
        trusted: Sequence[_Trusted] = [_Trusted(key, "given with --key")]
    else:
        trusted = await _pinned(publication, fetcher, lineage)
    trust, signer = await _judge(publication, fetcher, trusted)
    recovery = (
        await shown_recovery(publication, fetcher) if signer and not lineage.recovery else None
    )

    def changed(known: KnownMirrors) -> KnownMirrors:
        _refuse(known, publication, new_lineage=new_lineage)
        return remembering(
            known, shown, signer.line if signer else None, recovery.line if recovery else None
        )

    await asyncio.to_thread(memory.change, changed)
    return trust


def _refuse(known: KnownMirrors, publication: Publication, *, new_lineage: bool) -> None:
    refuse_going_back(known, publication.shown)
    if not new_lineage:
        refuse_another_lineage(known, publication.shown)


async def _pinned(
    publication: Publication, fetcher: Fetcher, lineage: KnownLineage
) -> Sequence[_Trusted]:
    """Return the keys that count by what was pinned, the newest first; none before the first."""
    if lineage.key is None:
        return []
    pinned = PublicKey.parse(lineage.key)
    recovery = PublicKey.parse(lineage.recovery) if lineage.recovery else None
    follows = (
        f"which follows key {pinned.key_id}, pinned until now, by the word of the mirror's "
        "recovery key"
    )
    trusted = [
        _Trusted(key, "pinned at the first use of this mirror" if key == pinned else follows)
        for key in await successors(publication, fetcher, pinned, recovery)
    ]
    if not trusted:
        raise SignatureRefusedError(
            f"{publication.address}: key {pinned.key_id}, pinned until now, was revoked by the "
            "mirror's recovery key, and none follows it: get its key from its operator, and name "
            "it with --key"
        )
    return trusted


async def _judge(
    publication: Publication, fetcher: Fetcher, trusted: Sequence[_Trusted]
) -> tuple[Trust, PublicKey | None]:
    """Return why *publication* is believed, and the key that signed it, if it is checked."""
    for one in trusted:
        signature = await _signature(publication, fetcher, one)
        if signature is not None:
            _verify(publication, signature, one.key)
            return Trust(f"signed by key {one.key.key_id}, {one.why}", one.key.key_id), one.key
    if trusted:
        last = trusted[-1]
        raise SignatureRefusedError(
            f"{publication.address}: publication {publication.root.sequence} is not signed by "
            f"key {last.key.key_id}, {last.why}: not believed.  If the mirror has "
            "another key now, get it from its operator, and name it with --key"
        )
    return await _first(publication, fetcher)


async def _first(publication: Publication, fetcher: Fetcher) -> tuple[Trust, PublicKey | None]:
    """Return why *publication* of a mirror without a pinned key is believed, and its key."""
    signature = await _signature(publication, fetcher, None)
    shown_key = await _shown_key(publication, fetcher) if signature else None
    if signature is None or shown_key is None:
        way = "this network" if publication.address.startswith("http:") else "TLS"
        return Trust(f"not signed: {publication.address} is believed as far as {way} is"), None
    _verify(publication, signature, shown_key)
    words = (
        f"signed by key {shown_key.key_id}, pinned now, at the first use of this mirror; its "
        f"fingerprint, to compare with the operator's: {shown_key.fingerprint}"
    )
    return Trust(words, shown_key.key_id), shown_key


def _verify(publication: Publication, signature: Signature, key: PublicKey) -> None:
    statement = verify_statement(publication.document, signature, [key], Type.PUBLICATION)
    root = publication.root
    said = (statement.origin, statement.sequence, statement.channel)
    if said != (root.lineage, root.sequence, publication.channel):
        raise SignatureRefusedError(
            f"{publication.address}: the signature is about publication {statement.sequence} of "
            f"{statement.channel}, not about {root.sequence} of {publication.channel}"
        )


async def _signature(
    publication: Publication, fetcher: Fetcher, trusted: _Trusted | None
) -> Signature | None:
    """Return the signature beside the root, None if there is none by who is *trusted*."""
    # By its number, so that a publication that changes meanwhile is not met.
    current = publication.channel == CURRENT
    place = (
        f"publications/{publication.root.sequence}"
        if current
        else f"channels/{publication.channel}"
    )
    query = f"?key={trusted.key.key_id}" if trusted else ""
    url = f"{publication.address}/v1/{place}/root.json.minisig{query}"
    try:
        answer = await fetcher.page(url)
    except UpstreamMissingError:
        return None
    return Signature.parse(answer.body)


async def _shown_key(publication: Publication, fetcher: Fetcher) -> PublicKey | None:
    try:
        answer = await fetcher.page(publication.address + KEY_PATH)
    except UpstreamMissingError:
        return None
    return PublicKey.parse(answer.body)
