"""Thonny, unmodified: its own dialog, on a screen that nobody sees, installs onto a volume.

Once pointed here by one line of its configuration, over plain HTTP; once as it comes, led by
names and the lab's CA.  It verifies nothing: what it wrote is compared with the feed here.
"""

from __future__ import annotations

import hashlib
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.lab import URL, environment, run
from tests.clients.prepare import HERE, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_PLUGIN: Final = HERE / "programs" / "thonny_plugin"
# As the boot loader of an RP2040 shows itself.
_INFO: Final = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
_WANTED: Final = "RP2|Pico W|1.28.0"


@contextmanager
def volume(place: Path) -> Iterator[Path]:
    """Have a board's volume mounted until the block ends; Thonny looks for mounted ones."""
    folder = place / "RPI-RP2"
    folder.mkdir(parents=True)
    mount("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder)
    try:
        (folder / "INFO_UF2.TXT").write_text(_INFO, encoding="ascii", newline="")
        yield folder
    finally:
        mount("umount", folder)


def mount(*words: str | Path) -> None:
    """Mount or unmount in the namespace of the tests."""
    subprocess.run([str(word) for word in words], check=True)  # noqa: S603 - as above


@pytest.mark.parametrize("pointed", ["by its configuration", "by names and a CA"])
def test_its_dialog_installs_what_the_feed_names(lab: Lab, home: Path, pointed: str) -> None:
    """The file on the volume is, byte for byte, the one that the feed names."""
    user = home / "thonny"
    user.mkdir(parents=True)
    # Without any configuration it would first ask for a language.
    configuration = "[general]\nlanguage = en_US\n"
    trust = {}
    if pointed == "by its configuration":
        configuration += f"data_url_prefix = {URL}/thonny\n"
    else:
        trust = {"SSL_CERT_FILE": str(lab.authority)}
    (user / "configuration.ini").write_text(configuration, encoding="ascii")
    with volume(home) as board:
        ended = run(
            *("xvfb-run", "-a", python_of("thonny"), "-m", "thonny"),
            env=environment(
                home, THONNY_USER_DIR=str(user), PYTHONPATH=str(_PLUGIN), WANTED=_WANTED,
                TOLD=str(home / "told.json"), **trust,
            ),
            seconds=240,
        )  # fmt: skip
        written = {path.name: path.read_bytes() for path in board.glob("*.uf2")}
    assert (home / "told.json").exists(), ended.stdout + ended.stderr

    digests = lab.digests()
    assert len(written) == 1
    [(name, content)] = written.items()
    assert name.startswith("RPI_PICO_W-")
    assert hashlib.sha256(content).hexdigest() == digests[name]
