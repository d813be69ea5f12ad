"""Flags over environment over file over defaults, and every problem at once."""

from __future__ import annotations

import contextlib
import tomllib
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.policy import Keep, Newest, Within
from mirror.config import (
    KNOWN,
    Given,
    KeepFree,
    ListenAddress,
    Settings,
    SocketAddress,
    load_settings,
    spell,
)
from mirror.config.water import Water
from mirror.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def load(folder: Path, toml: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    """Load what *toml* and *environ* say; no file of the machine takes part."""
    file = folder / "mpmirror.toml"
    file.write_text(toml, encoding="utf-8")
    return load_settings(environ or {}, folder, file=file)


def problems(folder: Path, toml: str = "", environ: Mapping[str, str] | None = None) -> list[str]:
    """Load what can not be obeyed, and return its problems without the folder's name."""
    with pytest.raises(ConfigurationError) as caught:
        load(folder, toml, environ)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_without_a_word_everything_has_its_default(tmp_path: Path) -> None:
    """The data go to ./data, the keys beside it, and micropython.org is asked twice a second."""
    found = load(tmp_path)

    assert found.data_dir == tmp_path / "data"
    assert found.keys_dir == tmp_path / "data-keys"
    assert found.admin_listen == SocketAddress(tmp_path / "data" / "admin.sock")
    assert found.listen == ListenAddress("127.0.0.1", 8080)
    assert found.upstream.url == "https://micropython.org"
    assert found.upstream.requests_per_second == 2
    assert found.policy.releases == 3
    assert found.policy.keep_releases is None
    assert found.policy.keep_previews == Newest(10)
    assert found.policy.kinds == tuple(kind for kind in Kind if kind.flashable)
    assert found.schedule.every == timedelta(hours=6)
    assert set(found.sources.values()) == {"default"}


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path) -> None:
    """Each value says where it came from."""
    file = tmp_path / "mpmirror.toml"
    file.write_text('workers = 1\ncontact = "file"\nlisten = "127.0.0.1:1"\n', encoding="utf-8")
    environ = {"MPMIRROR_WORKERS": "2", "MPMIRROR_CONTACT": "variable"}
    flags = {"workers": Given(3, "--workers")}

    found = load_settings(environ, tmp_path, flags=flags)

    assert (found.workers, found.sources["workers"]) == (3, "--workers")
    assert (found.contact, found.sources["contact"]) == ("variable", "MPMIRROR_CONTACT")
    assert (found.listen.number, found.sources["listen"]) == (1, f"{file}: listen")
    assert found.sources["offline"] == "default"


