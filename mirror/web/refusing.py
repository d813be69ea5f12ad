"""Tell operators what went wrong: in full, and with a status that says whose fault it is.

What can not be understood is 400, what can not be obeyed as things are is 409; only what is wrong
with this node, or with upstream, is 5xx.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from mirror.errors import (
    ConfigurationError,
    MalformedOrderError,
    MalformedValueError,
    MirrorError,
    NotYetError,
    RefusedError,
    UpstreamBusyError,
)
from mirror.web.answer import Answer
from mirror.web.failures import Failures, name_of, seconds_to_wait, status_of
from mirror.web.heads import JSON

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from mirror.web.heads import Heads


def words_of(error: MirrorError) -> bytes:
    """Return *error* as a line of JSON: its name, its words, and what a command ends with."""
    said = {"error": name_of(error), "message": str(error), "exit_status": error.exit_status}
    if isinstance(error, NotYetError | UpstreamBusyError):
        said["retry_after"] = seconds_to_wait(error)
    return json.dumps(said).encode() + b"\n"


def answering(heads: Heads) -> Middleware:
    """Return what answers for everything that goes wrong behind it."""
    failures = Failures(heads)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except MirrorError as error:
            return _refusal(heads, error)
        except web.HTTPException as error:
            said = (error.reason, "not for operators")
            allowed = error.headers.get("Allow")
            fields = [] if allowed is None else [("Allow", allowed)]
            return failures.refusal(request, error.status, said, fields)
        except ConnectionError:
            raise
        except Exception as fault:  # noqa: BLE001 - the last resort of a server that must stay up
            return failures.unexpected(request, fault)

    return middleware


def _refusal(heads: Heads, error: MirrorError) -> Answer:
    status, body = _status(error), words_of(error)
    later = ("Retry-After", str(seconds_to_wait(error)))
    fields = [later] if status == HTTPStatus.SERVICE_UNAVAILABLE else []
    return Answer(status, heads.with_body(status, JSON, len(body), fields), body)


def _status(error: MirrorError) -> int:
    """Return the status of *error*: what was asked wrongly is no fault of this node."""
    if isinstance(error, MalformedOrderError | MalformedValueError):
        return HTTPStatus.BAD_REQUEST
    if isinstance(error, ConfigurationError | RefusedError):
        return HTTPStatus.CONFLICT
    return status_of(error)
