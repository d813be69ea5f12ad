"""Every failure is one sentence, and its own exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from mirror.cli import main
from mirror.cli.commands import COMMANDS, UPKEEP, Command
from mirror.cli.invocation import in_front
from mirror.errors import ConfigurationError, DamagedError, LockedError, UpstreamUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable


def failing(error: BaseException) -> Callable[[], None]:
    """Make a command that fails."""

    def run() -> None:
        """Fail."""
        raise error

    return run


@pytest.fixture
def run_failing(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command that ends with an error; give status and standard error."""

    def run(error: BaseException, *options: str) -> tuple[int, str]:
        command = Command("fail", failing(error), UPKEEP, (0,))
        status = main([*options, "fail"], commands=[*COMMANDS, command])
        written = capsys.readouterr()
        assert written.out == ""
        return status, written.err

    return run


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigurationError("no such setting"), 2),
        (UpstreamUnavailableError("https://upstream.example: no connection"), 3),
        (DamagedError("blob"), 5),
        (LockedError("locked"), 6),
    ],
)
def test_an_error_with_a_name_has_its_own_status(
    error: Exception, status: int, run_failing: Callable[..., tuple[int, str]]
) -> None:
    """Its message is the whole answer."""
    assert run_failing(error) == (status, f"mpmirror: {error}\n")


def test_problems_have_a_line_each(run_failing: Callable[..., tuple[int, str]]) -> None:
    """One look shows all that must be mended."""
    error = ConfigurationError("2 settings", problems=("a: wrong", "b: wrong\nx"))

    assert run_failing(error) == (2, "mpmirror: a: wrong\nmpmirror: b: wrong\\nx\n")


def test_errors_of_several_tasks_are_all_told(run_failing: Callable[..., tuple[int, str]]) -> None:
    """A group of tasks that failed by name is no unforeseen error."""
    group = ExceptionGroup("tasks", [DamagedError("one"), ExceptionGroup("", [LockedError("two")])])

    assert run_failing(group) == (5, "mpmirror: one\nmpmirror: two\n")


def test_an_error_that_nobody_foresaw_is_a_sentence_too(
    run_failing: Callable[..., tuple[int, str]],
) -> None:
    """It says what to do with it, and shows no traceback."""
    status, told = run_failing(KeyError("\x1b[2J"))

    assert status == 1
    assert told.startswith("mpmirror: an error that nobody foresaw: KeyError: '\\x1b[2J'.")
    assert "--debug" in told
    assert told.count("\n") == 1


def test_debug_shows_where(run_failing: Callable[..., tuple[int, str]]) -> None:
    """The traceback comes before the sentence, and obeys nobody either."""
    status, told = run_failing(ValueError("\x1b[2J"), "--debug")

    assert status == 1
    assert told.startswith("Traceback")
    assert "\x1b" not in told


def test_a_command_that_was_stopped_says_so(run_failing: Callable[..., tuple[int, str]]) -> None:
    """Ctrl-C is 130, as for any other program."""
    assert run_failing(KeyboardInterrupt()) == (130, "Stopped; what is done already stays.\n")
    assert run_failing(typer.Abort()) == (1, "Nothing was done.\n")


@pytest.mark.parametrize("words", ["nonsense", "config --nonsense", "init", "--data"])
def test_wrong_usage_is_status_two(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And says where help is."""
    assert main(words.split()) == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["Try: mpmirror --help"]


def test_what_an_action_is_not_is_said_in_our_words(capsys: pytest.CaptureFixture[str]) -> None:
    """No word of a library's stands between."""
    assert main(["channel", "move"]) == 2
    assert (
        capsys.readouterr()
        .err.splitlines()[0]
        .endswith("': 'move' is not one of 'list', 'show', 'promote'.")
    )


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command stands there, under its heading."""
    status = main([])
    shown = capsys.readouterr().out

    assert status == 2
    assert [command.name for command in COMMANDS if command.name not in shown] == []
    assert [command.panel for command in COMMANDS if command.panel not in shown] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_of_a_command_tells_its_exit_statuses(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 is always complete; and no value is named behind a switch, which takes none."""
    status = main([command.name, "--help"])
    shown = " ".join(capsys.readouterr().out.split())

    assert status == 0
    assert "Exit status: 0 complete" in shown
    assert "<bool>" not in shown


def test_the_options_of_mpmirror_may_stand_anywhere() -> None:
    """Behind two dashes nothing is an option."""
    words = ["verify", "--data", "d", "--debug", "f", "--config=c", "--", "--data", "x"]

    assert in_front(words) == [
        "--data", "d", "--debug", "--config=c", "verify", "f", "--", "--data", "x",
    ]  # fmt: skip


def test_config_says_where_each_value_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a table for people, as JSON for scripts."""
    file = tmp_path / "m.toml"
    file.write_text("workers = 2\n", encoding="utf-8")
    monkeypatch.setenv("MPMIRROR_POLICY__RELEASES", "5")
    arguments = ["config", "--config", str(file), "--data", str(tmp_path / "d")]

    assert main(arguments) == 0
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert main([*arguments, "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}

    assert lines["data_dir"] == [str(tmp_path / "d"), "--data"]
    assert lines["workers"] == ["2", f"{file}:", "workers"]
    assert lines["public_url"] == ["-", "default"]
    assert rows["policy.releases"]["value"] == 5
    assert rows["policy.releases"]["source"] == "MPMIRROR_POLICY__RELEASES"
    assert rows["offline"]["value"] is False


@pytest.mark.programs
def test_the_program_is_a_module_too(tmp_path: Path) -> None:
    """And its status is that of the process."""
    command = [sys.executable, "-m", "mirror", "config", "--config", str(tmp_path / "absent.toml")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own program

    assert ended.returncode == 2
    assert ended.stderr == f"mpmirror: {tmp_path / 'absent.toml'}: No such file or directory\n"
    assert ended.stdout == ""


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    """As `pip` knows it."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("mpmirror 0.")


@pytest.mark.programs
@pytest.mark.parametrize("words", ["--version", "config --help", "sync --help"])
def test_a_command_loads_only_what_it_needs(words: str) -> None:
    """What another command needs can take longer to load than this one to run."""
    program = (
        "import sys; from mirror.cli import main; main(sys.argv[1:]); "
        "print(*{'alembic', 'mirror.cli.initialise', 'mirror.cli.verify'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", program, *words.split()]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own program

    assert ended.stdout.splitlines()[-1] == ""


def test_an_answer_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    """A full disk behind `>` is no fault of mpmirror, and no success."""
    command = [sys.executable, "-m", "mirror", "--data", str(tmp_path), "config", "--json"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(  # noqa: S603 - our own program
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )

    assert (ended.returncode, ended.stderr) == (
        1,
        "mpmirror: standard output can not be written: No space left on device\n",
    )


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_is_closed_ends_no_command(number: int, tmp_path: Path) -> None:
    """And no file that the command opens gets what was to be said there."""
    program = (
        f"import os, sys; os.close({number}); sys.stdin, sys.stdout, sys.stderr = "
        f"[None if n == {number} else s for n, s in enumerate((sys.stdin, sys.stdout, sys.stderr))]"
        "; from mirror.cli import main; status = main(sys.argv[1:]); "
        "sys.exit(status or os.open(sys.executable, os.O_RDONLY) < 3)"
    )
    command = [sys.executable, "-c", program, "config"]
    ended = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False, timeout=60)  # noqa: S603 - our own program

    assert ended.returncode == 0, ended.stderr
