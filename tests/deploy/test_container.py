"""The container file, as far as it can be judged without a builder: read, not built."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mirror.config import load_settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "container" / "Containerfile"


@dataclass(frozen=True)
class Instruction:
    """One instruction of a stage."""

    stage: int
    word: str
    text: str


@cache
def instructions() -> list[Instruction]:
    """Read the file: comments dropped, continued lines joined, stages counted."""
    kept = [
        line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    joined = "\n".join(kept).replace("\\\n", " ")
    found: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, text = line.partition(" ")
        stage += word == "FROM"
        found.append(Instruction(stage, word, " ".join(text.split())))
    return found


def texts(word: str, stage: int = 1) -> list[str]:
    """Give the texts of one instruction in one stage."""
    return [one.text for one in instructions() if (one.word, one.stage) == (word, stage)]


def test_the_images_have_no_host() -> None:
    """Where images come from is the business of the machine that builds."""
    images = [one.text.split()[0] for one in instructions() if one.word == "FROM"]

    assert images == ["python:3.13-slim", "python:3.13-slim"]


def test_the_daemon_runs_without_rights() -> None:
    """As a number, so that a runtime can see that it is not root."""
    assert texts("USER") == ["10001"]
    assert texts("ENTRYPOINT") == ['["/opt/mpmirror/bin/mpmirror"]']
    assert texts("CMD") == ['["serve"]']
    assert texts("STOPSIGNAL") == ["SIGTERM"]


def test_what_is_installed_is_locked() -> None:
    """By hash, and nothing comes with the project itself."""
    commands = [part for text in texts("RUN", 0) for part in text.split("&&")]
    installs = [part for part in commands if "pip install" in part]
    outside = [part for part in installs if "--require-hashes" not in part]

    assert len(installs) == 2
    assert ["--no-deps" in part for part in outside] == [True]


def test_what_is_copied_is_there() -> None:
    """A file that was renamed would end the build only elsewhere."""
    sources = [word for text in texts("COPY", 0) for word in text.split()[:-1]]

    assert [word for word in sources if word != "README.md" and not (ROOT / word).exists()] == []


def test_the_settings_of_the_container_can_be_obeyed(tmp_path: Path) -> None:
    """Data and keys lie on volumes of their own."""
    (text,) = texts("ENV")
    environ = dict(re.findall(r"(\w+)=(\S+)", text))

    settings = load_settings(environ, tmp_path, file=Path("/dev/null"))

    assert json.loads(texts("VOLUME")[0]) == [str(settings.data_dir), str(settings.keys_dir)]
    assert texts("EXPOSE") == [str(settings.listen.number)]


class Health(BaseHTTPRequestHandler):
    """A daemon that says how it is, and nothing else."""

    status = 200

    def do_GET(self) -> None:
        """Answer with the status that the test chose."""
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep still."""


@pytest.mark.parametrize(("status", "ended"), [(200, 0), (503, 1)])
def test_the_health_check_tells_well_from_ill(status: int, ended: int) -> None:
    """Its own command is run, at another number."""
    (check,) = texts("HEALTHCHECK")
    _, flag, code = json.loads(check[check.index("[") :])
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Chosen", (Health,), {"status": status}))
    with server:
        Thread(target=server.serve_forever, daemon=True).start()
        command = [sys.executable, flag, code.replace("8080", str(server.server_port))]
        checked = subprocess.run(command, check=False, timeout=30)  # noqa: S603 - our own file's
        server.shutdown()

    assert checked.returncode == ended
