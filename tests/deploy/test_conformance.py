"""One table of HTTP, passed by the daemon, by nginx in front of it, and by nginx without it.

Two profiles: *daemon* and *static*.  A plain web server knows sizes and times, so that its ETag is
not the digest; everything that a client needs to resume and to ask again holds for both.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest

from mirror.catalog.values import Digest
from mirror.storage.files import Files
from mirror.transfer.site.exporting import export_site
from mirror.web.heads import FLASH_POLICY, PAGES_POLICY
from mirror.web.worker import open_held
from tests.deploy.nginx import HOST, NGINX, configuration, ended, nginx_running
from tests.transfer.site.test_export_site import TOLD
from tests.web.building import ESP, PICO, Builder, HastyDisk, images, opened
from tests.web.conftest import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

USUAL = images(PICO, ESP)
FILE = f"/resources/firmware/{PICO}"
BODY = USUAL[PICO]
SIZE = len(BODY)
OPENSSL = shutil.which("openssl")


@dataclass(frozen=True)
class Case:
    """A request, and what has to come: ``{etag}`` stands for the file's own."""

    name: str
    status: int
    body: bytes | None
    method: str = "GET"
    asks: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    path: str = FILE


def part(start: int, stop: int) -> Mapping[str, str]:
    return {
        "Content-Range": f"bytes {start}-{stop - 1}/{SIZE}",
        "Content-Length": str(stop - start),
    }


WHOLE = {"Content-Length": str(SIZE), "Accept-Ranges": "bytes"}
TABLE = (
    Case("whole", 200, BODY, says=WHOLE),
    Case("head", 200, b"", "HEAD", says=WHOLE),
    Case("first bytes", 206, BODY[:100], asks={"Range": "bytes=0-99"}, says=part(0, 100)),
    Case("the rest", 206, BODY[500:], asks={"Range": "bytes=500-"}, says=part(500, SIZE)),
    Case("the tail", 206, BODY[-50:], asks={"Range": "bytes=-50"}, says=part(SIZE - 50, SIZE)),
    Case("too far", 206, BODY[9:], asks={"Range": f"bytes=9-{SIZE * 9}"}, says=part(9, SIZE)),
    Case(
        "beyond",
        416,
        None,
        asks={"Range": f"bytes={SIZE}-"},
        says={"Content-Range": f"bytes */{SIZE}"},
    ),
    Case("no range", 200, BODY, asks={"Range": "lines=1-2"}, says=WHOLE),
    Case("head of a part", 200, b"", "HEAD", {"Range": "items=0-1"}, WHOLE),
    Case(
        "resumed",
        206,
        BODY[100:200],
        asks={"Range": "bytes=100-199", "If-Range": "{etag}"},
        says=part(100, 200),
    ),
    Case(
        "changed meanwhile",
        200,
        BODY,
        asks={"Range": "bytes=100-199", "If-Range": '"another"'},
        says=WHOLE,
    ),
    Case("the same", 304, b"", asks={"If-None-Match": "{etag}"}),
    Case("one of these", 304, b"", asks={"If-None-Match": '"another", {etag}'}),
    Case("anything", 304, b"", asks={"If-None-Match": "*"}),
    Case("the same, head", 304, b"", "HEAD", {"If-None-Match": "{etag}"}),
    Case("another", 200, BODY, asks={"If-None-Match": '"another"'}, says=WHOLE),
    Case(
        "the same before a part", 304, b"", asks={"If-None-Match": "{etag}", "Range": "bytes=0-9"}
    ),
    Case("not that one", 412, None, asks={"If-Match": '"another"'}),
    Case("that one", 200, BODY, asks={"If-Match": "{etag}"}, says=WHOLE),
    Case("not there", 404, None, path="/resources/firmware/NONE-20260406-v1.28.0.uf2"),
    Case("by name", 200, BODY, says=WHOLE, path=f"/v1/files/{PICO}"),
    Case("by digest", 200, BODY, says=WHOLE, path=f"/v1/blobs/{Digest.of(BODY)}"),
)
TYPES = {
    FILE: "application/octet-stream",
    f"{FILE}.sha256": "text/plain; charset=utf-8",
    "/resources/firmware/SHA256SUMS": "text/plain; charset=utf-8",
    "/v1/feed.json": "application/json",
    "/v1/boards/RPI_PICO_W/latest.json": "application/json",
    "/repos/micropython/micropython/tags": "application/json",
    "/": "text/html",
    "/boards/RPI_PICO_W": "text/html",
    "/download/": "text/html",
    "/feeds/firmware.atom": "application/atom+xml",
}

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx (nginx-light) is not on this machine")


