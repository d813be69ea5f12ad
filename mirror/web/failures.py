"""Say what went wrong, in the one form of this server.

Documents are refused with ``{"error": "BoardNotFound", "message": "…"}``.  On firmware paths
the body is empty, because clients store whatever comes (`clients.md` section 1).  What is
wrong with this node is told to its log, and to clients only that something is.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from mirror.errors import (
    BadQueryError,
    BusyError,
    DamagedError,
    FetchFailedError,
    FetchTimedOutError,
    GoneError,
    NotFoundError,
    NotYetError,
    UpstreamBusyError,
)
from mirror.web.answer import Answer
from mirror.web.heads import ALLOWED, JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirror.errors import MirrorError
    from mirror.web.heads import Field, Heads
    from mirror.web.people import PeopleRefusals

# The first that fits decides.
_STATUSES: Final = (
    (GoneError, 410),
    (NotFoundError, 404),
    (BadQueryError, 400),
    (FetchTimedOutError, 504),
    (FetchFailedError, 502),
)
# Expected, told to clients as they are, and logged by whoever met them.
_USUAL: Final = (BusyError, FetchFailedError, UpstreamBusyError)
_LATER: Final = (NotYetError, UpstreamBusyError)
_RETRY_SECONDS: Final = 5
_RETRY: Final = ("Retry-After", str(_RETRY_SECONDS))
_FIRMWARE = re.compile(
    r"/resources/.*|/download/.+|.*/(?:files|blobs)/.*"
    r"|.*\.(?:uf2|bin|app-bin|dfu|hex|zip|elf|map|ota|sha256)",
    re.DOTALL,
)
_FOR_CLIENTS: Final = (NotFoundError, BusyError)
_QUIET: Final = 60.0
_MOST_TOLD: Final = 1000

_log = logging.getLogger(__name__)


def status_of(error: MirrorError) -> int:
    """Return the HTTP status of *error*; what is wrong with this node is 503."""
    fitting = (status for family, status in _STATUSES if isinstance(error, family))
    return next(fitting, 503)


def name_of(error: MirrorError) -> str:
    """Return the name of *error* as clients read it: ``BoardNotFound``."""
    return type(error).__name__.removesuffix("Error")


def seconds_to_wait(error: MirrorError) -> int:
    """Return after how many seconds asking again may help, for an *error* that is 503."""
    if isinstance(error, _LATER):
        return max(1, math.ceil(error.retry_after.total_seconds()))
    return _RETRY_SECONDS


class Asked(Protocol):
    """What a refusal needs to know of a request."""

    @property
    def method(self) -> str:
        """GET, HEAD, or another."""

    @property
    def path(self) -> str:
        """The path, decoded."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, by names in any case."""


class Failures:
    """The refusals of one application, with *heads*.

    What is wrong with this node is logged once a minute at most for each thing that is,
    however many clients run into it.  Of a request only the path is logged: no header, no
    query and no user name, which may hold a token that was meant for somebody else.
    *people* makes pages for who asks with a browser.
    """

    def __init__(
        self,
        heads: Heads,
        people: PeopleRefusals | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._heads = heads
        self._people = people
        self._clock = clock
        self._told: dict[str, float] = {}

    def of(self, request: Asked, error: MirrorError) -> Answer:
        """Answer *request* with what *error* means for its client."""
        status = status_of(error)
        message = str(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, _USUAL):
            if self._is_news(message):
                _log.error("%r is answered with %d: %s", request.path[:300], status, error)
            message = "this node can not serve that now; its log says why"
        later = ("Retry-After", str(seconds_to_wait(error)))
        fields = [later] if status == HTTPStatus.SERVICE_UNAVAILABLE else []
        return self.refusal(request, status, (name_of(error), message), fields)

    def not_ready(self, request: Asked, error: MirrorError) -> Answer:
        """Answer that this node is not ready, and in which way."""
        message = str(error) if isinstance(error, _FOR_CLIENTS) else "its log says why"
        if isinstance(error, DamagedError):
            message = "the newest publication is damaged; the log says where"
        return self.refusal(request, 503, (name_of(error), message), [_RETRY])

    def wrong_method(self, request: Asked) -> Answer:
        """Answer that this server only reads."""
        said = ("MethodNotAllowed", f"only {ALLOWED}")
        answer = self.refusal(request, 405, said, [("Allow", ALLOWED)])
        # Whatever body comes behind is not waited for.
        answer.force_close()
        return answer

    def unexpected(self, request: Asked, fault: Exception) -> Answer:
        """Answer that this server has a fault; call it where *fault* is handled."""
        if self._is_news(repr(fault)):
            _log.exception("%r could not be answered", request.path[:300])
        return self.refusal(request, 500, ("Internal", "this node has a fault; its log says more"))

    def refusal(
        self,
        request: Asked,
        status: int,
        said: tuple[str, str],
        fields: Sequence[Field] = (),
    ) -> Answer:
        """Answer *request* with *status*, and with what is *said*: a name and a message."""
        if _FIRMWARE.fullmatch(request.path):
            return Answer(status, self._heads.empty(status, fields))
        page = self._people.find(request, status, said[1], fields) if self._people else None
        if page is not None:
            return page
        body = json.dumps({"error": said[0], "message": said[1]}).encode() + b"\n"
        head = self._heads.with_body(status, JSON, len(body), fields)
        return Answer(status, head, b"" if request.method == "HEAD" else body)

    def _is_news(self, text: str) -> bool:
        now = self._clock()
        if self._told.get(text, -_QUIET) > now - _QUIET:
            return False
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[text] = now
        return True
