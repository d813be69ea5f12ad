"""Pins to test with, and the strategies for more of them."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.catalog.pins import Pin, Wish
from mirror.catalog.values import Digest
from mirror.catalog.versions import Version
from tests.catalog.strategies import name_texts, version_texts

NOON = datetime(2026, 8, 24, 12, 0, tzinfo=UTC)
NAME = "RPI_PICO-20251209-v1.27.0.uf2"


def pin_of(name: str = NAME, *, digest: Digest | None = None, later: bool = False) -> Pin:
    """Return a pin of the artifact *name*; without *digest* it is still to come."""
    parsed = ArtifactName.parse(name)
    wish = Wish(
        board=parsed.board,
        variant=parsed.variant,
        version=parsed.version,
        kinds=(parsed.kind,),
        name=parsed,
    )
    names = {name: digest}
    return Pin(id=wish.id, wish=wish, why="the exam", by="ada", time=NOON, later=later, names=names)


_ids = st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True)
_digests = st.binary(min_size=32, max_size=32).map(lambda data: Digest(data.hex()))
_reasons = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30)
wishes = st.builds(
    Wish,
    board=_ids,
    variant=st.none() | _ids,
    version=version_texts.map(Version.parse),
    kinds=st.lists(st.sampled_from(Kind), min_size=1, max_size=3, unique=True).map(tuple),
    name=st.none() | name_texts.map(ArtifactName.parse),
)
_times = st.datetimes(timezones=st.just(UTC))


@st.composite
def pins(draw: st.DrawFn) -> Pin:
    """Draw a pin."""
    wish = draw(wishes)
    return Pin(
        id=wish.id,
        wish=wish,
        why=draw(_reasons),
        by=draw(_reasons),
        time=draw(_times),
        later=draw(st.booleans()),
        names=draw(st.dictionaries(name_texts, st.none() | _digests, max_size=4)),
    )
