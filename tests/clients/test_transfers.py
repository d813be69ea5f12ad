"""curl, wget and aria2: what people type, resumed, repeated and in parallel."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.lab import URL, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_FOLDER: Final = f"{URL}/resources/firmware"


def listed(lab: Lab) -> dict[str, str]:
    """Return what SHA256SUMS lists: digests by name."""
    lines = lab.get("/resources/firmware/SHA256SUMS").decode().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


@pytest.mark.parametrize(
    "words",
    [
        ("curl", "--fail", "--silent", "--show-error", "--remote-name-all"),
        ("wget", "--quiet"),
        (
            "aria2c",
            "--quiet",
            "--async-dns=false",
            "--max-concurrent-downloads=4",
            "--force-sequential=true",
        ),
    ],
    ids=lambda words: words[0],
)
def test_everything_comes_and_its_sums_are_right(
    lab: Lab, home: Path, words: tuple[str, ...]
) -> None:
    """`sha256sum -c` on every file that the sums name, fetched by its own name."""
    names = sorted(listed(lab))
    env = environment(home)
    urls = [f"{_FOLDER}/{name}" for name in ("SHA256SUMS", *names)]
    fetched = run(*words, *urls, env=env, folder=home, seconds=300)
    assert fetched.returncode == 0, fetched.stderr
    checked = run("sha256sum", "--check", "--strict", "SHA256SUMS", env=env, folder=home)

    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == len(names)


@pytest.mark.parametrize(
    "words",
    [
        ("curl", "--fail", "--silent", "--show-error", "--continue-at", "-", "--remote-name"),
        ("wget", "--quiet", "--continue"),
        ("aria2c", "--quiet", "--async-dns=false", "--continue=true"),
    ],
    ids=lambda words: words[0],
)
def test_a_cut_download_is_continued(lab: Lab, home: Path, words: tuple[str, ...]) -> None:
    """The second half joins the first, and the file is the one of the feed."""
    name, digest = next((name, digest) for name, digest in listed(lab).items() if "PICO_W" in name)
    env = environment(home)
    whole = lab.get(f"/resources/firmware/{name}")
    (home / name).write_bytes(whole[: len(whole) // 2])
    continued = run(*words, f"{_FOLDER}/{name}", env=env, folder=home)

    assert continued.returncode == 0, continued.stderr
    assert hashlib.sha256((home / name).read_bytes()).hexdigest() == digest


def test_wget_asks_again_and_is_told_that_nothing_changed(lab: Lab, home: Path) -> None:
    """`-N` sends what it was told the first time; 304 has no body."""
    name, env = next(iter(listed(lab))), environment(home)
    words = ("wget", "--server-response", "--timestamping", f"{_FOLDER}/{name}")
    first = run(*words, env=env, folder=home)
    second = run(*words, env=env, folder=home)

    assert (first.returncode, second.returncode) == (0, 0)
    assert re.search(r"HTTP/1\.1 304", second.stderr), second.stderr


def test_sixteen_parts_at_once_are_the_file(lab: Lab, home: Path) -> None:
    """Sixteen ranges on sixteen connections at the same time, put together."""
    name, digest = next((name, digest) for name, digest in listed(lab).items() if "PICO_W" in name)
    size = len(lab.get(f"/resources/firmware/{name}"))
    edges = [size * part // 16 for part in range(17)]
    words: list[str] = ["curl", "--fail", "--silent", "--parallel", "--parallel-max", "16"]
    for part, (start, stop) in enumerate(pairwise(edges)):
        # Ranges are inclusive: RFC 9110 section 14.1.2.
        words += [*(["--next", "--fail", "--silent"] if part else []), "--range"]
        words += [f"{start}-{stop - 1}", "--output", f"{part:02}", f"{_FOLDER}/{name}"]
    fetched = run(*words, env=environment(home), folder=home)
    joined = b"".join(path.read_bytes() for path in sorted(home.glob("[0-9][0-9]")))

    assert fetched.returncode == 0, fetched.stderr
    assert hashlib.sha256(joined).hexdigest() == digest


def test_a_file_that_is_not_there_is_a_failure_and_leaves_nothing(lab: Lab, home: Path) -> None:
    """404 with an empty body: curl -f keeps no page in a firmware's place."""
    del lab
    fetched = run(
        *("curl", "--fail", "--silent", "--remote-name", f"{_FOLDER}/RPI_PICO_W-20300101-v9.9.uf2"),
        env=environment(home),
        folder=home,
    )

    assert fetched.returncode == 22
    assert list(home.glob("*.uf2")) == []


def test_curl_trusts_the_lab_by_name(lab: Lab, home: Path) -> None:
    """micropython.org over TLS is the mirror, for who trusts the lab's authority only."""
    env = environment(home)
    url = "https://micropython.org/download/RPI_PICO_W/"
    words = ("curl", "--fail", "--silent", "--show-error", "--output", "page.html", url)
    stranger = run(*words, env=env, folder=home)
    pupil = run(*words, env=env | {"CURL_CA_BUNDLE": str(lab.authority)}, folder=home)

    assert stranger.returncode == 60
    assert pupil.returncode == 0, pupil.stderr
    assert "<h2>Firmware</h2>" in (home / "page.html").read_text(encoding="utf-8")
