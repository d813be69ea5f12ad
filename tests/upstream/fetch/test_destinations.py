"""Where connections go: addresses after resolution, proxies, certificates."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from mirror.errors import (
    AddressRefusedError,
    ConfigurationError,
    RedirectRefusedError,
    UpstreamUnavailableError,
)
from mirror.upstream.fetch import Proxy, Surroundings
from mirror.upstream.fetch.wire import Guard
from mirror.upstream.origin import Origin
from tests.upstream.certificates import Certificate, make_certificate
from tests.upstream.conftest import making
from tests.upstream.scripted import Scripted, Then, bare, reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.upstream.doubles import Clock


@dataclass(slots=True)
class Names:
    """A name service that gives these answers one after the other, the last for ever."""

    answers: list[Sequence[str]]
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def resolve(self, host: str, listen: int) -> Sequence[str]:
        """Answer."""
        self.asked.append((host, listen))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def names(*answers: Sequence[str]) -> Surroundings:
    """Return surroundings with such a name service."""
    return Surroundings(resolve=Names(list(answers)).resolve)


@pytest.mark.parametrize(
    ("addresses", "objection"),
    [
        (["127.0.0.1"], "127.0.0.1, a loopback address"),
        (["192.0.2.77"], "192.0.2.77, a private address"),
        (["10.1.2.3"], "10.1.2.3, a private address"),
        (["169.254.169.254"], "169.254.169.254, a link-local address"),
        (["93.184.215.14", "::1"], "::1, a loopback address"),
        (["::ffff:127.0.0.1"], "::ffff:127.0.0.1, a loopback address"),
    ],
)
async def test_a_name_that_resolves_to_where_we_must_not_go_is_refused(
    upstream: Scripted, clock: Clock, addresses: list[str], objection: str
) -> None:
    base = f"http://upstream.example.org:{upstream.listen}"
    async with making(base, clock, surroundings=names(addresses)) as fetcher:
        with pytest.raises(AddressRefusedError, match=objection):
            await fetcher.page(f"{base}/")

    assert upstream.connections == 0
    assert clock.slept == []


async def test_localhost_as_upstream_may_be_this_machine(upstream: Scripted, clock: Clock) -> None:
    upstream.answer("/", reply(200, b"here"))
    base = f"http://localhost:{upstream.listen}"
    async with making(base, clock, surroundings=names(["127.0.0.1"])) as fetcher:
        page = await fetcher.page(f"{base}/")

    assert page.body == b"here"


async def test_each_connection_is_judged_anew(upstream: Scripted, clock: Clock) -> None:
    upstream.answer("/", bare(200, b"here", "Connection: close"))
    base = f"http://localhost:{upstream.listen}"
    rebinding = names(["127.0.0.1"], ["10.0.0.1"])
    async with making(base, clock, surroundings=rebinding) as fetcher:
        await fetcher.page(f"{base}/")
        with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1, a private address"):
            await fetcher.page(f"{base}/")

    assert upstream.connections == 1


async def test_a_literal_upstream_resolves_no_name(upstream: Scripted, clock: Clock) -> None:
    upstream.answer("/", reply(200, b"here"))
    service = Names([["10.0.0.1"]])
    base = f"http://127.0.0.1:{upstream.listen}"
    async with making(base, clock, surroundings=Surroundings(resolve=service.resolve)) as fetcher:
        await fetcher.page(f"{base}/")

    assert service.asked == []


async def test_an_address_that_nobody_checked_gets_no_socket() -> None:
    guard = Guard(Origin.parse("http://localhost"), names(["127.0.0.1"]))
    await guard.resolve("localhost", 80)

    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1 was never checked"):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 80)))


async def test_a_name_that_is_unknown_is_named(clock: Clock) -> None:
    base = "http://upstream.example.org"
    async with making(base, clock, surroundings=names([])) as fetcher:
        with pytest.raises(UpstreamUnavailableError, match="the name can not be resolved"):
            await fetcher.page(f"{base}/")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_same_trouble_is_said_in_the_same_words_each_time(
    clock: Clock, scheme: str
) -> None:
    """Whoever compares what was said sees no news where there is none."""
    base = f"{scheme}://upstream.example.org"
    said = []
    for _ in range(2):
        async with making(base, clock, surroundings=names([])) as fetcher:
            with pytest.raises(UpstreamUnavailableError) as caught:
                await fetcher.page(f"{base}/")
            said.append(str(caught.value))

    assert said[0] == said[1]
    assert " at 0x" not in said[0]


async def test_a_name_that_is_no_name_is_named(clock: Clock) -> None:
    base = f"http://{'x' * 70}.example.org"
    async with making(base, clock) as fetcher:
        with pytest.raises(UpstreamUnavailableError, match="the name can not be resolved"):
            await fetcher.page(f"{base}/")


async def test_a_proxy_is_asked_for_what_it_resolves_itself(
    upstream: Scripted, clock: Clock
) -> None:
    upstream.answer("http://upstream.example.org/p", reply(200, b"by proxy"))
    proxy = Proxy.parse(f"http://user:secret@127.0.0.1:{upstream.listen}")
    service = Names([["10.0.0.1"]])
    around = Surroundings(http_proxy=proxy, resolve=service.resolve)
    async with making("http://upstream.example.org", clock, surroundings=around) as fetcher:
        page = await fetcher.page("http://upstream.example.org/p")

    assert page.body == b"by proxy"
    assert upstream.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert service.asked == []


async def test_a_proxy_with_a_name_may_be_anywhere(upstream: Scripted, clock: Clock) -> None:
    upstream.answer("http://upstream.example.org/p", reply(200, b"by proxy"))
    proxy = Proxy.parse(f"proxy.example.org:{upstream.listen}")
    around = Surroundings(http_proxy=proxy, resolve=Names([["127.0.0.1"]]).resolve)
    async with making("http://upstream.example.org", clock, surroundings=around) as fetcher:
        page = await fetcher.page("http://upstream.example.org/p")

    assert page.body == b"by proxy"


async def test_a_proxy_that_refuses_is_named_without_its_password(
    upstream: Scripted, clock: Clock
) -> None:
    upstream.answer("upstream.example.org:443", reply(407, then=Then.CLOSE))
    proxy = Proxy.parse(f"http://user:secret@127.0.0.1:{upstream.listen}")
    around = Surroundings(https_proxy=proxy)
    async with making("https://upstream.example.org", clock, surroundings=around) as fetcher:
        with pytest.raises(UpstreamUnavailableError, match="proxy does not let us") as caught:
            await fetcher.page("https://upstream.example.org/p")

    assert "secret" not in str(caught.value)


async def test_a_proxy_that_is_not_there_is_named(clock: Clock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        around = Surroundings(http_proxy=Proxy.parse(f"127.0.0.1:{free.getsockname()[1]}"))
        async with making("http://upstream.example.org", clock, surroundings=around) as fetcher:
            with pytest.raises(UpstreamUnavailableError, match="no connection to the proxy"):
                await fetcher.page("http://upstream.example.org/")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def trusting(certificate: Certificate) -> Surroundings:
    """Return surroundings in which *certificate* is trusted."""
    return Surroundings(ca_files=(certificate.file,), resolve=Names([["127.0.0.1"]]).resolve)


@pytest.fixture
async def secure(certificate: Certificate) -> AsyncIterator[Scripted]:
    """An upstream with TLS."""
    server = Scripted()
    async with server.running(certificate.context):
        yield server


async def test_an_extra_ca_is_trusted(
    secure: Scripted, clock: Clock, certificate: Certificate
) -> None:
    secure.answer("/", reply(200, b"safe"))
    base = f"https://localhost:{secure.listen}"
    async with making(base, clock, surroundings=trusting(certificate)) as fetcher:
        page = await fetcher.page(f"{base}/")

    assert page.body == b"safe"


async def test_an_unknown_ca_is_not_trusted(secure: Scripted, clock: Clock) -> None:
    base = f"https://localhost:{secure.listen}"
    async with making(base, clock, surroundings=names(["127.0.0.1"])) as fetcher:
        with pytest.raises(UpstreamUnavailableError, match="not trusted"):
            await fetcher.page(f"{base}/")

    assert secure.requests == []


async def test_a_redirect_to_a_lower_scheme_is_refused(
    secure: Scripted, clock: Clock, certificate: Certificate
) -> None:
    secure.answer("/", reply(302, b"", f"Location: http://localhost:{secure.listen}/"))
    base = f"https://localhost:{secure.listen}"
    async with making(base, clock, surroundings=trusting(certificate)) as fetcher:
        with pytest.raises(RedirectRefusedError, match="would go down from https to http"):
            await fetcher.page(f"{base}/")


async def test_tls_goes_through_a_proxy_to_upstream_itself(
    secure: Scripted, clock: Clock, certificate: Certificate
) -> None:
    secure.answer("/", reply(200, b"safe"))
    async with tunnelling(secure.listen) as (proxy, asked):
        with_password = replace(proxy, authorization="Basic dXNlcjpzZWNyZXQ=")
        around = Surroundings(https_proxy=with_password, ca_files=(certificate.file,))
        async with making("https://upstream.example.org", clock, surroundings=around) as fetcher:
            page = await fetcher.page("https://upstream.example.org/")

    assert page.body == b"safe"
    assert asked[0].startswith("CONNECT upstream.example.org:443 HTTP/1.1")
    assert "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in asked[0]
    assert "proxy-authorization" not in secure.requests[0].headers


async def test_a_ca_file_that_is_missing_is_named(clock: Clock, tmp_path: Path) -> None:
    around = Surroundings(ca_files=(tmp_path / "none.pem",))

    with pytest.raises(
        ConfigurationError, match=f"the CA file {tmp_path}/none.pem can not be used"
    ):
        await making("https://localhost", clock, surroundings=around).__aenter__()


async def test_a_ca_file_that_is_none_is_named(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate\n")
    around = Surroundings(ca_files=(tmp_path / "ca.pem",))

    with pytest.raises(ConfigurationError, match="can not be used"):
        await making("https://localhost", clock, surroundings=around).__aenter__()


async def test_a_plain_upstream_may_lead_to_its_secure_self(
    upstream: Scripted, secure: Scripted, clock: Clock, certificate: Certificate
) -> None:
    secure.answer("/", reply(200, b"safe"))
    base = leading(upstream, secure)
    around = replace(trusting(certificate), http_proxy=proxied(upstream), typed=True)
    async with making(base, clock, surroundings=around) as fetcher:
        page = await fetcher.page(f"{base}/")

    assert page.body == b"safe"


async def test_where_a_plain_upstream_leads_to_an_unknown_ca_is_not_trusted(
    upstream: Scripted, secure: Scripted, clock: Clock
) -> None:
    """Whom to trust is asked before the first secure request, however late that comes."""
    base = leading(upstream, secure)
    around = replace(names(["127.0.0.1"]), http_proxy=proxied(upstream), typed=True)
    async with making(base, clock, surroundings=around) as fetcher:
        with pytest.raises(UpstreamUnavailableError, match="not trusted"):
            await fetcher.page(f"{base}/")

    assert upstream.requests
    assert secure.requests == []


def leading(upstream: Scripted, secure: Scripted) -> str:
    """Let *upstream*, asked as a proxy, redirect to *secure*; return the plain base URL."""
    host = f"upstream.example.org:{secure.listen}"
    upstream.answer(f"http://{host}/", reply(302, b"", f"Location: https://{host}/"))
    return f"http://{host}"


def proxied(upstream: Scripted) -> Proxy:
    """Return *upstream* as a proxy."""
    return Proxy.parse(f"127.0.0.1:{upstream.listen}")


@contextlib.asynccontextmanager
async def tunnelling(listen: int) -> AsyncIterator[tuple[Proxy, list[str]]]:
    """A proxy that connects everybody to *listen* here; gives it and what it was asked for."""
    asked: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        there, here = await asyncio.open_connection("127.0.0.1", listen)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_relay(reader, here), _relay(there, writer))

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(tunnel(reader, writer)))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield Proxy.parse(f"127.0.0.1:{server.sockets[0].getsockname()[1]}"), asked
        await asyncio.wait(tasks)


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