def test_every_setting_can_be_a_variable(tmp_path: Path) -> None:
    """Two underscores between the levels; lists as JSON or with commas."""
    found = load(
        tmp_path,
        environ={
            "MPMIRROR_DATA_DIR": "/srv/mirror",
            "MPMIRROR_KEYS_DIR": "/srv/keys",
            "MPMIRROR_LISTEN": "[::]:80",
            "MPMIRROR_ADMIN_LISTEN": "unix:/run/m.sock",
            "MPMIRROR_ADMIN_TCP": "127.0.0.1:8081",
            "MPMIRROR_PUBLIC_URL": "http://mirror.lab/",
            "MPMIRROR_OFFLINE": "true",
            "MPMIRROR_OFFLINE_ALLOW": "10.0.0.1, ::1",
            "MPMIRROR_WORKERS": "2",
            "MPMIRROR_TUF": "true",
            "MPMIRROR_DEFAULT_CHANNEL": "lab-stable",
            "MPMIRROR_CHANNELS": '{"lab-stable": {"approvals": 2}}',
            "MPMIRROR_CONTACT": "it@school.example",
            "MPMIRROR_UPSTREAM__URL": "http://10.0.0.1:8080",
            "MPMIRROR_UPSTREAM__CONNECTIONS": "2",
            "MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND": "0.5",
            "MPMIRROR_UPSTREAM__ATTEMPTS": "1",
            "MPMIRROR_UPSTREAM__REMEMBER_FAILURES": "2m",
            "MPMIRROR_UPSTREAM__ALLOW_PRIVATE": "yes",
            "MPMIRROR_POLICY__BOARDS": '["RPI_PICO*", "PYB?V11"]',
            "MPMIRROR_POLICY__PORTS": "rp2",
            "MPMIRROR_POLICY__VENDORS": '["Raspberry Pi", "Seeed*"]',
            "MPMIRROR_POLICY__MCUS": "rp2040, esp32*",
            "MPMIRROR_POLICY__KINDS": "uf2, meta.zip",
            "MPMIRROR_POLICY__RELEASES": "all",
            "MPMIRROR_POLICY__KEEP_RELEASES": "all",
            "MPMIRROR_POLICY__PREVIEWS": "0",
            "MPMIRROR_POLICY__KEEP_PREVIEWS": "90d",
            "MPMIRROR_POLICY__SINCE": "v1.20.0",
            "MPMIRROR_POLICY__OVERRIDE": '{"RPI_PICO*": {"releases": 5}}',
            "MPMIRROR_POLICY__WITHDRAWN_AFTER": "12h",
            "MPMIRROR_POLICY__GRACE": "1d",
            "MPMIRROR_POLICY__SECOND_LOOK": "1d,siblings",
            "MPMIRROR_POLICY__REFETCH": "5",
            "MPMIRROR_POLICY__PACKAGES": "aioble*, umqtt.*",
            "MPMIRROR_POLICY__PHOTOGRAPHS": "false",
            "MPMIRROR_SCHEDULE__EVERY": "1h30m",
            "MPMIRROR_SCHEDULE__JITTER": "0s",
            "MPMIRROR_DISK__KEEP_FREE": "1GB,5%",
            "MPMIRROR_DISK__HIGH_WATER": "50%",
            "MPMIRROR_DISK__LOW_WATER": "20GB",
            "MPMIRROR_RETENTION__PUBLICATIONS": "10",
            "MPMIRROR_RETENTION__AGE": "30d",
            "MPMIRROR_GUARD__BOARDS": "100%",
            "MPMIRROR_GUARD__FILES": "0%",
            "MPMIRROR_UPSTREAM__BYTES_PER_HOUR": "2GB",
            "MPMIRROR_UPSTREAM__FALLBACKS": "https://a.test,http://192.168.1.5:8080",
            "MPMIRROR_UPSTREAM__QUIET_HOURS": "22:00-06:00",
            "MPMIRROR_UPKEEP__FULL_CHECK": "7d",
            "MPMIRROR_APPROVALS__RECALL": "2",
            "MPMIRROR_TLS__LISTEN": "0.0.0.0:443, [::]:443",
            "MPMIRROR_TLS__PROXY_LISTEN": "0.0.0.0:3128",
            "MPMIRROR_TLS__CERTIFICATE": "/srv/keys/own.pem",
            "MPMIRROR_TLS__KEY": "/srv/keys/own-key.pem",
            "MPMIRROR_FRESHNESS__WARN_AFTER": "30d",
            "MPMIRROR_FRESHNESS__STOP_AFTER": "400d",
            "MPMIRROR_TRANSFER__INBOX": "/srv/inbox",
            "MPMIRROR_TRANSFER__INBOX_CHANNEL": "lab-test",
            "MPMIRROR_TRANSFER__SCAN": '["clamdscan", "{file}"]',
            "MPMIRROR_TRACES__URL": "http://10.0.0.1:4318",
            "MPMIRROR_TRACES__REQUESTS": "10%",
            "MPMIRROR_HOOKS": '{"chat": {"url": "http://10.0.0.1/", "events": "alarm"}}',
            "MPMIRROR_LOG__FORMAT": "json",
            "MPMIRROR_LOG__LEVEL": "debug",
            "MPMIRROR_LOG__DELIVERIES": "true",
            "MPMIRROR_LOG__KEEP_DELIVERIES": "30d",
            "MPMIRROR_LOG__ADDRESSES": "none",
        },
    )

    assert "default" not in found.sources.values()
    assert found.offline_allow == (IPv4Address("10.0.0.1"), IPv6Address("::1"))
    assert found.policy.boards == ("RPI_PICO*", "PYB?V11")
    assert found.policy.vendors == ("Raspberry Pi", "Seeed*")
    assert found.policy.mcus == ("rp2040", "esp32*")
    assert found.policy.kinds == (Kind.UF2, Kind.META_ZIP)
    assert found.policy.releases is None
    assert found.policy.keep_previews == Within(90)
    assert found.schedule.every == timedelta(minutes=90)
    assert found.disk.keep_free == KeepFree(size=10**9, share=0.05)
    assert found.disk.high_water == Water(None, 0.5)
    assert found.disk.low_water == Water(20 * 10**9, None)
    assert (found.guard.boards, found.guard.files) == (1, 0)


