"""nginx of Debian, run for a test on an address of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

EXAMPLES = Path(__file__).parents[2] / "deploy" / "nginx"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

# Linux listens on every address of 127.0.0.0/8: one of our own needs no free TCP port.
_PID = os.getpid()
HOST = f"127.{_PID >> 16 & 255}.{_PID >> 8 & 255}.{_PID & 255 or 255}"


def configuration(example: str, folder: Path, changes: Mapping[str, str]) -> str:
    """Give an example, with addresses and folders of a test."""
    text = (EXAMPLES / example).read_text(encoding="ascii")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    # Its workers would otherwise be somebody who can not look into a test's folder.
    user = "" if os.geteuid() else "user root;"
    return f"""
        {user}
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            {text}
        }}
    """


async def ended(*command: str | Path) -> int:
    """Run a program to its end."""
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait()


@asynccontextmanager
async def nginx_running(place: Path, text: str, number: int) -> AsyncIterator[None]:
    """Let nginx judge the configuration *text*, then run it; it listens on *number*."""
    (place / "nginx.conf").write_text(text, encoding="ascii")
    command = (str(NGINX), "-p", place, "-c", place / "nginx.conf")
    assert await ended(*command, "-t") == 0
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        await until_open(number)
        yield
    finally:
        process.terminate()
        await process.wait()


async def until_open(number: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, number)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
