"""Sealed (P9): offline, the daemon connects to nobody, asks for no name, and leads nobody out.

It is run under a system-call trace, and in a network that has no way out; what it serves then is
read by a client that looks wherever a URL may stand.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import pytest

from mirror.publication.local.dialect import Site
from tests.publication.dialects.outside import outside, urls
from tests.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proofs.program import Program
    from tests.web.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

HERE: Final = "http://mirror.lab"
SEALED: Final = {
    "MPMIRROR_OFFLINE": "true",
    "MPMIRROR_UPSTREAM__URL": "https://micropython.org",
    "MPMIRROR_PUBLIC_URL": HERE,
}
_CALL: Final = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*?sa_family=(AF_\w+)(.*)")
_LOOPBACK: Final = re.compile(
    r"sin_port=htons\((?!53\))\d+\), sin_addr=inet_addr\(\"127\.|"
    r"sin6_port=htons\((?!53\))\d+\).*inet_pton\(AF_INET6, \"::1\""
)
_LOOK_UPS: Final = ("/etc/resolv.conf", '/etc/hosts"', "nscd", "systemd/resolve")
_SECONDS: Final = 60.0
_BEGIN: Final = 'ip link set lo up && exec "$@"'
#: Where clients of each kind begin.
STARTS: Final = (
    *("/", "/setup", "/status", "/download/", "/v1/feed.json", "/v1/boards.json"),
    *(
        "/feeds/firmware.json",
        "/feeds/firmware.atom",
        "/micropython/index.json",
        "/pi/v2/index.json",
    ),
    *("/thonny/micropython-variants-uf2.json", "/thonny/micropython-variants-esptool.json"),
    *("/repos/micropython/micropython/releases", "/resources/firmware/SHA256SUMS"),
)


def leaving(trace: str) -> list[str]:
    """Return the calls of a trace that connect elsewhere than to this machine, or ask for names."""
    found = [line for line in trace.splitlines() if any(word in line for word in _LOOK_UPS)]
    for line in trace.splitlines():
        call = _CALL.search(line)
        if call is None or call[1] in {"AF_UNIX", "AF_UNSPEC"}:
            continue
        if _LOOPBACK.search(call[2]) is None:
            found.append(line)
    return found


async def filled(program: Program) -> None:
    """Let a mirror hold one board, from a replica that is gone afterwards."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url:
        ended = await replace(program, upstream=url).run("sync")
    assert ended.status == 0, ended.written


async def read_all(client: Client) -> tuple[int, list[str]]:
    """Read what can be reached from `STARTS`; return how much it was, and what leads out of it."""
    site = Site(HERE, "https://micropython.org")
    todo, seen, found = deque(STARTS), set(STARTS), []
    read = 0
    while todo:
        path = todo.popleft()
        got = await client.get(path)
        media_type = got.fields.get("content-type", "")
        form = media_type.partition(";")[0]
        if got.status != 200 or not (form.endswith(("json", "xml")) or form == "text/html"):
            continue
        read += 1
        # Where the sender first read it stands in facts, as text that no client follows.
        found += [
            f"{path} {one}"
            for one in outside(path, got.body, media_type, site)
            if not _is_a_fact(one)
        ]
        for _, url in urls(got.body, media_type):
            absolute = urlsplit(urljoin(HERE + path, url))
            if absolute.netloc == urlsplit(HERE).netloc and absolute.path not in seen:
                seen.add(absolute.path)
                todo.append(absolute.path)
    return read, found


def _is_a_fact(place: str) -> bool:
    """Whether it stands in a field of the feed that says where something was first read."""
    key = place.partition(": ")[0].rpartition(".")[2]
    return key in {"source", "page", "website", "notes", "upstream"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace (Debian: strace) is not here")
async def test_an_offline_daemon_connects_to_nobody_and_looks_up_no_name(
    program: Program, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Traced from its start, through a sync that is asked for, to its end.

    The trace is not blind: the same command without `offline` is seen to ask for a name.
    """
    await filled(program)
    trace, control = tmp_path / "trace", tmp_path / "control"
    # -D: the daemon is our child, and the tracer its grandchild.
    traced = ("strace", "-D", "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg,openat", "-o")
    sealed = replace(program, settings={**program.settings, **SEALED}, before=(*traced, str(trace)))
    async with sealed.serving() as daemon:
        await daemon.ready()
        read, found = await read_all(daemon.client)
        asked = await replace(sealed, before=()).run("sync")
    named = replace(program, upstream="http://localhost:9", before=(*traced, str(control)))
    await named.run("sync")
    calls, seen = await traced_to_the_end(trace), await traced_to_the_end(control)
    tell(f"sealed: {calls.count('(')} calls traced, {read} documents read")

    assert "offline" in asked.written
    assert leaving(calls) == []
    assert "serves http" not in calls
    assert found == []
    assert read > 20
    assert leaving(seen) != []


async def traced_to_the_end(trace: Path) -> str:
    """Return a trace once the process that it began with has ended in it."""
    async with asyncio.timeout(_SECONDS):
        while True:
            calls = await asyncio.to_thread(trace.read_text, encoding="utf-8", errors="replace")
            first = calls.partition(" ")[0]
            # strace fills short numbers of processes up with spaces.
            if re.search(rf"^{first} +\+\+\+ (?:exited|killed)", calls, re.MULTILINE):
                return calls
            await asyncio.sleep(0.1)


def alone() -> tuple[str, ...]:
    """Return the words that run a command in a network without any way out."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return ("unshare", "--net", *user, "sh", "-c", _BEGIN, "sh")


def can_be_alone() -> bool:
    """Whether this system lets us make a network of our own."""
    try:
        return subprocess.run([*alone(), "true"], check=False, capture_output=True).returncode == 0  # noqa: S603 - words of ours
    except OSError:
        return False


async def inside(pid: int, code: str) -> Any:  # noqa: ANN401 - JSON
    """Run Python in the network of the process *pid*, and return the JSON that it prints."""
    user = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
    words = ("nsenter", "--target", str(pid), "--net", *user, sys.executable, "-c", code)
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)


@pytest.mark.skipif(not can_be_alone(), reason="no network namespaces here")
async def test_an_offline_daemon_serves_where_there_is_no_route(program: Program) -> None:
    """It starts, answers, and says that it asks nobody; the network has a loopback and no route."""
    await filled(program)
    settings = {**program.settings, **SEALED, "MPMIRROR_LISTEN": "127.0.0.1:8080"}
    sealed = replace(program, settings=settings, before=alone())
    async with sealed.serving() as daemon:
        code = (
            "import json,time,urllib.request as r\n"
            "def get(p):\n"
            "    for _ in range(600):\n"
            "        try: return r.urlopen('http://127.0.0.1:8080'+p, timeout=10).read().decode()\n"
            "        except OSError: time.sleep(0.1)\n"
            "get('/readyz')\n"
            "print(json.dumps([get('/v1/feed.json'), get('/v1/status.json'),"
            " open('/proc/net/route').read()]))\n"
        )
        feed, status, routes = await inside(daemon.process.pid, code)

    assert "RPI_PICO-20260406-v1.28.0.uf2" in feed
    assert json.loads(status)["offline"] is True
    assert len(routes.splitlines()) == 1