@pytest.mark.parametrize(
    ("written", "keep", "spelled"),
    [
        ("10", Newest(10), 10),
        ("'10'", Newest(10), 10),
        ("0", Newest(0), 0),
        ("'all'", Newest(None), "all"),
        ("'90d'", Within(90), "90d"),
    ],
)
def test_previews_are_kept_by_number_or_by_days(
    tmp_path: Path, written: str, keep: Keep, spelled: object
) -> None:
    """And the settings are spelled as they are read."""
    found = load(tmp_path, f"[policy]\nkeep_previews = {written}\n")

    assert found.policy.keep_previews == keep
    assert spell(found)["policy.keep_previews"] == spelled


def test_every_problem_is_told_at_once_and_where_it_stands(tmp_path: Path) -> None:
    """Unknown keys, wrong values and wrong pairs, from the file and from variables."""
    toml = """
        wokers = 1
        workers = true
        [policy]
        releases = "many"
        [schedule]
        every = 6
        [guard]
        boards = 0.1
    """
    environ = {"MPMIRROR_LISTN": "x", "MPMIRROR_LOG__FORMAT": "xml"}

    assert problems(tmp_path, toml, environ) == [
        "mpmirror.toml: unknown key 'wokers': did you mean workers?",
        "unknown variable MPMIRROR_LISTN: did you mean MPMIRROR_LISTEN?",
        "mpmirror.toml: workers: expected a number, not true",
        "mpmirror.toml: policy.releases: expected a number or \"all\", not 'many'",
        'mpmirror.toml: schedule.every: expected a unit, such as "6h", not 6',
        'mpmirror.toml: guard.boards: expected a unit, such as "10%", not 0.1',
        "MPMIRROR_LOG__FORMAT: expected 'auto', 'console' or 'json', not 'xml'",
    ]


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("polcy = 1", "unknown key 'polcy': did you mean [policy]?"),
        ("[plicy]\nboards = []", "unknown key 'plicy.boards': did you mean policy.boards?"),
        ("boards = []", "unknown key 'boards': did you mean policy.boards or guard.boards?"),
        ("zzz = 1", "unknown key 'zzz': no setting has a name like it"),
        ("policy = 1", "'policy' is a section: write [policy], and its keys below"),
        ("sources = 1", "unknown key 'sources': did you mean [traces]?"),
        ("workers = 65", "workers: expected at most 64, not '65'"),
        ("offline = 'perhaps'", "offline: expected true or false, not 'perhaps'"),
        ('data_dir = ""', "data_dir: expected a path, not an empty name"),
        ('data_dir = "~/d"', "data_dir: expected a whole path: ~ means nothing here, in '~/d'"),
        ("contact = 5", "contact: expected text, not '5'"),
        ("[schedule]\nevery = '1s'", "schedule.every: expected 1m to 366d, not '1s'"),
        ("[policy]\nkinds = ['exe']", "expected 'uf2', 'bin', 'app-bin', 'dfu', 'hex'"),
        ("[policy]\nboards = ['a/b']", "policy.boards: expected a name or a pattern such as"),
        ("[policy]\nreleases = 3\nkeep_releases = 2", "keep_releases: less than policy.releases"),
        ("[policy]\nkeep_previews = '6h'", 'expected a number, "all" or days such as "90d"'),
        ("[policy]\nkeep_previews = 'xd'", 'expected days such as "90d", not'),
        ("[policy]\nkeep_previews = -1", 'expected a number, "all" or days such as "90d"'),
        ("[policy]\nkeep_previews = true", 'expected a number, "all" or days such as "90d"'),
        ("[schedule]\nevery = '1h'\njitter = '2h'", "jitter: longer than schedule.every"),
        ("keys_dir = 'data/keys'", "keys_dir: the keys lie in data_dir"),
        ("keys_dir = 'data'", "keys_dir: the keys lie in data_dir"),
        ("keys_dir = 'x/../data/k'", "keys_dir: the keys lie in data_dir"),
        ("[disk]\nhigh_water = 5", "high_water: expected a size or a share"),
        ("[disk]\nhigh_water = '5 bottles'", "high_water: expected a size such as"),
        ("[disk]\nlow_water = '5GB'", "low_water: means nothing without disk.high_water"),
        ("[disk]\nhigh_water = '5GB'\nlow_water = '6GB'", "low_water: above disk.high_water"),
        ("[disk]\nkeep_free = ['1GB', '2GB']", "keep_free: expected a size, a share or both"),
        ("[upstream]\nrequests_per_second = inf", "requests_per_second: expected a number"),
        ("admin_listen = '127.0.0.1:80'", "admin_listen: expected a Unix socket such as"),
        ("offline_allow = ['mirror.lab']", "offline_allow: expected a literal IP address"),
    ],
)
def test_what_can_not_be_obeyed_is_one_sentence(tmp_path: Path, toml: str, problem: str) -> None:
    """It names the file and the key, what was expected and what was found."""
    (only,) = problems(tmp_path, toml)

    assert only.startswith("mpmirror.toml: ")
    assert problem in only


