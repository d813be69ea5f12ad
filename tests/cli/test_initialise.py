"""`mpmirror init` asks, shows what it will cost, and writes settings that can be obeyed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mirror.cli import main
from mirror.config import load_settings
from mirror.transfer.keys.node_keys import find_public
from mirror.transfer.keys.paper import read_paper


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("purpose", ["classroom", "factory", "enclave"])
def test_every_room_gets_settings_that_can_be_obeyed(
    purpose: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The boards that were named are held; what it costs is said, as an estimate."""
    status = main(["init", "--for", purpose, "--boards", "RPI_PICO*, PYBV11"])
    told = capsys.readouterr().out
    settings = load_settings({}, folder)

    assert status == 0
    assert told.startswith("Estimate")
    assert "5 board(s)" in told
    assert settings.policy.boards == ("RPI_PICO*", "PYBV11")
    assert settings.offline is (purpose == "enclave")
    assert settings.sources["policy.boards"] == f"{folder / 'mpmirror.toml'}: policy.boards"


def test_nobody_there_to_ask_means_that_the_boards_must_be_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or that all are meant; nothing is written otherwise."""
    assert main(["init", "--for", "classroom"]) == 2
    assert "say which boards" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
    assert main(["init", "--for", "classroom", "--yes"]) == 0
    assert load_settings({}, folder).policy.boards == ("*",)


def test_boards_that_can_not_be_are_refused_by_the_flag(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a pattern that fits nothing known is told, and obeyed."""
    assert main(["init", "--for", "classroom", "--boards", "../x"]) == 2
    assert capsys.readouterr().err.startswith("mpmirror: --boards: expected a name or a pattern")
    assert list(folder.iterdir()) == []
    assert main(["init", "--for", "classroom", "--boards", "BRAND_NEW"]) == 0
    assert "No board of August 2026 is called BRAND_NEW" in capsys.readouterr().err


def test_the_recovery_key_is_shown_once_and_is_on_no_disk(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its public half is kept, and a second `init` makes no other."""
    command = ["init", "--for", "classroom", "--yes"]
    assert main(command) == 0
    told = capsys.readouterr().out.splitlines()
    letters = told[told.index(next(line for line in told if "to be written on paper" in line)) + 1]
    typed = read_paper(letters)
    keys = load_settings({}, folder).keys_dir
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]

    assert find_public(keys / "recovery.pub") == typed.public
    assert not any(typed.seed in one or letters.strip().encode() in one for one in files)
    assert main([*command, "--force"]) == 0
    assert "was made before, and is on your paper" in capsys.readouterr().out
    assert find_public(keys / "recovery.pub") == typed.public


def test_the_recovery_key_goes_to_a_file_for_who_wants_that(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For its owner alone, and nothing of it is shown."""
    words = ["init", "--for", "classroom", "--yes", "--recovery", "stick.txt"]

    assert main(words) == 0
    letters = (folder / "stick.txt").read_text(encoding="ascii").strip()
    assert letters not in capsys.readouterr().out
    assert (folder / "stick.txt").stat().st_mode & 0o777 == 0o600
    recovery = load_settings({}, folder).keys_dir / "recovery.pub"
    assert find_public(recovery) == read_paper(letters).public


def test_what_is_there_is_not_overwritten(folder: Path) -> None:
    """Unless that is what was asked for."""
    command = ["init", "--for", "classroom", "--yes"]
    (folder / "mpmirror.toml").write_text("workers = 1\n", encoding="utf-8")

    assert main(command) == 2
    assert load_settings({}, folder).workers == 1
    assert main([*command, "--force"]) == 0
    assert load_settings({}, folder).workers == 0


def test_data_and_file_go_where_they_are_told(folder: Path) -> None:
    """`--config` and `--data` mean here what they mean everywhere."""
    words = ["init", "--for", "factory", "--yes", "--config", "etc/m.toml", "--data", "d"]

    assert main(words) == 0
    assert load_settings({}, folder, file=Path("etc/m.toml")).data_dir == folder / "d"


def test_a_service_is_written_and_the_commands_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its data are where systemd makes them, and its settings know it."""
    words = ["init", "--for", "classroom", "--yes", "--service", "--unit-dir", "units"]
    status = main([*words, "--config", "m.toml"])
    told = capsys.readouterr().out
    settings = load_settings({}, folder, file=Path("m.toml"))
    unit = (folder / "units" / "mpmirror.service").read_text(encoding="ascii")

    assert status == 0
    assert settings.data_dir == Path("/var/lib/mpmirror")
    assert settings.admin_listen.path == Path("/run/mpmirror/admin.sock")
    assert f"--config {folder / 'm.toml'} serve" in unit
    assert "  systemctl enable --now mpmirror\n" in told
    # Whatever root makes there the daemon could not read.
    assert f" --config {folder / 'm.toml'} key recovery\n" in told
    assert not (folder / "m-keys").exists()


def test_a_unit_that_can_not_be_leaves_nothing_behind(folder: Path) -> None:
    """A path that systemd would misread is refused before the settings are written."""
    words = ["init", "--for", "classroom", "--yes", "--service", "--unit-dir", "units"]

    assert main([*words, "--config", "a b.toml"]) == 2
    assert list(folder.iterdir()) == []


def at_terminal(answers: str) -> tuple[int, str]:
    """Run `mpmirror init` as somebody at a terminal who types *answers*."""
    command = [sys.executable, "-m", "mirror", "init", "--for", "classroom"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb") as keyboard:
        try:
            keyboard.write(answers.encode())
            keyboard.flush()
            ended = subprocess.run(  # noqa: S603 - our own program
                command, stdin=theirs, capture_output=True, check=False, timeout=60, env=environ
            )
        finally:
            os.close(theirs)
    return ended.returncode, ended.stdout.decode() + ended.stderr.decode()


@pytest.mark.programs
def test_somebody_at_a_terminal_is_asked(folder: Path) -> None:
    """First for the boards, then, with the costs in view, whether to write."""
    status, told = at_terminal("RPI_PICO\ny\n")

    assert status == 0
    assert "Which boards are in the room?" in told
    assert "4 files of 1 board(s), 2.6 MB" in told
    assert load_settings({}, folder).policy.boards == ("RPI_PICO",)


@pytest.mark.programs
def test_somebody_who_says_no_has_nothing_written(folder: Path) -> None:
    """And is told so."""
    status, told = at_terminal("RPI_PICO\nn\n")

    assert status == 1
    assert "Nothing was done." in told
    assert list(folder.iterdir()) == []
