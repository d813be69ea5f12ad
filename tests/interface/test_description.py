"""What is described is what is served, and the other way round."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from mirror.channels.orders import Order as ChannelOrder
from mirror.daemon.status_document import Status
from mirror.judgement.requests import Request as Judgement
from mirror.publication.interface.openapi import schemas_of
from mirror.publication.interface.operations import OPERATORS, PUBLIC
from mirror.publication.interface.words import SCHEMAS, STATUSES
from mirror.publication.keys import KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH
from mirror.storage.judgements import What
from mirror.sync.orders import PinOrder, UnpinOrder
from mirror.web.app import Serving, make_app
from mirror.web.bearers import NEEDED
from tests.interface.write_status import STATUS_FILE, status_schemas
from tests.web.building import PICO, Builder, opened
from tests.web.conftest import NODE, STATUS, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

# Rendered documents, which no route of their own serves.
RENDERED = {KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH}
# Who gives an order, which the token says.
NAMING = {"by", "login", "token"}
ADDRESS = re.compile(r"(?:https?:)?//[a-z0-9]")
# Nothing is crawled here, and the status is made up.
ELSEWHERE = {None, "Status", "Freshness"}
DOCUMENTS = [operation for operation in PUBLIC if operation.schema not in ELSEWHERE]


async def say_status() -> bytes:
    return STATUS


def spelled(resource: web.AbstractResource) -> str:
    return re.sub(r"\{([a-z]+):[^}]*(?:\{[^}]*\})?[^}]*\}", r"{\1}", resource.canonical)


@pytest.fixture
async def described(tmp_path: Path) -> dict[str, Any]:
    """The description, as it is served."""
    async with served(opened(tmp_path / "data")) as site:
        got = await site.client.get("/v1/openapi.json")
    found: dict[str, Any] = json.loads(got.body)
    return found


def operations_of(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, place in described["paths"].items():
        for method, operation in place.items():
            yield path, method, operation


async def test_every_public_route_is_described_and_the_other_way_round(tmp_path: Path) -> None:
    app = make_app(opened(tmp_path / "data"), Serving(node=NODE, status=say_status))
    routes = {
        (route.method.lower(), spelled(route.resource))
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/v1")
    }
    operations = {(method, operation.path) for operation in PUBLIC for method in ("get", "head")}

    assert routes == {(method, path) for method, path in operations if path not in RENDERED}


def test_every_order_over_tcp_is_described_and_the_other_way_round() -> None:
    """But for what everybody is answered, too."""
    public = {("GET", operation.path) for operation in PUBLIC}
    needed = {key: scope for key, scope in NEEDED.items() if key[1].startswith("/v1")}

    assert {
        (operation.method.upper(), operation.path): operation.scope for operation in OPERATORS
    } == {key: str(scope) for key, scope in needed.items() if key not in public}


def test_every_status_has_words() -> None:
    used = {status for one in (*PUBLIC, *OPERATORS) for status in one.statuses}

    assert used | {431} == set(STATUSES)


@pytest.mark.parametrize(
    ("name", "orders"),
    [
        ("PinOrder", (PinOrder, UnpinOrder)),
        ("Judgement", (Judgement,)),
        ("ChannelOrder", (ChannelOrder,)),
    ],
)
def test_an_order_has_the_fields_that_are_read(name: str, orders: tuple[type, ...]) -> None:
    """But for who gives it, which the token says."""
    schemas = [TypeAdapter(order).json_schema() for order in orders]
    read = {field for schema in schemas for field in schema["properties"]}
    required = [set(schema.get("required", ())) for schema in schemas]
    described: Any = SCHEMAS[name].get("oneOf", [SCHEMAS[name]])
    told = [set(one["required"]) - {"do", "why"} for one in described]

    assert {field for one in described for field in one["properties"]} == read - NAMING
    # Only accept needs the digest of what it accepts.
    assert set.union(*told) - {"digest"} <= set.union(*required)


def test_every_judgement_is_described() -> None:
    described: Any = SCHEMAS["Judgement"]

    said = [word for one in described["oneOf"] for word in one["properties"]["what"]["enum"]]
    assert sorted(said) == sorted(What)


def test_the_status_is_described_as_a_daemon_writes_it() -> None:
    """`python -m tests.interface.write_status` writes it anew."""
    assert json.loads(STATUS_FILE.read_text(encoding="utf-8")) == status_schemas()


async def test_no_address_stands_in_it(described: dict[str, Any]) -> None:
    assert ADDRESS.findall(json.dumps(described)) == []


async def test_every_reference_leads_somewhere_and_names_are_given_once(
    described: dict[str, Any],
) -> None:
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    names = [operation["operationId"] for _, _, operation in operations_of(described)]

    assert named - set(described["components"]["schemas"]) == set()
    assert len(names) == len(set(names))


async def test_documents_are_as_described(tmp_path: Path) -> None:
    """Each fits the schema that is named for it."""
    builder = Builder(opened(tmp_path / "more"))
    await builder.publish({PICO: b"bytes"})
    wrong = []
    async with served(builder.store) as site:
        described = json.loads((await site.client.get("/v1/openapi.json")).body)
        for one in DOCUMENTS:
            path = one.path.format(sequence=1, channel="current", board="RPI_PICO_W")
            document = json.loads((await site.client.get(path)).body)
            reference = f"#/components/schemas/{one.schema}"
            schema = {"$ref": reference, "components": described["components"]}
            if not jsonschema.Draft202012Validator(schema).is_valid(document):
                wrong.append(path)

    assert wrong == []


async def test_the_page_names_every_operation_and_loads_nothing_from_elsewhere(
    tmp_path: Path,
) -> None:
    async with served(opened(tmp_path / "data")) as site:
        got = await site.client.get("/api")
    page = got.body.decode()

    assert [one.name for one in (*PUBLIC, *OPERATORS) if f'id="{one.name}"' not in page] == []
    assert re.findall(r'(?:src|href)="([^"]*//[^"]*)"', page) == []
    assert "frame-ancestors 'none'" in got.fields["content-security-policy"]
    assert got.fields["x-frame-options"] == "DENY"


def test_schemas_are_those_that_documents_are_written_with() -> None:
    """Not copies: a new field is described as soon as it is written."""
    assert "channels" in json.dumps(schemas_of([Status])["Status"])
