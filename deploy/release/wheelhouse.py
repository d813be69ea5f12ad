"""Finish a wheelhouse: the list for pip, the components, the sums and their signature."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Final

from deploy.release.components import components_of
from deploy.release.locked import Locked, read_locked
from mirror.publication.statements import Statement, Type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mirror.transfer.keys.secret import SecretKey

SUMS: Final = "SHA256SUMS"
REQUIREMENTS: Final = "requirements.txt"
#: The same, and what is only needed for an extra.
WITH_EXTRAS: Final = "requirements-with-extras.txt"
COMPONENTS: Final = "sbom.cdx.json"
_NOBODY: Final = "0" * 32  # software is of no lineage


def finish(house: Path, own: Path, lists: Mapping[str, str], key: SecretKey) -> bytes:
    """Put the *own* wheel into *house*, write what belongs to it, and sign; return the sums.

    *lists* are locked requirements by the name under which pip finds them there.  The same wheels
    give the same bytes.
    """
    shutil.copy(own, house / own.name)
    sums = {path.name: _sha256(path) for path in sorted(house.glob("*.whl"))}
    _, version, *_ = own.name.split("-")
    first = Locked(f"mpmirror=={version}", (sums[own.name],))
    (house / COMPONENTS).write_bytes(components_of(house, sums))
    held = set(sums.values())
    for name, requirements in lists.items():
        wanted = [one.only(held) for one in read_locked(requirements)]
        text = "".join(one.text for one in (first, *wanted) if one.hashes)
        (house / name).write_text(text, encoding="utf-8")
    for name in (*lists, COMPONENTS):
        sums[name] = _sha256(house / name)
    data = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())).encode()
    (house / SUMS).write_bytes(data)
    said = Statement(Type.SOFTWARE, _NOBODY, 0)
    (house / f"{SUMS}.minisig").write_text(key.sign(data, said).text, encoding="utf-8")
    return data


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
