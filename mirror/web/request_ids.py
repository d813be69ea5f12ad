"""Give every request an id: it stands in its answer, and in what the log says of it.

An id that a client or a proxy sends along (``X-Request-Id``) is taken when it is well-formed;
anything else is as if nothing was sent.
"""

from __future__ import annotations

import itertools
import re
import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.web.answer import Answer
from mirror.web.current_request import REQUEST

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

NAME: Final = "X-Request-Id"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def identifying() -> Middleware:
    """Return the middleware; ids that it makes up are of no other process and no other request."""
    process, numbers = secrets.token_hex(6), itertools.count(1)

    @web.middleware
    async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
        sent = request.headers.get(NAME)
        taken = sent is not None and _ID.fullmatch(sent) is not None
        name = sent if taken and sent else f"{process}-{next(numbers):x}"
        REQUEST.set(name)
        response = await handler(request)
        if isinstance(response, Answer):
            response.say_request(name)
        elif not response.prepared:
            response.headers[NAME] = name
        return response

    return identify
