"""What `/setup` says works: its own lines are run, against the mirror that says them."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest

from mirror.lab_ca.cabinet import Cabinet, Order
from mirror.publication.setup.guides import GUIDES, guide
from mirror.publication.setup.model import Dialect, Step, System
from mirror.storage.files import Files
from mirror.web.app import Serving, make_app
from mirror.web.certificates import CertificateFiles, Certificates
from mirror.web.heads import PAGES_POLICY
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.tls import Encrypted
from mirror.web.whereabouts import Whereabouts
from tests.web.building import PICO, Builder, HastyDisk, image
from tests.web.client import Client
from tests.web.conftest import NODE, status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from mirror.web.holdings import Holdings

HOSTS: Final = ("micropython.org", "mirror.lab")
CURL: Final = shutil.which("curl")
_HERE: Final = {System.ANY, System.UNIX, System.LINUX}


@asynccontextmanager
async def room(store: Holdings, keys: Path) -> AsyncIterator[tuple[Client, int, Whereabouts]]:
    """Serve *store* with a certificate of the lab; give its TCP port for TLS, too."""
    issued = Cabinet(keys, Files(HastyDisk()), lambda: datetime.now(UTC))
    issued.issue(HOSTS, Order(timedelta(days=2), keep_key=True))
    files = CertificateFiles(keys / "tls")
    certificates = Certificates(files)
    certificates.load()
    plain, secret = await tcp_sockets("127.0.0.1", 0), await tcp_sockets("127.0.0.1", 0)
    number, encrypted = [sockets[0].getsockname()[1] for sockets in (plain, secret)]
    where = Whereabouts(f"http://127.0.0.1:{number}", files)
    app = make_app(store, Serving(node=NODE, status=status, whereabouts=where))
    async with serving(app, plain, encrypted=Encrypted(secret, certificates)):
        yield Client(number), encrypted, where


async def copied(steps: Iterable[Step], folder: Path) -> str:
    """Run the shell lines of *steps* in *folder*, as somebody would who copies them."""
    script = [
        text
        for step in steps
        for lines in step.lines
        if lines.dialect is Dialect.SHELL and lines.system in _HERE
        for text in lines.text
    ]
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", "\n".join(script)),
        cwd=folder,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return out.decode()


@pytest.mark.skipif(CURL is None, reason="no curl")
async def test_the_lines_for_curl_fetch_a_file_and_check_it(
    builder: Builder, tmp_path: Path
) -> None:
    async with room(builder.store, tmp_path / "keys") as (_, _, where):
        found = guide("curl", where.place())
        assert found is not None
        said = await copied((found.ways[0].steps[0], *found.ways[0].test), tmp_path)

    assert f"{PICO}: OK\n" in said
    assert said.endswith("alive\n")
    assert (tmp_path / PICO).read_bytes() == image(PICO)


@pytest.mark.skipif(CURL is None, reason="no curl")
async def test_the_authority_that_is_fetched_makes_the_name_trusted(
    builder: Builder, tmp_path: Path
) -> None:
    """DNS is what ``.curlrc`` says here; the same lines without the authority are refused."""
    async with room(builder.store, tmp_path / "keys") as (_, number, where):
        (tmp_path / ".curlrc").write_text(
            f'connect-to = "micropython.org:443:127.0.0.1:{number}"\n'
        )
        found = guide("micropico", where.place())
        assert found is not None
        way = found.ways[1]
        test = replace(
            way.test[0],
            lines=tuple(
                replace(
                    lines,
                    text=tuple(
                        text.replace("/download/RPI_PICO/", "/healthz") for text in lines.text
                    ),
                )
                for lines in way.test[0].lines
            ),
        )
        fetched = await copied([step for step in way.steps if "fingerprint" in step.what], tmp_path)
        said = await copied([test], tmp_path)
        (tmp_path / "lab-authority.pem").write_bytes(b"")
        refused = await copied([test], tmp_path)

    assert "Fingerprint=" in fetched
    assert way.missing is None
    assert said == "200\n"
    assert "200" not in refused


async def test_pages_and_documents_are_served_before_anything_is_published(
    store: Holdings, tmp_path: Path
) -> None:
    async with room(store, tmp_path / "keys") as (client, _, _):
        index = await client.get("/setup")
        listed = json.loads((await client.get("/v1/setup.json")).body)
        pages = [await client.get(line["page"]) for line in listed["clients"]]
        documents = [await client.get(line["path"]) for line in listed["clients"]]
        nothing = await client.get("/v1/setup/nobody.json")

    assert index.fields["content-type"] == "text/html; charset=utf-8"
    assert index.fields["content-security-policy"] == PAGES_POLICY
    assert [got.status for got in (*pages, *documents)] == [200] * 2 * len(GUIDES)
    assert nothing.status == 404
    assert json.loads(nothing.body)["message"].startswith("there is no guide for 'nobody'")


def files_of(folder: Path) -> list[Path]:
    """Return every file below *folder*."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_no_private_key_is_served(builder: Builder, data: Path, tmp_path: Path) -> None:
    """Not by any path that leads towards it, and no file of the data has one."""
    keys = tmp_path / "keys"
    async with room(builder.store, keys) as (client, _, _):
        public = await client.get("/setup/authority.pem")
        files = [path.relative_to(tmp_path) for path in files_of(keys)]
        paths = [
            f"{before}{path}{after}"
            for before in (
                "/",
                "/../",
                "/..%2f",
                "/setup/",
                "/setup/..%2f..%2f",
                "/v1/files/",
                "/static/",
            )
            for path in (*files, *(file.name for file in files))
            for after in ("", ".json")
        ]
        got = [await client.get(path) for path in paths]

    assert public.body.count(b"BEGIN CERTIFICATE") == 1
    assert {answer.status for answer in got} <= {200, 400, 404}
    assert all(b"PRIVATE" not in answer.body for answer in (public, *got))
    assert all(b"PRIVATE KEY" not in path.read_bytes() for path in files_of(data))
    assert any(b"PRIVATE KEY" in path.read_bytes() for path in files_of(keys))


async def subject_shown(number: int, asked: str, trusted: bytes) -> str:
    """Return whom the certificate is for that a client is shown who asks for this name."""
    context = ssl.create_default_context(cadata=trusted.decode())
    context.check_hostname = False
    _, writer = await asyncio.open_connection(
        "127.0.0.1", number, ssl=context, server_hostname=asked
    )
    certificate = writer.get_extra_info("peercert")
    writer.transport.abort()
    return str(dict(pair for part in certificate["subject"] for pair in part)["commonName"])


async def test_the_name_that_is_asked_chooses_among_the_rooms_certificates(
    builder: Builder, tmp_path: Path
) -> None:
    """Each is signed by its own authority; a name that nobody has is shown the first."""
    keys = tmp_path / "keys"
    cabinet = Cabinet(keys, Files(HastyDisk()), lambda: datetime.now(UTC))
    cabinet.issue(("zoo.lab",), Order(timedelta(days=2)))
    async with room(builder.store, keys) as (client, number, where):
        both = (await client.get("/setup/authority.pem")).body
        shown = [
            await subject_shown(number, name, both)
            for name in ("zoo.lab", "ZOO.lab", "mirror.lab", "micropython.org", "nobody.lab")
        ]

    assert shown == ["zoo.lab", "zoo.lab", *["micropython.org"] * 3]
    assert where.place().hosts == ("micropython.org", "mirror.lab", "zoo.lab")


async def test_without_an_authority_there_is_none_to_fetch(client: Client) -> None:
    assert (await client.get("/setup/authority.pem")).status == 404
