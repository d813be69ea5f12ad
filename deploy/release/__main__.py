"""``python -m deploy.release --sign KEY``: a wheelhouse for each platform, below ``dist``."""

from __future__ import annotations

import argparse
import getpass
import hashlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.release.downloading import PLATFORMS, PYTHONS, build_own, download
from deploy.release.wheelhouse import REQUIREMENTS, WITH_EXTRAS, finish
from mirror.errors import MirrorError
from mirror.transfer.keys.node_keys import read_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parents[2]


def main(words: Sequence[str]) -> int:
    """Make them; return 0, or 1 with one sentence."""
    parser = argparse.ArgumentParser("python -m deploy.release", description=__doc__)
    parser.add_argument("--sign", type=Path, required=True, help="minisign secret key")
    parser.add_argument("--passphrase-file", type=Path, help="its passphrase; else it is asked")
    parser.add_argument("--into", type=Path, default=ROOT / "dist")
    parser.add_argument("--source", type=Path, default=ROOT, help="the project itself")
    parser.add_argument("--platforms", nargs="+", default=list(PLATFORMS), choices=PLATFORMS)
    parser.add_argument("--pythons", nargs="+", default=list(PYTHONS))
    given = parser.parse_args(words)
    try:
        _release(given)
    except (MirrorError, OSError) as error:
        sys.stderr.write(f"release: {error}\n")
        return 1
    return 0


def _release(given: argparse.Namespace) -> None:
    key = read_secret(given.sign, lambda: _passphrase(given.passphrase_file))
    lists = {
        name: (given.source / "requirements" / locked).read_text(encoding="utf-8")
        for name, locked in {REQUIREMENTS: "run.txt", WITH_EXTRAS: "extras.txt"}.items()
    }
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        own = build_own(given.source, Path(folder))
        version = own.name.split("-")[1]
        for platform in given.platforms:
            house = given.into / f"mpmirror-{version}-{platform}"
            # In the versions of run.txt, which the lock of the extras keeps to.
            download(lists[WITH_EXTRAS], platform, given.pythons, house)
            sums = finish(house, own, lists, key)
            count = len(list(house.glob("*.whl")))
            sys.stdout.write(f"{house}: {count} wheels, signed by key {key.key_id}\n")
            digest = hashlib.sha256(sums).hexdigest()
            sys.stdout.write(f"  for paper, the SHA-256 of its SHA256SUMS: {digest}\n")
    sys.stdout.write(f"verify: minisign -Vm SHA256SUMS -P {key.public.line}\n")


def _passphrase(path: Path | None) -> str:
    if path is None:
        return getpass.getpass("Passphrase of the release key: ")
    return path.read_text(encoding="utf-8").split("\n", 1)[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
