"""How fast we serve, beside nginx over the same bytes: ``python -m tests.bench.serve``.

A publication of 20,000 made-up artifacts, one of them with the 1.7 MB of a real image, is
served by one of our workers, and the same bytes as files by one worker of nginx (Debian's
``nginx-light``, ``sendfile on``, no compression).  ``wrk`` asks both in turns, over loopback
and without ``Accept-Encoding``; each figure is the median of the runs.  Beside that: the
time from the start of the process to the first whole answer, and its memory.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import socket
import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
from rich.console import Console
from rich.table import Table

from mirror.publication.documents import decode_board
from mirror.web.worker import WorkerSettings
from mirror.web.workers import workers
from tests.web.building import PICO, Builder, boards_of, image, opened
from tests.web.client import Client
from tests.web.large import large_documents
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

IMAGE_BYTES: Final = 1_749_504
FIRST_ANSWER: Final = 1.0
# What is asked, and the least share of nginx's figure.
PATHS: Final = (
    (f"/v1/files/{PICO}", "image of 1.7 MB", 0.8),
    ("/v1/boards/BOARD_007.json", "board document", 0.25),
    ("/v1/feed.json", "feed of 20,000 artifacts", 0.25),
)
NEEDED: Final = ("nginx", "wrk")

_OK: Final = 200
_CLIENTS: Final = 8
_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
_ERRORS = re.compile(r"Socket errors|Non-2xx")
_NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; gzip off; keepalive_requests 1000000;
  types {{ }} default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{number}; root {folder}/root; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What was asked, how large it is in bytes, and answers a second: nginx's and ours."""

    name: str
    size: int
    nginx: float
    ours: float
    least: float

    @property
    def ratio(self) -> float:
        """Our share of nginx's figure."""
        return self.ours / self.nginx


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of a worker to its first whole feed, and its memory then."""

    seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How many *runs* of how many *seconds* each."""

    runs: int
    seconds: int


async def measure(folder: Path, pace: Pace) -> tuple[list[Row], Start]:
    """Publish into *folder* and measure; the bytes of both servers are compared first."""
    await _publish(folder / "data")
    settings = WorkerSettings(
        data=folder / "data",
        host="127.0.0.1",
        number=0,
        control=folder / "none",
        grace=timedelta(days=3),
    )
    begun = time.perf_counter()
    async with workers(1, settings) as number:
        ours = Client(number)
        await _first_answer(ours)
        start = Start(time.perf_counter() - begun, _memory())
        bodies = {path: (await ours.get(path)).body for path, _, _ in PATHS}
        async with _nginx(folder / "nginx", bodies) as nginx:
            rows = [
                await _row(place, len(bodies[place[0]]), (nginx, ours), pace) for place in PATHS
            ]
    return rows, start


async def _publish(folder: Path) -> None:
    store = await asyncio.to_thread(opened, folder)
    files = {PICO: image(PICO, IMAGE_BYTES)}
    await store.blobs.put_many(files.values())
    boards = [decode_board(document) for document in large_documents()]
    await Builder(store).publish_documents([*boards, *boards_of(files)])


async def _first_answer(client: Client) -> None:
    while True:
        try:
            if (await client.get("/v1/feed.json")).status == _OK:
                return
        except (ConnectionError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.005)


def _memory() -> int:
    [worker] = psutil.Process().children()
    size: int = worker.memory_info().rss
    return size


@asynccontextmanager
async def _nginx(folder: Path, bodies: dict[str, bytes]) -> AsyncIterator[Client]:
    number = await asyncio.to_thread(_lay_out, folder, bodies)
    process = await asyncio.create_subprocess_exec(
        "nginx", "-c", str(folder / "nginx.conf"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        client = Client(number)
        await until(lambda: _serves(client, bodies))
        yield client
    finally:
        process.terminate()
        await process.wait()


def _lay_out(folder: Path, bodies: dict[str, bytes]) -> int:
    for path, body in bodies.items():
        file = folder / "root" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    # Started as root, nginx reads as another user.
    for place in (folder, *folder.parents[:2]):
        place.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, number=number))
    return number


async def _serves(client: Client, bodies: dict[str, bytes]) -> bool:
    try:
        return all([(await client.get(path)).body == body for path, body in bodies.items()])
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


async def _row(
    place: tuple[str, str, float], size: int, servers: tuple[Client, Client], pace: Pace
) -> Row:
    path, name, least = place
    # In turns, so that whatever else the machine does falls on both.
    figures = [
        [await _rate(server, path, pace.seconds) for server in servers] for _ in range(pace.runs)
    ]
    nginx, ours = (statistics.median(figure) for figure in zip(*figures, strict=True))
    return Row(name, size, nginx, ours, least)


async def _rate(server: Client, path: str, seconds: int) -> float:
    url = f"http://127.0.0.1:{server.number}{path}"
    arguments = ("-t1", f"-c{_CLIENTS}", f"-d{seconds}s", url)
    process = await asyncio.create_subprocess_exec(
        "wrk", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    found = _RATE.search(output.decode())
    if found is None or _ERRORS.search(output.decode()):
        raise RuntimeError(f"wrk {url} failed: {output.decode()}")
    return float(found[1])


def _table(rows: Sequence[Row], start: Start, pace: Pace) -> Table:
    table = Table(
        "what",
        "bytes",
        "nginx, 1/s",
        "ours, 1/s",
        "ratio",
        "at least",
        title="Answers a second of one worker, beside nginx over the same bytes",
        caption=(
            f"median of {pace.runs} runs of {pace.seconds} s each, {_CLIENTS} connections; "
            f"first whole feed {start.seconds:.2f} s after the start (at most {FIRST_ANSWER:.0f}), "
            f"memory then {start.memory / 1e6:.0f} MB"
        ),
    )
    for row in rows:
        figures = (f"{row.nginx:,.0f}", f"{row.ours:,.0f}", f"{row.ratio:.2f}", f"{row.least:.2f}")
        table.add_row(row.name, f"{row.size:,}", *figures)
    return table


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 when a figure is below its measure, 2 without the programs."""
    parser = argparse.ArgumentParser("python -m tests.bench.serve", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each run")
    options = parser.parse_args(arguments)
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        sys.stderr.write(f"missing: {', '.join(missing)} (Debian: nginx-light, wrk)\n")
        return 2
    pace = Pace(options.runs, options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        rows, start = asyncio.run(measure(Path(folder), pace))
    Console(width=110).print(_table(rows, start, pace))
    fast = all(row.ratio >= row.least for row in rows) and start.seconds <= FIRST_ANSWER
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
