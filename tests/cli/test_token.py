"""A token is shown once, kept as a hash, and good for nothing once it is removed."""

from __future__ import annotations

import stat
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.cli import main
from mirror.errors import ConfigurationError, DamagedError, KeyRefusedError
from mirror.storage.tokens import TOKENS_FILE, Scope, find_tokens, make_token, owner_of

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)


def run(folder: Path, *words: str) -> int:
    return main(["--data", str(folder / "data"), "token", *words])


def test_a_token_is_shown_once_and_kept_as_a_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(tmp_path, "add", "anna", "--scope", "sync,pin")
    text = capsys.readouterr().out.split()[0]
    [file] = tmp_path.rglob(TOKENS_FILE)
    owner = owner_of(text, find_tokens(file.parent))

    assert status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert text not in file.read_text(encoding="utf-8")
    assert owner is not None
    assert (owner.name, owner.scopes) == ("anna", (Scope.PIN, Scope.SYNC))


def test_a_token_can_be_written_to_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `>`: `--token-file` and curl read all of it."""
    run(tmp_path, "add", "anna", "--scope", "promote")
    said = capsys.readouterr()
    [file] = tmp_path.rglob(TOKENS_FILE)

    assert owner_of(said.out.strip(), find_tokens(file.parent)) is not None
    assert said.err == "It is shown this once, and only its hash is kept.\n"


def test_what_is_removed_is_good_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "add", "anna", "--scope", "read")
    text = capsys.readouterr().out.split()[0]
    run(tmp_path, "add", "bert", "--scope", "read")
    statuses = [run(tmp_path, "remove", "anna"), run(tmp_path, "remove", "anna")]
    capsys.readouterr()
    run(tmp_path, "list")
    [file] = tmp_path.rglob(TOKENS_FILE)

    assert statuses == [0, 2]
    assert capsys.readouterr().out.startswith("bert: read, made ")
    assert owner_of(text, find_tokens(file.parent)) is None


@pytest.mark.parametrize(
    "words",
    [
        ("add", "anna"),
        ("add", "anna", "--scope", "everything"),
        ("add", "--scope", "read"),
        ("add", "a\nb", "--scope", "read"),
        ("add", "", "--scope", "read"),
    ],
)
def test_what_is_no_token_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, *words) == 2
    assert list(tmp_path.rglob(TOKENS_FILE)) == []


def test_a_name_has_one_token(tmp_path: Path) -> None:
    assert [run(tmp_path, "add", "anna", "--scope", "read") for _ in range(2)] == [0, 2]


def test_tokens_that_others_can_read_let_nobody_in(tmp_path: Path) -> None:
    (tmp_path / TOKENS_FILE).write_text("[]", encoding="utf-8")
    (tmp_path / TOKENS_FILE).chmod(0o644)
    with pytest.raises(KeyRefusedError, match="chmod 600"):
        find_tokens(tmp_path)


@given(st.binary(max_size=100) | st.sampled_from([b'[{"name":"a"}]', b"[]", b"null"]))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / TOKENS_FILE).write_bytes(data)
    (folder / TOKENS_FILE).chmod(0o600)
    with suppress(DamagedError):
        assert find_tokens(folder) == ()


def test_no_two_tokens_are_alike() -> None:
    texts = {make_token("anna", [Scope.READ], NOON)[1] for _ in range(100)}

    assert len(texts) == 100
    with pytest.raises(ConfigurationError, match="needs --scope"):
        make_token("anna", [], NOON)
