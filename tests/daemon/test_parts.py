"""Settings become the values that the parts are given."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from mirror.catalog.plan import Newest, Override, Policy
from mirror.catalog.policy import Within
from mirror.config import Given, load_settings
from mirror.daemon.parts import policy_of, wishes_of

if TYPE_CHECKING:
    from pathlib import Path

CHOSEN: dict[str, object] = {
    "policy.boards": ["RPI_*"],
    "policy.ports": ["rp2"],
    "policy.vendors": ["Raspberry Pi"],
    "policy.mcus": ["rp2040"],
    "policy.kinds": ["uf2"],
    "policy.releases": 2,
    "policy.keep_releases": "all",
    "policy.previews": 0,
    "policy.keep_previews": "90d",
    "policy.since": "2025-01-31",
    "policy.override": {"RPI_PICO*": {"releases": "all", "kinds": ["elf"]}},
}


def test_every_word_of_the_policy_reaches_the_plan(tmp_path: Path) -> None:
    given = {key: Given(value, "test") for key, value in CHOSEN.items()}
    policy = policy_of(load_settings({}, tmp_path, flags=given))

    assert policy == Policy(
        boards=("RPI_*",),
        ports=("rp2",),
        vendors=("Raspberry Pi",),
        mcus=("rp2040",),
        kinds=(Kind.UF2,),
        releases=2,
        keep_releases=Newest(None),
        previews=0,
        keep_previews=Within(90),
        since=date(2025, 1, 31),
        overrides=(Override(pattern="RPI_PICO*", releases=Newest(None), kinds=(Kind.ELF,)),),
    )
    assert {field.name for field in fields(Policy)} == {
        key.removeprefix("policy.").replace("override", "overrides") for key in CHOSEN
    }


def test_without_a_word_the_plan_has_its_own_defaults(tmp_path: Path) -> None:
    assert wishes_of(load_settings({}, tmp_path)).policy == Policy()
