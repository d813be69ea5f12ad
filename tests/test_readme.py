"""The README tells the truth: what it lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.cli.commands import COMMANDS, Command
from mirror.cli.statuses import MEANINGS
from mirror.config import KNOWN
from mirror.publication.query import NAMES
from mirror.web.app import Serving, make_app
from mirror.web.worker import open_held
from tests.sync.node import node_at

if TYPE_CHECKING:
    from aiohttp import web

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
# What takes the paths that no other takes.
UNLISTED = {"/{path}"}


@pytest.mark.parametrize("key", KNOWN)
def test_every_setting_is_in_the_table(key: str) -> None:
    assert f"| `{key}` |" in README


def test_no_setting_in_the_table_is_unknown() -> None:
    table = README.split("### Settings")[1].split("### Commands")[0]
    listed = re.findall(r"^\| `([a-z_.]+)`", table, re.MULTILINE)

    assert listed == list(KNOWN)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_table_with_its_exit_statuses(command: Command) -> None:
    [statuses] = re.findall(
        rf"^\| `mpmirror {command.name}` \|.*\| ([0-9 ]+) \|$", README, re.MULTILINE
    )

    assert tuple(map(int, statuses.split())) == command.statuses


def test_every_exit_status_is_explained() -> None:
    explained = ", ".join(f"{status} {meaning}" for status, meaning in MEANINGS.items())

    assert f"Exit statuses: {explained}." in " ".join(README.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_filter_is_named(name: str) -> None:
    filters = README.split("Filters:")[1].split("*Stability.*")[0]

    assert f"`{name}`" in filters


async def test_every_path_that_is_served_is_in_the_table(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        held = open_held(tmp_path / "data")
        app = make_app(held, Serving(node=node.store.node.node_id, status=_no_status))
        paths = {_spelled(route) for route in app.router.resources()}

    missing = {path for path in paths - UNLISTED if f"`{path}`" not in README}
    assert missing == set()


async def _no_status() -> bytes:
    return b"{}"


def _spelled(resource: web.AbstractResource) -> str:
    path = re.sub(r"\{([a-z]+):[^}]*(?:\{[^}]*\})?[^}]*\}", r"{\1}", resource.canonical)
    # The documents of a point in time are the same as those of now.
    return re.sub(r"^/v1/(publications/\{sequence\}|channels/\{channel\})/.*", r"/v1/\1/…", path)
