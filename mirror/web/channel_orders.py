"""The operators' paths for channels: which there are, what waits, and promote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

from mirror.web.bearers import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Callable

_CHANNEL: Final = "/v1/channels/{channel}"


class ChannelOperations(Protocol):
    """What the daemon does with channels; documents are JSON in UTF-8."""

    async def all(self) -> bytes:
        """Return every channel, with what waits for approval."""

    async def show(self, channel: str, /) -> bytes:
        """Return one channel, with its history."""

    async def promote(self, channel: str, order: bytes, operator: str | None, /) -> bytes:
        """Move *channel* as *order* says; *operator* is who gave it, if a token has told that."""


class ChannelHandlers:
    """The handlers; *document* makes an answer of JSON."""

    def __init__(
        self, operations: ChannelOperations, document: Callable[[bytes], web.StreamResponse]
    ) -> None:
        self._operations = operations
        self._document = document

    def routes(self) -> list[web.RouteDef]:
        """Return the paths that are served here."""
        return [
            web.get("/v1/channels.json", self.all, allow_head=False),
            web.get(_CHANNEL, self.show, allow_head=False),
            web.post(_CHANNEL, self.promote),
        ]

    async def all(self, _request: web.Request) -> web.StreamResponse:
        """Answer with all channels."""
        return self._document(await self._operations.all())

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Answer with one channel."""
        return self._document(await self._operations.show(request.match_info["channel"]))

    async def promote(self, request: web.Request) -> web.StreamResponse:
        """Move a channel, or take note that somebody approves."""
        # Who it is stands in the request's token, and never in its body.
        channel, operator = request.match_info["channel"], request.get(OPERATOR)
        body = await self._operations.promote(channel, await request.read(), operator)
        return self._document(body)
