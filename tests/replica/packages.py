"""A small mip package index, ``/pi/v2`` (``upstream.md`` section 11).

Ours, with upstream's shape: documents of one line, files under the first eight hex digits of
their SHA-256, and a package whose version is empty and which has only ``latest.json``.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ABIS: Final = ("6", "py")
# Bytecode of ABI 6 begins with M, the version, two bytes of flags, then how many names and
# objects there are; the names are that of the source, and `<module>`, which every board knows.
_BYTECODE: Final = b"M\x06\x00\x1f\x02\x00"
# `<module>`, then five bytes of code: a head of three, and to return None.
_NOTHING: Final = b"\x0f\x28" + b"\x00\x02\x01" + b"\x51\x63"
_UPDATED: Final = 1_775_500_000


@dataclass(frozen=True, slots=True)
class _Package:
    name: str
    version: str
    modules: tuple[str, ...]
    deps: tuple[str, ...] = ()


_PACKAGES: Final = (
    _Package("blink", "0.1.0", ("blink",)),
    _Package("greet", "1.2.0", ("greet/__init__", "greet/words"), ("blink",)),
    _Package("nameless-version", "", ("nameless",)),
)


class PackageStock:
    """The files below ``/pi/v2/`` by their paths, which tests edit as upstream does, and worse."""

    def __init__(self) -> None:
        self.tree = dict(_tree())

    @classmethod
    def in_folder(cls, folder: Path) -> PackageStock:
        """Return a stock of the files in *folder*, such as a real index."""
        stock = cls()
        files = [path for path in folder.rglob("*") if path.is_file()]
        stock.tree = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        return stock

    def release(self, name: str, version: str, *modules: str) -> None:
        """Publish *version* of the package *name*: files, documents, then the index."""
        package = _Package(name, version, modules or (f"{name}_{version.replace('.', '_')}",))
        for abi in _ABIS:
            self.tree |= _documents(package, abi)
        known = [entry for entry in self.index["packages"] if entry["name"] != name]
        before = [entry for entry in self.index["packages"] if entry["name"] == name]
        entry = _entry(package)
        versions = before[0]["versions"] if before else {}
        entry["versions"] = {abi: [*versions.get(abi, ()), version] for abi in _ABIS}
        self.write_index({"packages": [*known, entry]})

    def drop(self, name: str) -> None:
        """Take the package *name* out of the index."""
        left = [entry for entry in self.index["packages"] if entry["name"] != name]
        self.write_index({"packages": left})

    @property
    def index(self) -> dict[str, Any]:
        """What the index says."""
        return dict(json.loads(self.tree["index.json"]))

    def write_index(self, changes: Mapping[str, object]) -> None:
        """Write an index with *changes*, a second later."""
        index = {**self.index, "updated": self.index["updated"] + 1, **changes}
        self.tree["index.json"] = _line(index)

    def rewrite(self, path: str, **changes: object) -> None:
        """Change the document at *path*, and say in the index that something changed."""
        self.tree[path] = _line({**json.loads(self.tree[path]), **changes})
        self.write_index({})


@functools.cache
def _tree() -> dict[str, bytes]:
    tree: dict[str, bytes] = {}
    for package in _PACKAGES:
        for abi in _ABIS:
            tree |= _documents(package, abi)
    index = {"v": 2, "updated": _UPDATED, "packages": [_entry(package) for package in _PACKAGES]}
    return tree | {"index.json": _line(index)}


def _documents(package: _Package, abi: str) -> dict[str, bytes]:
    ending = ".mpy" if abi == "6" else ".py"
    files = {f"{module}{ending}": _module(module, abi) for module in package.modules}
    digests = {name: hashlib.sha256(data).hexdigest()[:8] for name, data in files.items()}
    document: dict[str, object] = {"v": 1, "hashes": [[name, digests[name]] for name in files]}
    if package.deps:
        document["deps"] = [[name, "latest"] for name in package.deps]
    document["version"] = package.version
    versions = [package.version, "latest"] if package.version else ["latest"]
    folder = f"package/{abi}/{package.name}"
    documents = {f"{folder}/{version}.json": _line(document) for version in versions}
    stored = {f"file/{digests[name][:2]}/{digests[name]}": data for name, data in files.items()}
    return stored | documents


def _module(module: str, abi: str) -> bytes:
    if abi == "py":
        return f'"""Module {module} of the replica."""\n'.encode()
    name = f"{module}.py".encode()
    return b"".join([_BYTECODE, bytes([len(name) << 1]), name, b"\0", _NOTHING])


def _entry(package: _Package) -> dict[str, object]:
    versions = [package.version] if package.version else []
    return {
        "name": package.name,
        "version": package.version,
        "author": "",
        "description": f"The package {package.name} of the replica.",
        "license": "MIT",
        "path": f"replica/{package.name}",
        "versions": dict.fromkeys(_ABIS, versions),
    }


def _line(document: dict[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
