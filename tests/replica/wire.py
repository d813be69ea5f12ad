"""One request as it goes over the wire, and its answer as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

PLAIN: Final = {"Accept-Encoding": "identity"}
NAME: Final = "RPI_PICO-20260406-v1.28.0.uf2"
"""The file that tests spoil, and where it is."""
FILE: Final = f"/resources/firmware/{NAME}"
PAGE: Final = "/download/RPI_PICO/"


async def fetch(
    client: aiohttp.ClientSession, url: str, headers: Mapping[str, str] = PLAIN
) -> tuple[aiohttp.ClientResponse, bytes]:
    """Return the answer to GET *url*, a redirect too, and all of its body."""
    async with client.get(url, headers=headers, allow_redirects=False) as answer:
        return answer, await answer.read()
