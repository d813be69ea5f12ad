"""What is said for some boards is read like the rest of the policy, and as strictly."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.policy import Newest
from mirror.catalog.versions import Version
from mirror.config import Given, load_settings, spell
from mirror.config.overrides import OverrideSettings
from mirror.errors import ConfigurationError
from tests.config.test_load import load, problems

if TYPE_CHECKING:
    from pathlib import Path

OVERRIDES = """
    [policy]
    releases = 2
    [policy.override."RPI_PICO*"]
    releases = 5
    kinds = ["uf2"]
    [policy.override.RPI_PICO_W]
    releases = "all"
    previews = 0
    since = 2025-01-31
    [policy.override.PYBV11]
"""


def test_a_table_says_what_differs_and_nothing_else(tmp_path: Path) -> None:
    """`"all"` is said; what is left out is not."""
    found = load(tmp_path, OVERRIDES)

    assert found.policy.override == {
        "RPI_PICO*": OverrideSettings(releases=Newest(5), kinds=(Kind.UF2,)),
        "RPI_PICO_W": OverrideSettings(
            releases=Newest(None), previews=Newest(0), since=date(2025, 1, 31)
        ),
        "PYBV11": OverrideSettings(),
    }
    assert found.sources["policy.override"] == f"{tmp_path}/mpmirror.toml: policy.override"


def test_overrides_are_spelled_as_they_are_read(tmp_path: Path) -> None:
    spelled = spell(load(tmp_path, OVERRIDES))["policy.override"]
    flags = {"policy.override": Given(spelled, "again")}
    again = load_settings({}, tmp_path / "elsewhere", flags=flags)

    assert spelled == {
        "RPI_PICO*": {"kinds": ["uf2"], "releases": 5},
        "RPI_PICO_W": {"releases": "all", "previews": 0, "since": "2025-01-31"},
        "PYBV11": {},
    }
    assert again.policy.override == load(tmp_path, OVERRIDES).policy.override


def test_a_variable_has_all_of_them_and_replaces_those_of_the_file(tmp_path: Path) -> None:
    environ = {"MPMIRROR_POLICY__OVERRIDE": '{"ESP*": {"since": "v1.24.0", "releases": "3"}}'}
    found = load(tmp_path, OVERRIDES, environ)

    assert found.policy.override == {
        "ESP*": OverrideSettings(since=Version.parse("v1.24.0"), releases=Newest(3))
    }
    assert found.sources["policy.override"] == "MPMIRROR_POLICY__OVERRIDE"


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        (
            "[policy.override.X]\nrelases = 1",
            ".override.\"X\": unknown key 'relases': did you mean",
        ),
        ("[policy.override.X]\nboards = 1", "an override has kinds, releases, previews, since"),
        ("[policy.override.X]\nreleases = true", '.override."X".releases: expected a number or'),
        ("[policy.override.X]\nreleases = -1", '.override."X".releases: expected a number up to'),
        ("[policy.override.X]\nreleases = 1.5", '.override."X".releases: expected a number up to'),
        ("[policy.override.X]\nkinds = ['exe']", ".override.\"X\".kinds: expected 'uf2', 'bin'"),
        ("[policy.override.X]\nsince = 'new'", '.override."X".since: expected a date such as'),
        ("[policy.override.'a/b']\nreleases = 1", '.override."a/b": expected a name or a pattern'),
        ("[policy.override]\nreleases = 1", '.override."releases": expected a table'),
        ("[policy]\noverride = 7", "policy.override: expected tables"),
        ("[policy.overide.X]\nreleases = 1", "did you mean policy.override?"),
        ("[override.X]\nreleases = 1", "did you mean policy.override?"),
        ("[policy]\nsince = 1.24", "policy.since: expected a date such as"),
        ("[policy]\nsince = '1.24'", "policy.since: expected a date such as"),
        ("[policy]\nsince = '20250131'", "policy.since: expected a date such as"),
        ("[policy]\nsince = 2025-01-31T00:00:00", "policy.since: expected a date such as"),
        ("[policy]\nvendors = ['']", 'policy.vendors: expected a name or a pattern such as "Seeed'),
        ("[policy]\nmcus = ['a b']", "policy.mcus: expected a name or a pattern"),
        ("vendor = []", "unknown key 'vendor': did you mean policy.vendors?"),
        (
            "[policy]\nreleases = 1\nkeep_releases = 4\n[policy.override.X]\nreleases = 5",
            'policy.override."X".releases: more than policy.keep_releases',
        ),
        (
            "[policy]\nreleases = 1\nkeep_releases = 4\n[policy.override.X]\nreleases = 'all'",
            'policy.override."X".releases: more than policy.keep_releases',
        ),
    ],
)
def test_what_can_not_be_obeyed_is_told_where_it_stands(
    tmp_path: Path, toml: str, problem: str
) -> None:
    (found,) = problems(tmp_path, toml)

    assert problem in found


def test_problems_of_several_overrides_are_told_at_once(tmp_path: Path) -> None:
    toml = '[policy.override.X]\nreleases = "x"\nprevious = 1\n[policy.override.Y]\nsince = "x"'

    assert [found.split(": expected")[0] for found in problems(tmp_path, toml)] == [
        "mpmirror.toml: policy.override.\"X\": unknown key 'previous': did you mean previews?",
        'mpmirror.toml: policy.override."Y".since',
    ]


def test_a_variable_that_is_no_json_is_told(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, environ={"MPMIRROR_POLICY__OVERRIDE": "RPI_PICO*=5"})

    assert found == "MPMIRROR_POLICY__OVERRIDE: expected a JSON object, not 'RPI_PICO*=5'"


@pytest.mark.parametrize(
    ("said", "since"),
    [
        ("2025-01-31", date(2025, 1, 31)),
        (date(2025, 1, 31), date(2025, 1, 31)),
        ("v1.24.0", Version.parse("v1.24.0")),
        ("v1.29.0-preview.678.g5f2181f938", Version.parse("v1.29.0-preview.678.g5f2181f938")),
        (None, None),
    ],
)
def test_since_is_a_date_or_a_version(
    tmp_path: Path, said: object, since: Version | date | None
) -> None:
    flags = {"policy.since": Given(said, "test")}

    assert load_settings({}, tmp_path, flags=flags).policy.since == since


_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
_tables = st.dictionaries(
    st.text(max_size=5) | st.sampled_from(["X", "RPI_*"]),
    _values
    | st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["releases", "kinds", "since"]),
        _values | st.lists(_values, max_size=2),
        max_size=3,
    ),
    max_size=3,
)


@given(_tables)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tables_are_obeyed_or_refused(tmp_path: Path, value: object) -> None:
    """And what is obeyed is spelled as something that is obeyed to the same."""
    with contextlib.suppress(ConfigurationError):
        found = load_settings({}, tmp_path, flags={"policy.override": Given(value, "a")})
        spelled = spell(found)["policy.override"]
        again = load_settings({}, tmp_path, flags={"policy.override": Given(spelled, "b")})

        assert again == found
