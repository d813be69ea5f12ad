"""How channels move is set by name; what can not be meant is refused by its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.config import Given, load_settings, spell
from mirror.errors import ConfigurationError
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.config import Settings

KEY = key().public.line


def load(folder: Path, toml: str) -> Settings:
    """Load *toml* as the settings of *folder*."""
    (folder / "mpmirror.toml").write_text(toml)
    return load_settings({}, folder)


def test_a_channel_has_approvals_and_keys(tmp_path: Path) -> None:
    found = load(tmp_path, f"[channels.lab-stable]\napprovals = 2\nkeys = ['{KEY}']")

    assert (found.channels["lab-stable"].approvals, found.channels["lab-stable"].keys) == (
        2,
        (KEY,),
    )
    assert found.default_channel == "current"
    assert spell(found)["channels"] == {"lab-stable": {"approvals": 2, "keys": [KEY]}}


def test_channels_are_spelled_as_they_are_read(tmp_path: Path) -> None:
    toml = f"[channels.lab-stable]\napprovals = 3\n[channels.lab-test]\nkeys = ['{KEY}']"
    found = load(tmp_path, toml)
    (tmp_path / "mpmirror.toml").unlink()
    again = load_settings({}, tmp_path, flags={"channels": Given(spell(found)["channels"], "a")})

    assert again.channels == found.channels


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (
            "[channels.lab]\napproval = 2",
            ".\"lab\": unknown key 'approval': did you mean approvals",
        ),
        ("[channels.lab]\nowner = 'me'", "a channel has approvals, keys"),
        ("[channels.lab]\napprovals = 0", '."lab".approvals: expected a number from 1 to 9'),
        ("[channels.lab]\napprovals = true", '."lab".approvals: expected a number from 1 to 9'),
        ("[channels.lab]\nkeys = ['RWshort']", "expected a public key as `minisign -P` takes it"),
        ("[channels.Lab]\napprovals = 2", "expected the name of a channel"),
        ("[channels.current]\napprovals = 2", "the channel current moves by itself"),
        ("[channels]\nlab = 2", '."lab": expected a table, \\[channels.lab-stable\\]'),
        ("channels = 7", "channels: expected tables"),
        ("default_channel = 'Lab'", "default_channel: expected the name of a channel"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_its_place(
    tmp_path: Path, toml: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load(tmp_path, toml)
