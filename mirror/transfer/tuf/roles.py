"""Make the metadata: root and targets by their offline keys, the rest by the node's.

Nothing is read or written here, and the time is given.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.transfer.keys.minisign import PublicKey
from mirror.transfer.tuf.signers import KeySigner, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mirror.transfer.keys.secret import SecretKey

OFFLINE: Final = timedelta(days=365)
#: Signed again when less is left: clients that are on the way get to the end.
_SOON: Final = timedelta(days=180)
_BITS: Final = 4
_PREFIX: Final = "bin"


@dataclass(frozen=True, slots=True)
class Target:
    """A file that clients may have: its name, bytes and size."""

    name: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose signatures count for what."""

    root: PublicKey
    targets: PublicKey
    online: PublicKey


def make_root(version: int, keys: Keys, signers: Sequence[SecretKey], now: datetime) -> bytes:
    """Return a root that names *keys*, signed by the root keys *signers*: the new, and the old."""
    root = Root(version=version, expires=now + OFFLINE, consistent_snapshot=True)
    roles = {"root": keys.root, "targets": keys.targets}
    roles |= {"snapshot": keys.online, "timestamp": keys.online}
    for role, key in roles.items():
        root.add_key(key_of(key), role)
    return _signed(Metadata(root), signers)


def keys_of(root: bytes) -> dict[str, str]:
    """Return the point of the key of each role of *root*, in hex."""
    signed = Metadata[Root].from_bytes(root).signed
    return {role: signed.keys[one.keyids[0]].keyval["public"] for role, one in signed.roles.items()}


def make_targets(version: int, online: PublicKey, signer: SecretKey, now: datetime) -> bytes:
    """Return targets that delegate every name to bins, which *online* signs."""
    key = key_of(online)
    bins = SuccinctRoles([key.keyid], 1, _BITS, _PREFIX)
    delegations = Delegations({key.keyid: key}, succinct_roles=bins)
    targets = Targets(version=version, expires=now + OFFLINE, delegations=delegations)
    return _signed(Metadata(targets), [signer])


def make_bins(
    targets: bytes,
    files: Iterable[Target],
    before: Mapping[str, bytes],
    signer: SecretKey,
    now: datetime,
) -> dict[str, tuple[int, bytes]]:
    """Return each bin by its role, with its version: the one *before* where nothing changed."""
    delegations = Metadata[Targets].from_bytes(targets).signed.delegations
    assert delegations is not None  # noqa: S101 - `make_targets` made it
    assert delegations.succinct_roles is not None  # noqa: S101 - likewise
    roles = delegations.succinct_roles
    contents: dict[str, dict[str, TargetFile]] = {role: {} for role in roles.get_roles()}
    for one in files:
        file = TargetFile(one.size, {"sha256": one.digest.hex}, one.name)
        contents[roles.get_role_for_target(one.name)][one.name] = file
    return {
        role: _bin(content, before.get(role), signer, now) for role, content in contents.items()
    }


def _bin(
    content: dict[str, TargetFile], before: bytes | None, signer: SecretKey, now: datetime
) -> tuple[int, bytes]:
    version = 1
    if before is not None:
        last = Metadata[Targets].from_bytes(before)
        by_us = KeySigner(signer).public_key.keyid in last.signatures
        if by_us and last.signed.targets == content and last.signed.expires > now + _SOON:
            return last.signed.version, before
        version = last.signed.version + 1
    made = Targets(version=version, expires=now + OFFLINE, targets=content)
    return version, _signed(Metadata(made), [signer])


def make_snapshot(
    version: int, named: Mapping[str, tuple[int, bytes]], signer: SecretKey, expires: datetime
) -> bytes:
    """Return what holds the versions of all roles that list files together, by hash and length."""
    meta = {f"{role}.json": _meta(version, data) for role, (version, data) in named.items()}
    return _signed(Metadata(Snapshot(version=version, expires=expires, meta=meta)), [signer])


def named_by(snapshot: bytes) -> dict[str, int]:
    """Return the versions that *snapshot* names, by role."""
    meta = Metadata[Snapshot].from_bytes(snapshot).signed.meta
    return {name.removesuffix(".json"): one.version for name, one in meta.items()}


def make_timestamp(
    version: int, snapshot: tuple[int, bytes], signer: SecretKey, expires: datetime
) -> bytes:
    """Return what names the present snapshot until *expires*."""
    meta = _meta(*snapshot)
    signed = Timestamp(version=version, expires=expires, snapshot_meta=meta)
    return _signed(Metadata(signed), [signer])


def version_of(timestamp: bytes) -> tuple[int, int]:
    """Return the version of *timestamp*, and that of its snapshot."""
    signed = Metadata[Timestamp].from_bytes(timestamp).signed
    return signed.version, signed.snapshot_meta.version


def _meta(version: int, data: bytes) -> MetaFile:
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def _signed(metadata: Metadata[Any], signers: Iterable[SecretKey]) -> bytes:
    for one in signers:
        metadata.sign(KeySigner(one), append=True)
    return metadata.to_bytes()
