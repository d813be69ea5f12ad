"""Describe all of ``/v1`` as OpenAPI 3.1, from the operations and from the documents themselves.

No address stands in it: clients read it where they ask.  The schemas of documents are those of
the values that the documents are written from, so that they can not differ.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pydantic import TypeAdapter

from mirror.publication.documents import BoardDocument, ContentRoot, PublicationRoot
from mirror.publication.feeds import Feed, Index, Latest
from mirror.publication.freshness import Freshness
from mirror.publication.interface.model import JSON, Operation, Tag
from mirror.publication.interface.operations import OPERATORS, PUBLIC
from mirror.publication.interface.words import IN_PATHS, PARAMETERS, SCHEMAS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.publication.interface.model import Schema
    from mirror.publication.interface.words import Parameter

_DOCUMENTS: Final = (Feed, Index, Latest, BoardDocument, PublicationRoot, ContentRoot, Freshness)
_ABOUT: Final = (
    "What this mirror answers to programs. Within /v1 nothing is removed and nothing changes its "
    "meaning; new keys may come, and readers ignore those that they do not know. Every GET has its "
    "HEAD. Answers with an ETag know If-None-Match, If-Match, Range and If-Range. Errors are JSON, "
    "but for files: there the body is empty. A request line or a header field of more than 4 kB, "
    "or more than 64 fields, is refused with 400 or 431."
)
_TAGS: Final = {
    Tag.CATALOGUE: "Boards, their releases, and what to flash.",
    Tag.FILES: "The files themselves.",
    Tag.PUBLICATIONS: "Points in time, channels, keys and signatures.",
    Tag.NODE: "This mirror.",
    Tag.OPERATORS: "For operators: on the listener of `admin_tcp` with a token, and on the Unix "
    "socket of `admin_listen` without.",
}
_CONDITIONS: Final = ("Range", "If-Range", "If-None-Match", "If-Match")
_WITH_ERROR: Final = {400, 401, 403, 404, 409, 410, 413, 429, 502, 503, 504}
_EMPTY_BODIES: Final = {304, 412, 416, 431}
# What the door says to any request, before its path is looked at.
_AT_THE_DOOR: Final = (431,)


def render_openapi(more: Mapping[str, object]) -> bytes:
    """Return the description as JSON; *more* has further schemas by the name that they go by."""
    paths: dict[str, dict[str, object]] = {}
    for operation in (*PUBLIC, *OPERATORS):
        place = paths.setdefault(operation.path, {})
        place[operation.method] = _operation(operation)
        if operation.scope is None:
            place["head"] = _head_of(operation)
    described = {
        "openapi": "3.1.0",
        "info": {"title": "mpmirror", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag, "description": words} for tag, words in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {**_schemas(), **SCHEMAS, **more},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return json.dumps(described, ensure_ascii=False).encode() + b"\n"


def schemas_of(kinds: Iterable[type]) -> dict[str, object]:
    """Return the schemas of documents of these *kinds*, and all that they refer to, by name."""
    wanted: list[tuple[str, Literal["serialization"], TypeAdapter[Any]]]
    wanted = [(kind.__name__, "serialization", TypeAdapter(kind)) for kind in kinds]
    _, found = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")
    return cast("dict[str, object]", found["$defs"])


def _schemas() -> dict[str, object]:
    # What a daemon says of itself is written in a room that this one does not know.
    status = files("mirror.publication.interface").joinpath("status.json").read_text("utf-8")
    return {**schemas_of(_DOCUMENTS), **json.loads(status)}


def _operation(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_parameters(operation)],
        "responses": {
            str(status): _answer(operation, status)
            for status in (*operation.statuses, *_AT_THE_DOOR)
        },
    }
    if operation.scope:
        described["security"] = [{"token": []}]
        described["description"] = f"Needs a token with the scope `{operation.scope}`."
    if operation.takes:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{operation.takes}"}}},
        }
    return described


def _head_of(operation: Operation) -> Schema:
    # Parts are for GET alone (RFC 9110 section 14.2).
    statuses = [*(set(operation.statuses) - {206, 416}), *_AT_THE_DOOR]
    return {
        "operationId": f"{operation.name}Head",
        "summary": f"{operation.summary} (the head alone)",
        "tags": [operation.tag],
        "parameters": [*_parameters(operation)],
        "responses": {str(status): _bare(status) for status in sorted(statuses)},
    }


def _parameters(operation: Operation) -> Iterable[Schema]:
    for name in operation.in_path:
        yield {**_parameter(IN_PATHS[name]), "in": "path", "required": True}
    for key in operation.query:
        yield {**_parameter(PARAMETERS[key]), "in": "query", "required": False}
    if operation.conditional:
        for name in _CONDITIONS:
            yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> Schema:
    described: Schema = {
        "name": parameter.name,
        "description": parameter.words,
        "schema": parameter.schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _answer(operation: Operation, status: int) -> Schema:
    described = _bare(status, tagged=operation.conditional)
    if status in _EMPTY_BODIES or operation.media_type is None:
        return described
    if status == 200:  # noqa: PLR2004 - a status is best known by its number
        schema: Schema = (
            {"$ref": f"#/components/schemas/{operation.schema}"} if operation.schema else {}
        )
        described["content"] = {operation.media_type: {"schema": schema}}
    elif status in _WITH_ERROR and operation.tag is not Tag.FILES:
        described["content"] = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return described


def _bare(status: int, *, tagged: bool = False) -> Schema:
    headers: dict[str, Schema] = {"X-Mpmirror-Node": _header("The id of this node.")}
    if tagged and status in {200, 206, 304, 412, 416}:
        headers["ETag"] = _header("The digest, in quotes.")
    if status in {429, 503}:
        headers["Retry-After"] = _header("Seconds.")
    return {"description": STATUSES[status], "headers": headers}


def _header(words: str) -> Schema:
    return {"description": words, "required": True, "schema": {"type": "string"}}