@pytest.fixture
async def builder(tmp_path: Path) -> Builder:
    builder = Builder(opened(tmp_path / "data"))
    await builder.publish(USUAL)
    return builder


@pytest.fixture
async def daemon(builder: Builder) -> AsyncIterator[str]:
    """The address of a daemon."""
    async with served(builder.store, told=TOLD) as site:
        yield f"http://127.0.0.1:{site.client.number}"


@pytest.fixture
async def behind_nginx(daemon: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of nginx in front of a daemon."""
    files = ("-keyout", tmp_path / "mirror.key", "-out", tmp_path / "mirror.pem")
    subject = ("-subj", "/CN=micropython.org", "-days", "1", "-nodes", "-newkey", "rsa:2048")
    assert await ended(str(OPENSSL), "req", "-x509", *subject, *files) == 0
    changes = {
        "127.0.0.1:8080": daemon.removeprefix("http://"),
        "listen 80;": f"listen {HOST}:8090;",
        "listen 443 ssl;": f"listen {HOST}:8453 ssl;",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "/etc/mpmirror/tls": str(tmp_path),
        "/var/log/nginx": str(tmp_path),
    }
    async with nginx_running(tmp_path, configuration("mpmirror.conf", tmp_path, changes), 8090):
        yield f"http://{HOST}:8090"


@pytest.fixture
async def static(builder: Builder, tmp_path: Path) -> AsyncIterator[str]:
    """The address of nginx with an exported tree, and no daemon."""
    tree = tmp_path / "site"
    await export_site(open_held(tmp_path / "data"), TOLD, Files(HastyDisk()), tree)
    assert builder.sequence == 1
    changes = {
        "/srv/mpmirror/current": str(tree / "current"),
        "listen 80;": f"listen {HOST}:8091;",
        "    listen [::]:80;\n": "",
        "/var/log/nginx": str(tmp_path),
    }
    async with nginx_running(tmp_path, configuration("static.conf", tmp_path, changes), 8091):
        yield f"http://{HOST}:8091"


async def failures_of(base: str) -> list[str]:
    """Ask everything in the table; name what came otherwise."""
    wrong = []
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(base + FILE) as first:
            etag = first.headers["ETag"]
        for case in TABLE:
            asks = {name: text.replace("{etag}", etag) for name, text in case.asks.items()}
            async with session.request(case.method, base + case.path, headers=asks) as got:
                body = await got.read()
                said = {name: got.headers.get(name) for name in case.says}
            if (got.status, said) != (case.status, dict(case.says)) or (
                case.body is not None and case.body != body
            ):
                wrong.append(f"{case.name}: {got.status} {said} {len(body)} bytes")
        for path, expected in TYPES.items():
            async with session.get(base + path) as got:
                kind = got.headers.get("Content-Type", "")
                guessing = got.headers.get("X-Content-Type-Options")
            if got.status != 200 or not kind.startswith(expected) or guessing != "nosniff":
                wrong.append(f"{path}: {got.status} {kind} {guessing}")
    return wrong


async def test_the_daemon_passes_and_its_etag_is_the_digest(daemon: str) -> None:
    """The latter is what the profile *static* has not: there it is made of time and size."""
    async with aiohttp.ClientSession() as session, session.get(daemon + FILE) as got:
        etag = got.headers["ETag"]

    assert await failures_of(daemon) == []
    assert etag == f'"{Digest.of(BODY).hex}"'


@needs_nginx
@pytest.mark.skipif(OPENSSL is None, reason="openssl is not on this machine")
async def test_nginx_in_front_passes(behind_nginx: str) -> None:
    assert await failures_of(behind_nginx) == []


@needs_nginx
async def test_a_tree_of_files_passes_without_a_daemon(static: str) -> None:
    assert await failures_of(static) == []


@needs_nginx
async def test_a_tree_of_files_is_as_inert(static: str) -> None:
    """Files do nothing in a browser, and pages stand in no frame."""
    policies = {
        FILE: "sandbox",
        "/": PAGES_POLICY,
        f"/flash/{ESP}": FLASH_POLICY,
        "/nothing": "",
    }
    async with aiohttp.ClientSession() as session:
        for path, policy in policies.items():
            async with session.get(static + path) as got:
                assert policy in got.headers["Content-Security-Policy"]
                assert got.headers["Access-Control-Allow-Origin"] == "*"
                assert got.headers["X-Frame-Options"] == "DENY"
