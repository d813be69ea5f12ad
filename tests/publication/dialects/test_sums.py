"""The sums of a folder are those of its files, and of no others."""

from __future__ import annotations

from mirror.publication.dialects.sums import FOLDER_SUMS
from mirror.publication.feeds import all_files
from tests.publication.dialects.boards import board, esp32
from tests.publication.dialects.rendering import render

NANO = board("ARDUINO_NANO_RP2040_CONNECT-20260406-v1.28.0.uf2")


def test_each_folder_has_the_sums_of_what_its_documents_name() -> None:
    rendered = render(FOLDER_SUMS, esp32(), NANO)
    of = {file.name: file.hashes.sha256 for one in (esp32(), NANO) for file in all_files(one)}
    updates = sorted(name for name in of if name.endswith(".app-bin"))
    nano = next(name for name in of if name.startswith("ARDUINO"))

    assert rendered["/ota/SHA256SUMS"][0].decode() == "".join(
        f"{of[name]}  {name}\n" for name in updates
    )
    assert rendered["/micropython/SHA256SUMS"][0].decode() == f"{of[nano]}  {nano}\n"
