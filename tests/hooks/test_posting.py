"""An event is posted once, signed, to an address that was checked; only 2xx takes it."""

from __future__ import annotations

import json
import socket
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import HookError
from mirror.hooks.posting import Poster
from mirror.upstream.surroundings import Proxy, Surroundings
from tests.hooks.receiving import SECRET, example, receiving
from tests.hooks.samples import NOON, target, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence


def poster(url: str, surroundings: Surroundings | None = None, seconds: float = 20.0) -> Poster:
    """Return what posts to *url*, signed."""
    return Poster(
        target(url, SECRET),
        surroundings or Surroundings(),
        "mpmirror/test",
        clock=lambda: NOON,
        seconds=seconds,
    )


async def leads_here(_host: str, _listen: int) -> Sequence[str]:
    """Resolve every name to this machine."""
    return ("127.0.0.1",)


async def test_a_receiver_can_verify_what_it_gets() -> None:
    """With the example of the documents, and the clock of both at noon."""
    one = waiting(1)
    async with receiving() as receiver:
        await poster(receiver.url)(one)
    [(headers, body)] = receiver.got
    event = example()(headers, body, SECRET, set(), now=NOON.timestamp())

    assert event == json.loads(one.body)
    assert headers["webhook-id"] == one.id
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 408, 500, 502])
async def test_an_answer_that_is_not_2xx_is_a_failure(status: int) -> None:
    """A redirect is not followed: whoever can redirect us could lead us anywhere."""
    async with receiving() as receiver:
        receiver.answers = [(status, {"Location": "/elsewhere"})]
        with pytest.raises(HookError, match=f"it answered {status}") as caught:
            await poster(receiver.url)(waiting(1))

    assert caught.value.status == status
    assert len(receiver.got) == 1


async def test_gone_is_final() -> None:
    async with receiving(410) as receiver:
        with pytest.raises(HookError) as caught:
            await poster(receiver.url)(waiting(1))

    assert caught.value.status == 410


@pytest.mark.parametrize("status", [429, 503])
async def test_the_rest_that_a_receiver_asks_for_is_told(status: int) -> None:
    async with receiving() as receiver:
        receiver.answers = [(status, {"Retry-After": "120"})]
        with pytest.raises(HookError) as caught:
            await poster(receiver.url)(waiting(1))

    assert caught.value.rest == timedelta(minutes=2)


async def test_nobody_there_is_a_failure_that_names_no_address() -> None:
    async with receiving() as receiver:
        url = receiver.url
    with pytest.raises(HookError) as caught:
        await poster(url)(waiting(1))

    assert str(caught.value) == "there is no connection"
    assert caught.value.status is None


async def test_a_receiver_that_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        number = silent.getsockname()[1]
        with pytest.raises(HookError, match="no answer came in time"):
            await poster(f"http://127.0.0.1:{number}/", seconds=0.2)(waiting(1))


async def test_a_name_that_leads_to_this_machine_is_refused() -> None:
    """Nothing is sent to it: the address of a hook in the lab is no way to the daemon's machine."""
    async with receiving() as receiver:
        surroundings = Surroundings(resolve=leads_here)
        with pytest.raises(HookError, match="leads to this machine"):
            await poster(f"http://chat.lab:{receiver.number}/hooks/here", surroundings)(waiting(1))

    assert receiver.got == []


async def test_a_name_that_can_not_be_resolved_is_a_failure() -> None:
    async def unknown(_host: str, _listen: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(HookError, match="can not be resolved"):
        await poster("http://chat.lab/", Surroundings(resolve=unknown))(waiting(1))


async def test_a_proxy_is_used_as_for_upstream() -> None:
    async with receiving() as receiver:
        proxy = Proxy.parse(f"http://user:pass@127.0.0.1:{receiver.number}")
        post = poster("http://chat.lab/hooks/here", Surroundings(http_proxy=proxy))
        await post(waiting(1))

    assert receiver.got[0][0]["Host"] == "chat.lab"
    assert receiver.got[0][0]["Proxy-Authorization"] == "Basic dXNlcjpwYXNz"


async def test_the_second_is_that_of_the_try() -> None:
    """Else a receiver would take every event that waited for an old one."""
    moments = iter([datetime.fromtimestamp(second, NOON.tzinfo) for second in (100, 100, 900, 900)])
    async with receiving() as receiver:
        post = Poster(
            target(receiver.url, SECRET),
            Surroundings(),
            "mpmirror/test",
            clock=lambda: next(moments),
        )
        await post(waiting(1))
        receiver.answers = []
        next(moments)
        await post(waiting(1))

    assert [headers["webhook-timestamp"] for headers, _ in receiver.got] == ["100", "900"]
