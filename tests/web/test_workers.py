"""Serving processes share a port, come back when they die, and never outlive their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from mirror.control import ask
from mirror.errors import ConfigurationError, ForeignDataError, LockedError
from mirror.tracing.terms import TraceTerms
from mirror.web.asking import ask_status
from mirror.web.certificates import CertificateFiles
from mirror.web.worker import WorkerSettings, open_held
from mirror.web.workers import workers
from tests.tracing.collecting import collecting
from tests.web.building import ESP, PICO, Builder, image, images
from tests.web.client import Client
from tests.web.operations import STATUS, Operations, administered
from tests.web.waiting import until

# Runs one worker until somebody kills it; says on which port.
PARENT = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from mirror.web.worker import WorkerSettings
from mirror.web.workers import workers

async def run() -> None:
    settings = WorkerSettings.parse(sys.argv[1:])
    async with workers(1, settings) as number:
        print(number, flush=True)
        await asyncio.sleep(60)

asyncio.run(run())
"""


@pytest.fixture
def settings(
    builder: Builder,  # noqa: ARG001 - it has published into *data*
    data: Path,
    tmp_path: Path,
) -> WorkerSettings:
    """What a worker of the usual store is told."""
    return WorkerSettings(
        data=data,
        host="127.0.0.1",
        number=0,
        control=tmp_path / "s",
        grace=timedelta(days=3),
    )


async def silent(client: Client) -> bool:
    """Whether nobody answers on that port."""
    return not await client.is_answered("/readyz")


async def none_has(client: Client, etag: str) -> bool:
    """Whether no worker serves the feed with this *etag* any more."""
    answers = [await client.get("/v1/feed.json") for _ in range(10)]
    return etag not in {got.fields["etag"] for got in answers}


