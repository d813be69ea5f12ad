"""`mpmirror tuf` says what is missing; what it does is seen in tests/proofs/test_tuf.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the settings of a node lie."""
    monkeypatch.setenv("MPMIRROR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MPMIRROR_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("MPMIRROR_TUF", "true")
    (tmp_path / "words").write_text("long enough")
    return tmp_path


def test_without_data_nothing_is_begun(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the sentence says what comes first."""
    words = ("--passphrase-file", str(place / "words"))

    assert main(["tuf", "init", *words]) == 2
    assert "no data yet" in capsys.readouterr().err
    assert main(["tuf", "show"]) == 2
