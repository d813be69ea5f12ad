"""Sightings as they are written: everything comes back, old forms are read, and they are small."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mirror.catalog.values import Digest
from mirror.formats.verdict import (
    Checksummed,
    Claim,
    Conclusion,
    Identity,
    ImageFacts,
    Region,
    Verdict,
)
from mirror.formats.verify import verify
from mirror.storage.brief import brief_sighting, read_verdict, whole_sighting, write_verdict
from mirror.storage.entries import START, Evidence, Sighting
from mirror.storage.lines import find_line, write_lines
from mirror.storage.words import STANDING, brief_url, whole_url
from tests.formats.real import RealFile, needs_real_images, real_files
from tests.replica import Replica
from tests.replica.images import Recipe, make_image
from tests.storage.samples import DIGESTS, TEXTS, VERDICT, VERDICTS, sighting

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "ESP8266_GENERIC-FLASH_1M-20240105-v1.22.1.app-bin"
EVIDENCE = Evidence(
    "192.0.2.26:443",
    Digest.of(b"certificate"),
    Digest.of(b"page"),
    (("Server", "nginx/1.10.3"), ("Date", "Mon, 23 Nov 2026 17:09:25 GMT")),
)
# What a text can be mistaken for, among others that it can not.
WORDS = (
    st.sampled_from(
        [
            *STANDING,
            *STANDING.values(),
            *(f"={word}" for word in STANDING),
            *("", "=", "==", "=v", "v", "=d", "=etag", "=board", "/", "=/", "a/", f"/{NAME}"),
            *(NAME, "v1.22.1", "2024-01-05", "ESP8266_GENERIC", f"https://m.test/f/{NAME}"),
            "Tue, 07 Apr 2026 03:00:00 GMT",
        ]
    )
    | TEXTS
)
SEVERAL = st.lists(WORDS, max_size=3).map(tuple)
HEX = st.none() | DIGESTS.map(lambda digest: digest.hex) | TEXTS
REGIONS = st.lists(st.builds(Region, st.integers(0), st.integers(0)), max_size=3).map(tuple)
FACTS = st.builds(ImageFacts, WORDS, st.none() | WORDS, regions=REGIONS, payload=HEX, elf=HEX)
SAID = st.builds(
    replace,
    VERDICTS,
    limits=SEVERAL,
    identity=st.builds(Identity, SEVERAL, SEVERAL, SEVERAL),
    facts=st.none() | FACTS,
    agrees_with=SEVERAL,
)
NAMES = st.sampled_from([NAME, "", "a", "PYBD-SF2-20191220-v1.12.dfu", "/"]) | TEXTS
ETAGS = st.none() | st.sampled_from(['"69d47330-1600"', '"ffffffff-0"', '"0-0"']) | TEXTS
TIMES = WORDS | st.sampled_from(
    ["=6a769bb0", "==6a769bb0", "Mon, 23 Nov 2026 17:09:25 GMT", "Thu, 1 Jan 1970 00:00:00 GMT"]
)
HEADERS = st.lists(st.tuples(TEXTS, TIMES), max_size=3).map(tuple)
EVIDENCES = st.builds(
    Evidence, st.none() | TEXTS, st.none() | DIGESTS, st.none() | DIGESTS, HEADERS
)
SIGHTINGS = st.builds(
    replace,
    st.just(sighting(NAME, b"bytes")),
    name=NAMES,
    url=WORDS,
    board=WORDS,
    md5=st.none() | TEXTS,
    verdict=SAID,
    etag=ETAGS,
    last_modified=st.none() | WORDS,
    content_type=st.none() | WORDS,
    evidence=st.none() | EVIDENCES,
)


@given(SIGHTINGS)
def test_what_is_written_briefly_comes_back_whole(seen: Sighting) -> None:
    """Whatever upstream says, also what looks like something that is left out."""
    _, [text] = write_lines([seen], START)
    line = find_line(text[:-1])

    assert whole_sighting(brief_sighting(seen)) == seen
    assert line is not None
    assert line.entry == seen


@example(VERDICT, "", "=/")
@example(VERDICT, NAME, f"=/{NAME}")
@given(SAID, NAMES, WORDS)
@example(Verdict(Conclusion.VERIFIED), "v1.uf2", "=https://a/v1.uf2")
def test_rows_come_back_whole(verdict: Verdict, name: str, url: str) -> None:
    assert read_verdict(write_verdict(verdict, name), name) == verdict
    assert whole_url(brief_url(url, name), name) == url


def test_lines_and_rows_of_earlier_versions_are_read() -> None:
    """A ledger is never written again, so both forms may stand in one."""
    seen = replace(sighting(NAME, b"bytes", evidence=EVIDENCE), content_type="=odd")
    written = TypeAdapter(Sighting).dump_python(seen, mode="json")
    old = {"previous": str(START.digest), "n": 1, "of": [1, 1], "sighting": written}
    line = find_line(json.dumps(old).encode())
    row = TypeAdapter(Verdict).dump_json(VERDICT, exclude_defaults=True).decode()

    assert line is not None
    assert line.entry == seen
    assert read_verdict(row, NAME) == VERDICT
    assert whole_url(seen.url, NAME) == seen.url


@pytest.mark.parametrize("word", ["later", "v", "etag"])
def test_a_line_with_a_word_that_nobody_knows_is_none(word: str) -> None:
    """It is of a newer version, or damaged: it is never guessed."""
    seen = replace(sighting("odd", b"bytes"), content_type="text/plain")
    _, [text] = write_lines([seen], START)

    assert find_line(text[:-1].replace(b"text/plain", f"={word}".encode())) is None


def test_a_line_with_a_digest_that_is_none_is_none() -> None:
    _, [text] = write_lines([sighting(NAME, b"bytes", evidence=EVIDENCE)], START)

    assert find_line(text[:-1].replace(b'"page":"', b'"page":"x')) is None


def test_no_word_changes_its_meaning() -> None:
    """What is written stays: a changed text would change what old lines say."""
    texts = "\n".join(f"{word}={STANDING[word]}" for word in sorted(STANDING))

    assert Digest.of(texts.encode()).hex[:16] == "35687fc7c845e3be"


def test_every_limit_has_a_word() -> None:
    """Else its sentence stands in thousands of lines."""
    replica = Replica.of_boards(60)
    files = [replica.find_file(name) for name in replica.names()]
    made = [one.source for one in files if one is not None and isinstance(one.source, Recipe)]
    recipes = {(one.port, one.kind): one for one in made}
    verdicts = [verify(make_image(one), Claim(kind=one.kind)) for one in recipes.values()]
    limits = {limit for verdict in verdicts for limit in verdict.limits}

    assert len(limits) > 3
    assert limits - set(STANDING.values()) == set()


def test_a_sighting_takes_about_a_kilobyte() -> None:
    """This one says as much as an ESP32 image and a connection over TLS do."""
    name = "ESP32_GENERIC-SPIRAM-20260807-v1.29.0-preview.678.g5f2181f938.app-bin"
    verdict = Verdict(
        Conclusion.VERIFIED,
        Checksummed.SHA256,
        facts=ImageFacts(
            "esp32-combined",
            "ESP32",
            0x1000,
            4 << 20,
            (Region(0, 0x4080), Region(0x8000, 0x80A0), Region(0x10000, 0x1683A0)),
            ("nvs@0x9000+0x6000", "phy_init@0xf000+0x1000", "factory@0x10000+0x180000"),
            payload="1" * 64,
        ),
        identity=Identity(("v1.29.0-preview.678",), ("2026-08-07",), ("Generic ESP32 module",)),
        limits=("an image does not tell which variant of its board it is",),
    )
    _, [line] = write_lines([over_tls(name, verdict)], START)

    assert len(line) < 1100


@needs_real_images
def test_real_images_take_less_than_a_kilobyte_each(tell: Callable[[str], None]) -> None:
    """With all that the mirror keeps as evidence."""
    lines = [
        write_lines([seen_over_tls(one)], START)[1][0] for one in real_files() if one.micropython
    ]
    sizes = [len(line) for line in lines]
    tell(f"a line of the ledger about a real image: {sum(sizes) / len(sizes):.0f} bytes on average")

    assert sum(sizes) / len(sizes) < 1000


def over_tls(name: str, verdict: Verdict) -> Sighting:
    """Return the sighting of *name* as upstream's headers and a connection over TLS make it."""
    board = name.partition("-")[0]
    return replace(
        sighting(name, b"bytes", board=board, evidence=EVIDENCE),
        size=1_475_488,
        md5=None,
        verdict=verdict,
        etag='"69d47330-1683a0"',
        last_modified="Tue, 07 Apr 2026 03:00:00 GMT",
        content_type="application/octet-stream",
    )


def seen_over_tls(file: RealFile) -> Sighting:
    """Return the sighting of a real image."""
    return over_tls(file.name, verify(file.read(), file.claim))
