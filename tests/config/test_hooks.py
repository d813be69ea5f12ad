"""Hooks are set by name; what can not be meant is refused, and no secret is shown again."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.config import load_settings, spell
from mirror.daemon.hook_targets import find_targets
from mirror.errors import ConfigurationError
from mirror.hooks.kinds import MEANINGS, USUAL, Kind
from tests.hooks.receiving import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.config import Settings

URL = "https://chat.lab/hooks/t0p-s3cret?key=1"
SEALED = "offline = true\noffline_allow = ['10.0.0.9', '::1']\n"


def load(folder: Path, toml: str) -> Settings:
    """Load *toml* as the settings of *folder*."""
    (folder / "mpmirror.toml").write_text(toml)
    return load_settings({}, folder)


def test_a_hook_is_told_the_usual_unless_set(tmp_path: Path) -> None:
    hook = load(tmp_path, f"[hooks.chat]\nurl = '{URL}'").hooks["chat"]

    assert (hook.events, hook.give_up_after) == (USUAL, timedelta(days=3))
    assert (hook.secret_file, hook.secret_env) == (None, None)


def test_events_are_named_or_all(tmp_path: Path) -> None:
    toml = f"[hooks.a]\nurl = '{URL}'\nevents = 'alarm, recalled'\n"
    toml += f"[hooks.b]\nurl = '{URL}'\nevents = ['*']\n"
    found = load(tmp_path, toml).hooks

    assert found["a"].events == (Kind.ALARM, Kind.RECALLED)
    assert found["b"].events == tuple(MEANINGS)


@pytest.mark.parametrize("url", [URL, "mailto://user:t0p-s3cret@mail.lab"])
def test_no_address_is_shown_beyond_its_host(tmp_path: Path, url: str) -> None:
    found = load(tmp_path, f"[hooks.chat]\nurl = '{url}'")
    [shown] = spell(found)["hooks"].values()  # type: ignore[attr-defined]

    assert shown["url"] in {"https://chat.lab/…", "mailto://…"}
    assert "s3cret" not in repr(found) + str(found.hooks)


def test_hooks_can_be_one_variable(tmp_path: Path) -> None:
    variable = '{"chat": {"url": "http://10.0.0.9/", "events": "*"}}'
    found = load_settings({"MPMIRROR_HOOKS": variable}, tmp_path)

    assert str(found.hooks["chat"].url) == "http://10.0.0.9"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[hooks.chat]\nulr = 'x'", ".\"chat\": unknown key 'ulr': did you mean url"),
        ("[hooks.chat]\nurl = 'chat.lab'", '."chat".url: expected an address such as'),
        ("[hooks.chat]\nurl = 'http://'", "expected an http.s. address with a host"),
        ("[hooks.chat]\nurl = 'http://u:s3cret@a/'", "without a user name or password"),
        ("[hooks.chat]\nurl = 'http://a:70000/'", "expected an http.s. address with a host"),
        ("[hooks.chat]\nurl = 'http://a/ b'", '."chat".url: expected an address such as'),
        ("[hooks.chat]", '."chat": a hook has url or url_file, one of them'),
        (f"[hooks.chat]\nurl = '{URL}'\nurl_file = '/x'", "url or url_file, one of them"),
        (f"[hooks.chat]\nurl = '{URL}'\nevents = ['alarms']", "'alarms': did you mean alarm"),
        (f"[hooks.chat]\nurl = '{URL}'\nevents = ['test']", "unknown event 'test'"),
        (f"[hooks.chat]\nurl = '{URL}'\nsecret_file = 'x'", "expected a whole path, not 'x'"),
        (f"[hooks.chat]\nurl = '{URL}'\nsecret_env = 'MPMIRROR_X'", "does not begin with MPM"),
        (
            f"[hooks.chat]\nurl = '{URL}'\nsecret_env = 'X'\nsecret_file = '/x'",
            "secret_file or secret_env, not both",
        ),
        ("[hooks.chat]\nurl = 'json://a'\nsecret_env = 'X'", "what Apprise sends is not signed"),
        (f"[hooks.chat]\nurl = '{URL}'\ngive_up_after = '1s'", "expected 1m to 30d"),
        (f"[hooks.Chat]\nurl = '{URL}'", "expected the name of a hook"),
        (SEALED + f"[hooks.chat]\nurl = '{URL}'", "offline = true: a hook leads to a literal"),
        (SEALED + "[hooks.chat]\nurl = 'http://localhost/'", "a literal address of offline_allow"),
        (SEALED + "[hooks.chat]\nurl = 'http://10.0.0.8/'", "a literal address of offline_allow"),
        (SEALED + "[hooks.chat]\nurl = 'json://10.0.0.9/'", "what Apprise connects to can not be"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused_by_its_place(
    tmp_path: Path, toml: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        load(tmp_path, toml)

    assert "s3cret" not in str(caught.value)


def test_a_sealed_node_may_tell_an_address_that_is_allowed(tmp_path: Path) -> None:
    found = load(tmp_path, SEALED + "[hooks.chat]\nurl = 'http://10.0.0.9:8065/hooks/1'")

    assert [target.name for target in find_targets(found, {})] == ["chat"]


def test_an_address_in_a_file_is_sealed_alike(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")
    found = load(tmp_path, SEALED + f"[hooks.chat]\nurl_file = '{file}'")
    with pytest.raises(ConfigurationError, match=r"hooks\.chat: offline = true"):
        find_targets(found, {})


def test_secrets_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    toml = f"[hooks.a]\nurl = '{URL}'\nsecret_file = '{file}'\n"
    toml += f"[hooks.b]\nurl = '{URL}'\nsecret_env = 'CHAT'"
    first, second = find_targets(load(tmp_path, toml), {"CHAT": SECRET})

    assert first.secrets == second.secrets
    assert len(first.secrets.keys) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("secret_env = 'CHAT'", "the variable CHAT is not set"),
        ("secret_file = '/nowhere/secret'", "/nowhere/secret: No such file"),
        ("secret_file = '/proc/version'", "expected one to 4 secrets"),
    ],
)
def test_a_secret_that_can_not_be_had_is_refused_before_anything_is_served(
    tmp_path: Path, more: str, words: str
) -> None:
    """All hooks are named at once."""
    toml = f"[hooks.a]\nurl = '{URL}'\n{more}\n[hooks.b]\nurl = '{URL}'\nsecret_env = 'B'"
    with pytest.raises(ConfigurationError, match=words) as caught:
        find_targets(load(tmp_path, toml), {})

    assert len(caught.value.problems) == 2
    assert os.linesep not in str(caught.value)
