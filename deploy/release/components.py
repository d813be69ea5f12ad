"""The list of components of a wheelhouse, as CycloneDX 1.6 (ECMA-424): what is in it, by whom.

It is read out of the wheels themselves: name, version and licence of their metadata, and the
SHA-256 of each file.  The format: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import uuid
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_OWN: Final = "mpmirror"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file of a component: its name, its SHA-256, and its metadata."""

    name: str
    sha256: str
    metadata: Message

    @property
    def component(self) -> tuple[str, str]:
        """The name and the version of what it is a file of."""
        return str(canonicalize_name(self.metadata["Name"])), str(self.metadata["Version"])


def components_of(house: Path, sums: Mapping[str, str]) -> bytes:
    """Return the list for the wheels in *house*, whose SHA-256 are *sums* by name."""
    files: dict[tuple[str, str], list[Wheel]] = defaultdict(list)
    for name, sha256 in sorted(sums.items()):
        wheel = Wheel(name, sha256, _metadata(house / name))
        files[wheel.component].append(wheel)
    [own] = [place for place in files if place[0] == _OWN]
    others = sorted(place for place in files if place != own)
    whole = "".join(f"{sha256}{name}" for name, sha256 in sorted(sums.items()))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, whole)}",
        "version": 1,
        "metadata": {"component": _component(files[own], "application")},
        "components": [_component(files[place], "library") for place in others],
        "dependencies": [_depends(files[place], files) for place in (own, *others)],
    }
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def _component(wheels: Iterable[Wheel], kind: str) -> dict[str, Any]:
    files = list(wheels)
    metadata = files[0].metadata
    name, version = files[0].component
    found: dict[str, Any] = {
        "type": kind,
        "bom-ref": _reference(name, version),
        "purl": _reference(name, version),
        "name": name,
        "version": version,
        "components": [
            {
                "type": "file",
                "name": one.name,
                "hashes": [{"alg": "SHA-256", "content": one.sha256}],
            }
            for one in files
        ],
    }
    licences = _licences(metadata)
    if licences:
        found["licenses"] = licences
    if metadata["Summary"]:
        found["description"] = str(metadata["Summary"])
    return found


def _licences(metadata: Message) -> list[dict[str, Any]]:
    if metadata["License-Expression"]:
        return [{"expression": str(metadata["License-Expression"])}]
    classified = [
        str(one).rpartition(" :: ")[2]
        for one in metadata.get_all("Classifier", [])
        if str(one).startswith("License ::")
    ]
    named = str(metadata["License"] or "").split("\n", 1)[0].strip()
    names = dict.fromkeys(classified or ([named] if named else []))
    return [{"license": {"name": name}} for name in names]


def _depends(wheels: list[Wheel], files: Mapping[tuple[str, str], list[Wheel]]) -> dict[str, Any]:
    wanted = {
        str(canonicalize_name(Requirement(str(one)).name))
        for wheel in wheels
        for one in wheel.metadata.get_all("Requires-Dist", [])
        if "extra ==" not in str(one)
    }
    found = sorted(_reference(*place) for place in files if place[0] in wanted)
    return {"ref": _reference(*wheels[0].component), "dependsOn": found}


def _reference(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _metadata(path: Path) -> Message:
    with zipfile.ZipFile(path) as wheel:
        [name] = [one for one in wheel.namelist() if one.endswith(".dist-info/METADATA")]
        return BytesParser().parsebytes(wheel.read(name))