def my_workers() -> list[psutil.Process]:
    """Return the workers that this process has started and that are alive."""
    return [child for child in psutil.Process().children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    """Whether *process* is alive, and a worker."""
    try:
        return "mirror.web" in process.cmdline()
    except psutil.Error:
        return False


async def one_more_than(before: set[int]) -> bool:
    """Whether a worker runs that did not run *before*."""
    return bool({worker.pid for worker in my_workers()} - before)


def test_a_command_line_says_the_settings(settings: WorkerSettings) -> None:
    assert settings == WorkerSettings.parse(settings.arguments())


def test_a_command_line_says_what_is_served_over_tls(settings: WorkerSettings) -> None:
    files = CertificateFiles(Path("/keys/tls"), (Path("/own.pem"), Path("/own-key.pem")))
    encrypted = replace(
        settings,
        doors=(("0.0.0.0", 443), ("::", 443)),  # noqa: S104 - only spelled
        tunnels=(("0.0.0.0", 3128),),  # noqa: S104 - only spelled
        certificates=files,
        url="http://[fd00::20]:8080",
        proxy="http://[fd00::20]:3128",
    )

    assert encrypted == WorkerSettings.parse(encrypted.arguments())
    lab = replace(encrypted, certificates=CertificateFiles(Path("/keys/tls")))
    assert lab == WorkerSettings.parse(lab.arguments())


@pytest.mark.programs
async def test_workers_serve_what_is_published(builder: Builder, settings: WorkerSettings) -> None:
    """Files, feed, status by way of the daemon, and what is published later."""
    async with (
        administered(settings.control, Operations()),
        workers(2, settings) as number,
    ):
        client = Client(number)
        await until(lambda: client.is_answered("/readyz"))
        got = [await client.get(f"/v1/files/{PICO}") for _ in range(10)]
        status = await client.get("/v1/status.json")
        feed = await client.get("/v1/feed.json")
        await builder.publish(images(ESP))
        await until(lambda: none_has(client, feed.fields["etag"]))

    assert {(200, image(PICO))} == {(one.status, one.body) for one in got}
    assert status.body == STATUS


@pytest.mark.programs
async def test_a_worker_that_dies_is_replaced(settings: WorkerSettings) -> None:
    async with workers(1, settings) as number:
        client = Client(number)
        await until(lambda: client.is_answered("/readyz"))
        before = {worker.pid for worker in my_workers()}
        os.kill(before.copy().pop(), signal.SIGKILL)
        await until(lambda: one_more_than(before))
        await until(lambda: client.is_answered("/readyz"))

    assert len(before) == 1


@pytest.mark.programs
async def test_workers_end_with_their_block(settings: WorkerSettings) -> None:
    async with workers(2, settings) as number:
        await until(lambda: Client(number).is_answered("/readyz"))
        begun = asyncio.get_running_loop().time()
    seconds = asyncio.get_running_loop().time() - begun

    assert (my_workers(), seconds < 5) == ([], True)


async def test_workers_end_before_they_have_begun(settings: WorkerSettings) -> None:
    async with workers(2, settings):
        pass

    assert my_workers() == []


@pytest.mark.programs
async def test_a_worker_does_not_outlive_its_parent(settings: WorkerSettings) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, *settings.arguments(), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    client = Client(int(await parent.stdout.readline()))
    await until(lambda: client.is_answered("/readyz"))
    parent.kill()
    await parent.wait()

    await until(lambda: silent(client))


@pytest.mark.programs
async def test_a_worker_is_not_told_secrets(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPMIRROR_KEYS_DIR", "/keys")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.test")
    monkeypatch.setenv("CHAT_SECRET", "whsec_")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret")
    async with workers(1, settings) as number:
        await until(lambda: Client(number).is_answered("/readyz"))
        environment = my_workers()[0].environ()

    assert {"MPMIRROR_KEYS_DIR", "HTTPS_PROXY", "CHAT_SECRET"}.isdisjoint(environment)
    assert "OTEL_EXPORTER_OTLP_HEADERS" not in environment


@pytest.mark.programs
async def test_a_worker_that_traces_can_prove_itself_to_its_collector(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its requests are spans there."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret")
    with collecting() as collector:
        traced = replace(settings, traces=TraceTerms(collector.url, 1.0, "0.1.0"))
        async with workers(1, traced) as number:
            await until(lambda: Client(number).is_answered("/readyz"))
            environment = my_workers()[0].environ()
            async with asyncio.timeout(60):
                while not collector.called("GET /healthz"):
                    await Client(number).get("/healthz")
                    await asyncio.sleep(0.5)

    assert environment["OTEL_EXPORTER_OTLP_HEADERS"] == "authorization=secret"
    assert collector.services == {"mpmirror"}


async def test_a_port_that_is_taken_is_said_before_any_worker_starts(
    settings: WorkerSettings,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = WorkerSettings.parse(
            [*settings.arguments(), f"--number={listener.getsockname()[1]}"]
        )
        with pytest.raises(ConfigurationError, match="Address already in use"):
            async with workers(1, settings):
                pass


async def test_without_a_daemon_a_worker_has_no_status(settings: WorkerSettings) -> None:
    with pytest.raises(LockedError, match="does not answer"):
        await ask_status(settings.control)


async def test_a_daemon_that_has_no_status_gives_none(settings: WorkerSettings) -> None:
    operations = Operations()
    operations.status_fails = True
    async with administered(settings.control, operations):
        reply = await ask(settings.control, "GET", "/v1/status.json")
        with pytest.raises(LockedError, match="answers 503 to a worker"):
            await ask_status(settings.control)

    assert reply.status == 503


def test_a_folder_that_is_no_data_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignDataError, match="no FORMAT"):
        open_held(tmp_path)


def test_a_data_folder_without_a_node_is_refused(settings: WorkerSettings) -> None:
    (settings.data / "node.json").unlink()

    with pytest.raises(ForeignDataError, match="never opened for writing"):
        open_held(settings.data)


@pytest.mark.programs
def test_a_worker_that_can_not_serve_says_so_and_ends(settings: WorkerSettings) -> None:
    (settings.data / "FORMAT").write_text("99\n")
    ended = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "mirror.web", *settings.arguments()],
        check=False,
        capture_output=True,
        stdin=subprocess.PIPE,
        timeout=30,
    )

    assert (ended.returncode, b"says '99'" in ended.stderr) == (1, True)


@pytest.mark.programs
@pytest.mark.parametrize("module", ["mirror.web.worker", "mirror.daemon.serve"])
def test_who_serves_first_loads_nothing_that_serving_does_not_need(module: str) -> None:
    """What it would load late it would load for every client's first answer."""
    heavy = "{'sqlalchemy', 'alembic', 'structlog', 'rich', 'typer', 'bs4', 'apscheduler'}"
    loaded = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-c", f"import sys, {module}; print({heavy} & sys.modules.keys())"],
        check=True,
        capture_output=True,
        timeout=30,
    )

    assert loaded.stdout == b"set()\n"
