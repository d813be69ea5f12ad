"""Certificates are issued for the hosts asked for, kept apart from the data, and rotated."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from mirror.cli import main
from mirror.errors import ConfigurationError
from mirror.lab_ca.cabinet import Cabinet, Order
from mirror.lab_ca.hosts import read_hosts
from mirror.storage.certificates import AUTHORITY_KEY, read_authorities
from mirror.storage.files import Files
from mirror.web.certificates import CertificateFiles, Certificates
from tests.web.building import HastyDisk

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)
HOSTS = ("micropython.org", "mirror.lab")
ORDER = Order(timedelta(days=90))
KEPT = Order(timedelta(days=90), keep_key=True)


def noon() -> datetime:
    """Tell the time."""
    return NOON


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of the keys, which is not there yet."""
    return tmp_path / "a" / "keys"


@pytest.fixture
def cabinet(keys: Path) -> Cabinet:
    """An empty cabinet."""
    return Cabinet(keys, Files(HastyDisk()), noon)


def private_keys(folder: Path) -> dict[str, int]:
    """Return each file with a private key in it, and its permissions."""
    return {
        path.name: path.stat().st_mode & 0o777
        for path in folder.rglob("*")
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes()
    }


def subjects(pem: bytes) -> list[x509.Name]:
    """Return whom each certificate in *pem* is for."""
    return [one.subject for one in x509.load_pem_x509_certificates(pem)]


def test_the_authoritys_key_is_written_only_when_that_is_asked_for(
    cabinet: Cabinet, keys: Path
) -> None:
    cabinet.issue(HOSTS, ORDER)
    without = private_keys(keys)
    cabinet.issue(("other.lab",), KEPT)

    assert without == {"key.pem": 0o600}
    assert private_keys(keys) == {"key.pem": 0o600, AUTHORITY_KEY: 0o600}
    assert (keys / "tls").stat().st_mode & 0o777 == 0o700


def test_what_is_issued_can_be_served(cabinet: Cabinet, keys: Path) -> None:
    cabinet.issue(HOSTS, ORDER)
    certificates = Certificates(CertificateFiles(keys / "tls"))
    certificates.load()

    assert certificates.context.get_ca_certs() == []


def test_each_set_of_hosts_has_its_own_and_is_issued_once(cabinet: Cabinet) -> None:
    cabinet.issue(HOSTS, ORDER)
    cabinet.issue(("mirror.lab",), ORDER)
    with pytest.raises(ConfigurationError, match="--rotate makes the next one"):
        cabinet.issue(HOSTS, ORDER)

    assert [one.current.terms.hosts for one in cabinet.sets()] == [HOSTS, ("mirror.lab",)]


def test_rotation_prepares_a_new_authority_and_switching_removes_the_old_key(
    cabinet: Cabinet, keys: Path
) -> None:
    """Meanwhile clients are given both, and what is shown is the old one."""
    first = cabinet.issue(HOSTS, ORDER)
    prepared = cabinet.rotate(HOSTS, ORDER)
    both = subjects(read_authorities(keys / "tls"))
    switched = cabinet.switch(HOSTS)

    assert prepared.current == first.current
    assert prepared.prepared == switched.current
    assert len(both) == len(set(both)) == 2
    assert subjects(read_authorities(keys / "tls")) == [both[1]]
    assert not first.current.folder.exists()
    assert len(private_keys(keys)) == 1


def test_a_kept_authority_signs_the_next_one_and_clients_need_do_nothing(
    cabinet: Cabinet, keys: Path
) -> None:
    first = cabinet.issue(HOSTS, KEPT)
    before = read_authorities(keys / "tls")
    rotated = cabinet.rotate(HOSTS, ORDER)

    assert read_authorities(keys / "tls") == before
    assert rotated.current.generation == 2
    assert rotated.prepared is None
    assert not first.current.folder.exists()


def test_a_certificate_ends_with_its_authority(cabinet: Cabinet, keys: Path) -> None:
    cabinet.issue(HOSTS, KEPT)
    later = Cabinet(keys, Files(HastyDisk()), lambda: NOON + timedelta(days=390))
    rotated = later.rotate(HOSTS, ORDER)

    assert rotated.current.terms.until == NOON + timedelta(days=398)


def test_what_broke_off_does_not_count(cabinet: Cabinet) -> None:
    """A generation without its terms, and a set without its pointer, are as if they were not."""
    first = cabinet.issue(HOSTS, ORDER)
    prepared = cabinet.rotate(HOSTS, ORDER)
    assert prepared.prepared is not None
    (prepared.prepared.folder / "issued.json").unlink()
    unprepared = cabinet.get(HOSTS)
    (first.folder / "current").unlink()

    assert unprepared == first
    assert cabinet.sets() == []
    assert cabinet.issue(HOSTS, ORDER).current.generation == 1


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "::1", "127.1", "lab", "*.lab", "a b.lab", "mirror.lab/x", "-a.lab", ""]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read_hosts([text])


def test_hosts_are_the_same_in_any_order_and_spelling() -> None:
    assert read_hosts(["Mirror.Lab.", "micropython.org", "mirror.lab"]) == HOSTS


def test_the_command_issues_says_what_it_covers_and_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPMIRROR_KEYS_DIR", str(tmp_path / "keys"))
    data = ["--data", str(tmp_path / "data")]
    issued = main([*data, "lab-ca", "mirror.lab", "micropython.org"])
    said = capsys.readouterr().out
    nothing = main([*data, "lab-ca", "--switch", "mirror.lab"])
    refused = capsys.readouterr().err
    listed = main([*data, "lab-ca", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert (issued, nothing, listed) == (0, 2, 0)
    assert "every name below them (such as x.micropython.org)" in said
    assert "never written down" in said
    assert re.search(r"fingerprint (?:[0-9A-F]{2}:){31}[0-9A-F]{2}\n", said)
    assert refused == "mpmirror: nothing was issued for exactly mirror.lab\n"
    assert [one["hosts"] for one in document] == [["micropython.org", "mirror.lab"]]
