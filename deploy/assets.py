"""``make assets``: put esp-web-tools beside the pages, which serve it to browsers of the room.

It comes from npm, by a lock that names hashes and no address, and is packed into the wheel when
it is there.  Its modules are taken as they were published, and with them the terms of everybody
whose code is in them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "deploy" / "esp-web-tools"
PLACE: Final = ROOT / "mirror" / "publication" / "pages" / "esp_web_tools"
_PACKAGE: Final = "esp-web-tools"
_COMMAND: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


def main() -> int:
    """Put it in place; return 0, or 1 with one sentence."""
    if shutil.which("npm") is None:
        sys.stderr.write("npm is missing: on Debian, apt install npm\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="mpmirror-assets-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / name, folder)
        if subprocess.run(_COMMAND, cwd=folder, check=False).returncode:  # noqa: S603 - named above
            sys.stderr.write("npm could not install what deploy/esp-web-tools names\n")
            return 1
        version = assemble(Path(folder) / "node_modules", PLACE)
    sys.stdout.write(f"{_PACKAGE} {version} is in {PLACE.relative_to(ROOT)}\n")
    return 0


def assemble(modules: Path, place: Path) -> str:
    """Make *place* hold the modules, the terms and the version; return the version."""
    with tempfile.TemporaryDirectory(prefix="mpmirror-", dir=place.parent) as folder:
        made = Path(folder) / place.name
        made.mkdir()
        for module in sorted((modules / _PACKAGE / "dist" / "web").glob("*.js")):
            shutil.copyfile(module, made / module.name)
        (made / "LICENSES.txt").write_text("\n".join(_terms(modules)), encoding="utf-8")
        version: str = _about(modules / _PACKAGE)["version"]
        (made / "VERSION.txt").write_text(f"{version}\n", encoding="ascii")
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    return version


def _terms(modules: Path) -> Iterator[str]:
    lock = json.loads((modules.parent / "package-lock.json").read_text(encoding="utf-8"))
    for name in sorted(filter(None, lock["packages"])):
        folder = modules.parent / name
        about = _about(folder)
        yield f"{about['name']} {about['version']}: {about['license']}\n"
        for file in sorted(folder.glob("[Ll][Ii][Cc][Ee][Nn][Ss][Ee]*")):
            yield file.read_text(encoding="utf-8")
        yield "-" * 80


def _about(folder: Path) -> dict[str, str]:
    about: dict[str, str] = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return about


if __name__ == "__main__":
    sys.exit(main())
