"""What `make assets` fetches is locked by hashes, names no address, and brings its terms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deploy.assets import LOCK, assemble
from mirror.publication.pages.flasher import find_flasher

if TYPE_CHECKING:
    from pathlib import Path


def locked() -> dict[str, Any]:
    packages: dict[str, Any] = json.loads((LOCK / "package-lock.json").read_bytes())["packages"]
    return {name: one for name, one in packages.items() if name}


def test_everything_is_locked_by_its_hash_and_nothing_says_where_it_is() -> None:
    assert len(locked()) > 5
    assert all(one["integrity"].startswith("sha512-") for one in locked().values())
    assert b"resolved" not in (LOCK / "package-lock.json").read_bytes()


def test_every_licence_is_permissive() -> None:
    permissive = {"Apache-2.0", "BSD-3-Clause", "MIT", "(MIT AND Zlib)", "0BSD"}

    assert {one["license"] for one in locked().values()} <= permissive


def test_modules_version_and_terms_are_put_together(tmp_path: Path) -> None:
    """And what was there before is gone."""
    package = tmp_path / "node_modules" / "esp-web-tools"
    (package / "dist" / "web").mkdir(parents=True)
    (package / "dist" / "web" / "install-button.js").write_text("// module", encoding="utf-8")
    about = {"name": "esp-web-tools", "version": "9.9.9", "license": "Apache-2.0"}
    (package / "package.json").write_text(json.dumps(about), encoding="utf-8")
    (package / "LICENSE").write_text("the terms", encoding="utf-8")
    lock: dict[str, Any] = {"packages": {"": {}, "node_modules/esp-web-tools": {}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    place = tmp_path / "place"
    place.mkdir()
    (place / "old.js").touch()

    assert assemble(tmp_path / "node_modules", place) == "9.9.9"
    assert {one.name for one in place.iterdir()} == {
        "LICENSES.txt",
        "VERSION.txt",
        "install-button.js",
    }
    terms = (place / "LICENSES.txt").read_text(encoding="utf-8")
    assert "esp-web-tools 9.9.9: Apache-2.0" in terms
    assert "the terms" in terms


def test_what_is_built_in_is_whole_or_not_there() -> None:
    flasher = find_flasher()

    assert flasher is None or ("install-button.js" in flasher.modules and flasher.terms != "")