@pytest.mark.parametrize("toml", ["= 1", "a = 1\na = 2", "[" * 2_000])
def test_what_is_not_toml_is_refused_by_the_name_of_the_file(tmp_path: Path, toml: str) -> None:
    """And nothing of it is obeyed."""
    with pytest.raises(ConfigurationError, match=r"mpmirror\.toml: not TOML: "):
        load(tmp_path, toml)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """A file that nobody named may be absent."""
    with pytest.raises(ConfigurationError, match=r"absent\.toml: No such file or directory"):
        load_settings({"MPMIRROR_CONFIG": "absent.toml"}, tmp_path)


def test_relative_paths_begin_where_they_are_said(tmp_path: Path) -> None:
    """In a file at its folder, elsewhere at the folder of the command."""
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "mirror.toml"
    file.write_text('data_dir = "d"\nadmin_listen = "unix:a.sock"\n', encoding="utf-8")
    environ = {"MPMIRROR_CONFIG": "etc/mirror.toml", "MPMIRROR_KEYS_DIR": "k"}

    found = load_settings(environ, tmp_path)

    assert found.data_dir == tmp_path / "etc" / "d"
    assert found.admin_listen.path == tmp_path / "etc" / "a.sock"
    assert found.keys_dir == tmp_path / "k"


def test_a_unit_of_systemd_gives_the_folders(tmp_path: Path) -> None:
    """The first of several; a word of the operator wins."""
    environ = {"STATE_DIRECTORY": "/var/lib/m:/var/lib/m-keys", "RUNTIME_DIRECTORY": "/run/m"}

    found = load(tmp_path, environ=environ)

    assert found.data_dir == Path("/var/lib/m")
    assert found.keys_dir == Path("/var/lib/m-keys")
    assert found.admin_listen == SocketAddress(Path("/run/m/admin.sock"))
    assert found.sources["data_dir"] == "default, from STATE_DIRECTORY"
    assert load(tmp_path, "data_dir = 'd'", environ).data_dir == tmp_path / "d"


def test_settings_are_spelled_as_they_can_be_read(tmp_path: Path) -> None:
    """What `spell` gives is obeyed to the same settings."""
    toml = "[policy]\nreleases = 'all'\n[disk]\nkeep_free = '3GiB'\n[schedule]\nevery = '90m'\n"
    first = load(tmp_path, toml)
    spelled = {key: value for key, value in spell(first).items() if value is not None}

    flags = {key: Given(value, "again") for key, value in spelled.items()}
    again = load_settings({}, tmp_path, file=tmp_path / "mpmirror.toml", flags=flags)

    assert again == first


def test_every_setting_has_a_meaning_and_a_variable() -> None:
    """`mpmirror init` and the messages are made from them."""
    silent = [known.key for known in KNOWN.values() if not known.meaning.endswith(".")]

    assert silent == []
    assert KNOWN["policy.keep_releases"].variable == "MPMIRROR_POLICY__KEEP_RELEASES"


@given(st.sampled_from(sorted(KNOWN)), st.text(st.characters(exclude_characters="\0")))
@example("upstream.url", "http://{host}")
@example("policy.boards", "[" * 5_000)
@example("offline_allow", '[{"a": 1}]')
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_variable_is_obeyed_or_refused(tmp_path: Path, key: str, text: str) -> None:
    """No text in any variable fails in another way."""
    with contextlib.suppress(ConfigurationError):
        load(tmp_path, environ={KNOWN[key].variable: text})


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(KNOWN)), _VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_is_obeyed_or_refused(tmp_path: Path, key: str, value: object) -> None:
    """Whatever TOML or a flag has for a key."""
    with contextlib.suppress(ConfigurationError):
        load_settings({}, tmp_path, file=Path("/dev/null"), flags={key: Given(value, "somewhere")})


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_obeyed_or_refused(tmp_path: Path, text: str) -> None:
    """No text as a file fails in another way."""
    with contextlib.suppress(ConfigurationError, UnicodeEncodeError, tomllib.TOMLDecodeError):
        load(tmp_path, text)
