"""The unit holds what systemd reads, and gives the daemon no more than it needs."""

from __future__ import annotations

import shutil
import stat
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from mirror.config import Given, Settings, load_settings
from mirror.errors import ConfigurationError, StorageError
from mirror.first_setup import Service, install
from mirror.first_setup.service import PLACES

PROGRAM = Path("/opt/mpmirror/bin/mpmirror")
FILE = Path("/etc/mpmirror/mpmirror.toml")


def settings(**chosen: object) -> Settings:
    """Load what a service runs with."""
    flags = {key: Given(value, "test") for key, value in {**PLACES, **chosen}.items()}
    return load_settings({}, Path("/"), file=Path("/dev/null"), flags=flags)


def lines(service: Service) -> list[str]:
    """Give the unit's settings, without comments."""
    return [line for line in service.unit().splitlines() if "=" in line and line[0] != "#"]


def test_the_unit_starts_the_daemon_with_its_settings() -> None:
    """As a user of its own, whose data and keys are folders of their own."""
    unit = lines(Service([PROGRAM], FILE, settings()))

    assert f"ExecStart={PROGRAM} --config {FILE} serve" in unit
    assert "User=mpmirror" in unit
    assert "StateDirectory=mpmirror mpmirror-keys" in unit
    assert "CapabilityBoundingSet=" in unit
    assert [line for line in unit if "@" in line and "@system-service" not in line] == []


def test_a_low_number_asks_for_the_one_capability_it_needs() -> None:
    """Below 1024 a user may not listen by himself."""
    unit = lines(Service([PROGRAM], FILE, settings(listen="0.0.0.0:80")))

    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in unit
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE" in unit


def test_data_on_another_disk_can_be_written_and_must_be_made() -> None:
    """Systemd makes folders under /var/lib only."""
    service = Service([PROGRAM], FILE, settings(data_dir="/mnt/ssd/mirror"))

    assert "ReadWritePaths=/mnt/ssd/mirror" in lines(service)
    assert service.to_run == (
        "systemd-sysusers",
        "install -d -o mpmirror -g mpmirror -m 0750 /mnt/ssd/mirror",
        f"install -d -o mpmirror -g mpmirror -m 0700 {service.settings.keys_dir}",
        f"runuser -u mpmirror -- {PROGRAM} --config {FILE} key recovery",
        "systemctl daemon-reload",
        "systemctl enable --now mpmirror",
    )


@pytest.mark.parametrize("path", ["/opt/my mirror", "/opt/100%", "/opt/a\nExecStart=/bin/sh"])
def test_a_path_with_a_meaning_for_systemd_is_refused(path: str) -> None:
    """Nobody writes a second line into the unit."""
    with pytest.raises(ConfigurationError, match="a unit can not hold the path"):
        Service([Path(path)], FILE, settings()).unit()
    with pytest.raises(ConfigurationError, match="a unit can not hold the path"):
        Service([PROGRAM], FILE, settings(data_dir=path)).unit()


def test_unit_and_user_are_written_for_all_to_read(tmp_path: Path) -> None:
    """Into the folder that was named."""
    service = Service([PROGRAM], FILE, settings())

    written = install(service, tmp_path / "units")

    assert written == [
        tmp_path / "units" / "mpmirror.service",
        tmp_path / "units" / "mpmirror.conf",
    ]
    assert written[0].read_text(encoding="ascii") == service.unit()
    assert [stat.S_IMODE(path.stat().st_mode) for path in written] == [0o644, 0o644]


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    """In one sentence."""
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match=r"mpmirror\.service can not be written"):
        install(Service([PROGRAM], FILE, settings()), tmp_path / "file")


def test_a_program_in_a_closed_folder_is_noticed(tmp_path: Path) -> None:
    """The service's user could not come to it; nor could it to a home, which the unit hides."""
    tmp_path.chmod(0o700)
    program = tmp_path / "mpmirror"
    program.touch()

    assert Service([program], FILE, settings()).unreachable == program
    assert Service([Path("/usr/bin/true")], FILE, settings()).unreachable is None


def test_systemd_itself_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify`, with a program that is there."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine: the unit is only parsed")
    unit, _ = install(Service([Path("/usr/bin/true")], FILE, settings()), tmp_path)

    verified = subprocess.run(  # noqa: S603 - a fixed command on our own file
        [analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )

    assert [line for line in verified.stderr.splitlines() if "mpmirror" in line] == []
    assert verified.returncode == 0


def test_the_example_of_the_deployment_is_what_init_writes() -> None:
    """One text, in two places."""
    example = Path(__file__).parents[2] / "deploy" / "systemd" / "mpmirror.service"

    assert example.read_text(encoding="ascii") == Service([PROGRAM], FILE, settings()).unit()


def test_the_unit_is_read_by_sections() -> None:
    """Three of them, each once."""
    unit = RawConfigParser(strict=False)
    unit.read_string(Service([PROGRAM], FILE, settings()).unit())

    assert unit.sections() == ["Unit", "Service", "Install"]
