"""Who may do what over TCP: a bearer token for each request, and a line in the log for each.

What is not in the table below is for the Unix socket alone: it is for workers, or names files of
this machine.  Who fails too often waits; what somebody decides is decided in the token's name,
whatever the request says.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.storage.threads import to_end
from mirror.storage.tokens import Scope, Token, owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from mirror.web.failures import Failures

#: Where a request says who makes it, once that is known.
OPERATOR: Final = web.RequestKey("operator", str)
NEEDED: Final[Mapping[tuple[str, str], Scope]] = {
    ("GET", "/metrics"): Scope.READ,
    ("GET", "/v1/status.json"): Scope.READ,
    ("GET", "/v1/runs.json"): Scope.READ,
    ("GET", "/v1/receipts"): Scope.READ,
    ("GET", "/v1/remembered.json"): Scope.READ,
    ("GET", "/v1/ledger.jsonl"): Scope.READ,
    ("POST", "/v1/sync"): Scope.SYNC,
    ("POST", "/v1/pins"): Scope.PIN,
    ("POST", "/v1/judgements"): Scope.PROMOTE,
    ("GET", "/v1/channels.json"): Scope.READ,
    ("GET", "/v1/channels/{channel}"): Scope.READ,
    ("POST", "/v1/channels/{channel}"): Scope.PROMOTE,
}
_TOO_MANY: Final = ("TooManyFailures", "too many wrong tokens came from this address")
_NO_TOKEN: Final = ("Unauthorized", "a token is needed: mpmirror token add")
_BEARER: Final = "bearer "
_MOST_FAILURES: Final = 5
_WINDOW: Final = 60.0
_MOST_ADDRESSES: Final = 1000

_log = logging.getLogger(__name__)


class Failed:
    """The failures of each address within the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, list[float]] = {}

    def wait(self, address: str) -> int:
        """Return for how many seconds *address* is not listened to: 0 when it is."""
        recent = self._recent(address)
        if len(recent) < _MOST_FAILURES:
            return 0
        return max(1, round(recent[0] + _WINDOW - self._clock()))

    def note(self, address: str) -> None:
        """Count a failure of *address*."""
        recent = self._recent(address)
        self._failures.pop(address, None)
        if len(self._failures) >= _MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures[address] = [*recent, self._clock()][-_MOST_FAILURES:]

    def _recent(self, address: str) -> list[float]:
        begin = self._clock() - _WINDOW
        return [moment for moment in self._failures.get(address, ()) if moment > begin]


def with_tokens(
    tokens: Callable[[], tuple[Token, ...]], failures: Failures, failed: Failed | None = None
) -> Middleware:
    """Return what lets requests in that have one of *tokens*, which is asked each time."""
    failed = failed or Failed()

    @web.middleware
    async def guarding(request: web.Request, handler: Handler) -> web.StreamResponse:
        address = request.remote or ""
        seconds = failed.wait(address)
        if seconds:
            answer = failures.refusal(request, 429, _TOO_MANY, [("Retry-After", str(seconds))])
            answer.force_close()
            return answer
        token = owner_of(_given(request), await to_end(tokens))
        needed = _needed(request)
        if token is not None and request.match_info.http_exception is not None:
            return await handler(request)  # there is no such thing, or it is not done so
        if token is not None and needed in token.scopes:
            _log.info("operator %s (%s): %s %r", token.name, address, request.method, request.path)
            request[OPERATOR] = f"token {token.name}"
            return await handler(request)
        who = token.name if token else "without a token"
        _log.warning("operator %s (%s) refused: %s %r", who, address, request.method, request.path)
        if token is None:
            failed.note(address)
            answer = failures.refusal(request, 401, _NO_TOKEN, [("WWW-Authenticate", "Bearer")])
        else:
            answer = failures.refusal(request, 403, ("Forbidden", _words(needed)))
        # Whatever body comes behind is not waited for.
        answer.force_close()
        return answer

    return guarding


def in_the_name_of(request: web.Request, body: bytes) -> bytes:
    """Return the order *body* as from who makes *request*, if a token has said who that is."""
    operator = request.get(OPERATOR)
    if operator is None:
        return body
    try:
        order = json.loads(body)
    except (ValueError, RecursionError):
        return body  # it is refused where it is read
    for part in (order, order.get("pin") if isinstance(order, dict) else None):
        if isinstance(part, dict):
            part["by"] = operator
    return json.dumps(order).encode()


def _given(request: web.Request) -> str:
    field = request.headers.get("Authorization", "")
    return field[len(_BEARER) :].strip() if field[: len(_BEARER)].lower() == _BEARER else ""


def _needed(request: web.Request) -> Scope | None:
    resource = request.match_info.route.resource
    return None if resource is None else NEEDED.get((request.method, resource.canonical))


def _words(needed: Scope | None) -> str:
    return f"it needs the scope {needed}" if needed else "it is not done over TCP"
