"""News is the difference between two pictures of a node, and every event keeps to its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mirror.catalog.kinds import Maturity
from mirror.hooks.events import (
    DATA,
    AlarmFacts,
    BundleData,
    ChannelData,
    DiskData,
    Event,
    PublicationData,
    RecallData,
    RunData,
    TrialData,
    encode_event,
    event_id,
    schema,
)
from mirror.hooks.kinds import MEANINGS, USUAL, Kind
from mirror.hooks.news import Look, Newer, Refused, news
from mirror.hooks.seen import Seen, SeenAlarm
from tests.hooks.receiving import DOCUMENT
from tests.hooks.samples import NOON, SPEAKER

ROOM = DiskData(100, 50, 10, 20, None)
LOOK = Look(channels={}, acknowledged={}, recalls={}, bundles={}, disk=ROOM)
BEFORE = Seen(epoch="e", look=3, root="sha256:1", run="1", disk_low=False)
RUN = RunData("2", "failed", "upstream is away", 3, None, 5, 4, 0, 1, 0)
PUBLICATION = PublicationData("current", 8, "2026-04-07T06:00:00Z", "sha256:2", 7, 2, ("A", "B"))


def seen_alarm(known_as: str, alarm: str = "missing") -> SeenAlarm:
    """Return an alarm with the id *known_as*."""
    return SeenAlarm(alarm, AlarmFacts(known_as, f"file {known_as}", "it is away", "2026-04-07"))


#: What changed, what a look says of it, and what is told.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[Kind]]] = {
    "nothing": ({}, {}, []),
    "publication": ({"root": "sha256:2"}, {"publication": PUBLICATION}, [Kind.PUBLICATION]),
    "versions": (
        {"root": "sha256:2"},
        {
            "publication": PUBLICATION,
            "newer": (
                Newer("A", "v1.28.0", Maturity.RELEASE),
                Newer("B", "v1.28.0", Maturity.RELEASE),
                Newer("B", "v1.29.0-preview.1.g5f2181f938", Maturity.PREVIEW),
            ),
        },
        [Kind.PUBLICATION, Kind.NEW_RELEASE, Kind.NEW_PREVIEW],
    ),
    "channel": (
        {"channels": {"lab": 2}},
        {"channels": {"lab": ChannelData("lab", 2, "2026-04-07T06:00:00Z", None)}},
        [Kind.CHANNEL_MOVED],
    ),
    "failure": ({"run": "2", "failures": 4}, {"run": RUN}, [Kind.SYNC_FAILED]),
    "end": ({"run": "2"}, {"run": replace(RUN, outcome="unchanged")}, [Kind.SYNC_ENDED]),
    "disk": ({"disk_low": True}, {}, [Kind.DISK_LOW]),
    "recall": (
        {"recalled": {"sha256:9": "bad"}},
        {"recalls": {"sha256:9": RecallData("sha256:9", ("a.uf2",), "2026-04-07", "bad")}},
        [Kind.RECALLED],
    ),
    "bundle": (
        {},
        {"bundles": {"r": BundleData("l", "current", 4, "k", "t", 9, 2, 8)}},
        [Kind.BUNDLE_IMPORTED],
    ),
    "refusal": (
        {"refused": ("a.mpb.why.txt 1", "b.mpb.why.txt 2", "c.mpb.why.txt 3")},
        {
            "refused": {
                "a.mpb.why.txt 1": Refused("a.mpb", "it is cut short"),
                "b.mpb.why.txt 2": Refused("b.mpb", "not trusted here"),
                "c.mpb.why.txt 3": Refused("c.mpb", "it is cut short"),
            }
        },
        [Kind.BUNDLE_REFUSED, Kind.BUNDLE_REFUSED],
    ),
    "alarm": ({"alarms": {"1": seen_alarm("1")}}, {}, [Kind.ALARM]),
}


def told(name: str) -> list[Event]:
    """Return the news of a case."""
    after, look, _ = CASES[name]
    return news(BEFORE, replace(BEFORE, **after), replace(LOOK, **look))


@pytest.mark.parametrize("name", CASES)
def test_what_changed_is_told_and_nothing_else(name: str) -> None:
    assert [event.kind for event in told(name)] == CASES[name][2]


def test_everything_at_once_is_told_in_order() -> None:
    after: dict[str, Any] = {}
    look: dict[str, Any] = {}
    for name in ("versions", "channel", "failure", "disk", "recall", "bundle", "refusal", "alarm"):
        after |= CASES[name][0]
        look |= CASES[name][1]
    kinds = [event.kind for event in news(BEFORE, replace(BEFORE, **after), replace(LOOK, **look))]

    assert kinds == sorted(kinds, key=list(Kind).index)
    assert len(kinds) == 11


def test_what_ended_is_told_with_why() -> None:
    before = replace(
        BEFORE, alarms={"1": seen_alarm("1"), "2": seen_alarm("2")}, recalled={"sha256:9": "bad"},
        disk_low=True,
    )  # fmt: skip
    events = news(before, BEFORE, replace(LOOK, acknowledged={"1": "we know"}))
    [alarms] = [event.data for event in events if event.kind is Kind.ALARM_ENDED]

    assert [event.kind for event in events] == [
        *(Kind.RECALL_UNDONE, Kind.DISK_LOW_ENDED, Kind.ALARM_ENDED),
    ]
    assert [one.acknowledged for one in alarms.alarms] == ["we know", None]  # type: ignore[union-attr]


def test_alarms_of_one_kind_come_together() -> None:
    alarms = {str(number): seen_alarm(str(number)) for number in range(300)}
    alarms["x"] = seen_alarm("x", "no-room")
    events = news(BEFORE, replace(BEFORE, alarms=alarms), LOOK)

    assert [event.data.alarm for event in events] == ["missing", "no-room"]  # type: ignore[union-attr]
    assert (events[0].data.count, len(events[0].data.alarms)) == (300, 200)  # type: ignore[union-attr]


def test_what_was_refused_for_one_reason_is_told_once() -> None:
    """A bundle in seven volumes is no seven messages."""
    first, second = told("refusal")

    assert first.text == "Refused in the inbox: a.mpb and 1 more: it is cut short"
    assert first.data.files == ("a.mpb", "c.mpb")  # type: ignore[union-attr]
    assert second.text == "Refused in the inbox: b.mpb: not trusted here"


def test_a_version_names_its_boards() -> None:
    [release] = [event for event in told("versions") if event.kind is Kind.NEW_RELEASE]

    assert release.text == "New release v1.28.0 for A, B"
    assert release.data.boards == ("A", "B")  # type: ignore[union-attr]


def test_an_event_has_one_id_however_often_its_look_is_repeated() -> None:
    """And another one when the same happens again."""
    [first] = told("alarm")

    assert event_id("e", 4, first) == event_id("e", 4, told("alarm")[0])
    assert event_id("e", 5, first) != event_id("e", 4, first) != event_id("f", 4, first)


@pytest.mark.parametrize("name", CASES)
def test_every_body_keeps_to_the_schema(name: str) -> None:
    for event in told(name):
        jsonschema.validate(json.loads(encode_event(event, SPEAKER, NOON)), schema())


@pytest.mark.parametrize("kind", DATA)
def test_the_schema_says_which_data_a_kind_has(kind: Kind) -> None:
    """The data of another kind do not pass."""
    body = json.loads(encode_event(Event(Kind.TEST, "", "", TrialData("chat")), SPEAKER, NOON))
    body["type"] = kind.value
    well = jsonschema.Draft202012Validator(schema()).is_valid(body)

    assert well == (kind is Kind.TEST)


def test_foreign_text_can_move_nothing() -> None:
    event = Event(Kind.TEST, "", "a\x1b[2J\u202eb\nc", TrialData("chat"))
    body = json.loads(encode_event(event, SPEAKER, NOON))

    assert body["text"] == "a\\x1b[2J\\u202eb\\nc"


def test_the_document_has_every_event_and_the_schema_beside_it() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    said = json.loads(Path(DOCUMENT).with_name("hooks.schema.json").read_text(encoding="utf-8"))

    assert [f"| `{kind}` | {words} |" in text for kind, words in MEANINGS.items()] == [True] * 14
    assert ", ".join(f"`{kind}`" for kind in Kind if kind in USUAL) in text
    assert set(MEANINGS) == set(Kind) - {Kind.TEST}
    assert said == schema()
