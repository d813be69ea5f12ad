"""The example for nginx, run by nginx: what mpmirror says arrives as it was said."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from tests.deploy.nginx import HOST, NGINX, configuration, ended, nginx_running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OPENSSL = shutil.which("openssl")
BODY = bytes(range(256)) * 4_000
ETAG = f'"{hashlib.sha256(BODY).hexdigest()}"'

PLAIN, SECURE = f"http://{HOST}:8080/file", f"https://{HOST}:8443/file"

pytestmark = pytest.mark.skipif(
    not (NGINX and OPENSSL), reason="nginx (nginx-light) or openssl is not on this machine"
)


async def answer(request: web.Request) -> web.Response:
    """Play mpmirror: one file with a strong ETag, and a range of it."""
    said = {name: request.headers.get(name, "-") for name in ("Authorization", "Cookie", "Host")}
    headers = {"ETag": ETAG, "Accept-Ranges": "bytes", **{f"X-Got-{k}": v for k, v in said.items()}}
    if request.headers.get("Range") == "bytes=100-199" and request.headers.get("If-Range") == ETAG:
        headers["Content-Range"] = f"bytes 100-199/{len(BODY)}"
        return web.Response(status=206, body=BODY[100:200], headers=headers)
    return web.Response(body=BODY, headers=headers)


def changes(folder: Path, behind: int) -> dict[str, str]:
    """Give what is another address or folder in a test."""
    return {
        "127.0.0.1:8080": f"127.0.0.1:{behind}",
        "listen 80;": f"listen {HOST}:8080;",
        "listen 443 ssl;": f"listen {HOST}:8443 ssl;",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "/etc/mpmirror/tls": str(folder),
        "/var/log/nginx": str(folder),
    }


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """Run nginx in front of a small mpmirror; give the folder of its log."""
    application = web.Application()
    application.router.add_get("/file", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here = changes(tmp_path, runner.addresses[0][1])
    await make_certificate(tmp_path)
    async with nginx_running(tmp_path, configuration("mpmirror.conf", tmp_path, here), 8443):
        yield tmp_path
    await runner.cleanup()


async def make_certificate(folder: Path) -> None:
    """Make a certificate for an hour."""
    files = ("-keyout", folder / "mirror.key", "-out", folder / "mirror.pem")
    subject = ("-subj", "/CN=micropython.org", "-days", "1", "-nodes", "-newkey", "rsa:2048")
    assert await ended(str(OPENSSL), "req", "-x509", *subject, *files) == 0


async def ask(url: str = PLAIN, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """Ask nginx for the file, and trust its certificate."""
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, url, headers=named, ssl=trust) as response,
    ):
        return response.status, response.headers, await response.read()


@pytest.mark.usefixtures("folder")
async def test_bytes_and_headers_arrive_unchanged() -> None:
    """Over plain HTTP and over TLS: the body, its length, and its strong ETag."""
    answers = [
        await ask(PLAIN, Accept_Encoding="gzip"),
        await ask(SECURE, Accept_Encoding="gzip"),
    ]

    for status, headers, body in answers:
        assert (status, body) == (200, BODY)
        assert headers["ETag"] == ETAG
        assert headers["Content-Length"] == str(len(BODY))
        assert "Content-Encoding" not in headers


@pytest.mark.usefixtures("folder")
async def test_a_download_can_be_resumed() -> None:
    """Ranges and their condition reach mpmirror."""
    status, headers, body = await ask(Range="bytes=100-199", If_Range=ETAG)

    assert (status, body) == (206, BODY[100:200])
    assert headers["Content-Range"] == f"bytes 100-199/{len(BODY)}"


@pytest.mark.usefixtures("folder")
async def test_tokens_do_not_get_through_and_nothing_is_uploaded() -> None:
    """Some clients send tokens to every host; only GET and HEAD are let in."""
    _, headers, _ = await ask(Authorization="token x", Cookie="a=b", Host="micropython.org")
    posted, _, _ = await ask(method="POST")
    status, head, body = await ask(method="HEAD")

    assert (headers["X-Got-Authorization"], headers["X-Got-Cookie"]) == ("-", "-")
    assert headers["X-Got-Host"] == "micropython.org"
    assert posted == 403
    assert (status, head["Content-Length"], body) == (200, str(len(BODY)), b"")


async def test_the_log_holds_no_query(folder: Path) -> None:
    """Nor any header."""
    await ask(f"{PLAIN}?token=secret", Authorization="secret")
    async with asyncio.timeout(10):
        while not (text := (folder / "mpmirror.log").read_text(encoding="utf-8")):  # noqa: ASYNC110 - another program's file
            await asyncio.sleep(0.02)

    assert '"GET /file" 200' in text
    assert "secret" not in text
