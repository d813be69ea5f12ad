"""What is loaded in one block: nobody looks for rubbish in it, and no authority is read."""

from __future__ import annotations

import gc
import os
import ssl
from typing import TYPE_CHECKING

from mirror.starting import loading

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_rubbish_is_looked_for_again_behind_it() -> None:
    with loading():
        meanwhile = gc.isenabled()

    assert (meanwhile, gc.isenabled()) == (False, True)


def test_authorities_are_found_only_before_and_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment names some, and where it names none."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    before = dict(os.environ)
    with loading():
        trusted = ssl.create_default_context().get_ca_certs()

    assert (trusted, dict(os.environ)) == ([], before)
