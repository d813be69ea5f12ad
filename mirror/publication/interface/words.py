"""What parameters, statuses and orders are, each said once for all operations."""

from __future__ import annotations

from typing import Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.frozen import dataclass
from mirror.publication.interface.model import Schema
from mirror.publication.query import MOST_VALUES


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is called *name* in a path or a query: its schema, and what it means."""

    name: str
    schema: Schema
    words: str
    example: object = None


_TEXT: Final[Schema] = {"type": "string"}
_SEGMENT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 200}


def _any_of(name: str, words: str, example: str, schema: Schema = _TEXT) -> Parameter:
    values: Schema = {"type": "array", "items": schema, "maxItems": MOST_VALUES}
    return Parameter(name, values, words, [example])


def _one_of(words: type[Kind | Maturity]) -> Schema:
    return {"type": "string", "enum": [word.value for word in words]}


_FILTERS: Final = (
    _any_of("board", "Board ids; each may be a glob.", "RPI_PICO*"),
    _any_of("port", "MicroPython's ports.", "rp2"),
    _any_of("mcu", "Microcontrollers.", "rp2040"),
    _any_of("vendor", "Vendors, as upstream spells them.", "Raspberry Pi"),
    _any_of("variant", "Variants; an empty text is the default build.", "SPIRAM"),
    _any_of("kind", "Kinds of file.", "uf2", _one_of(Kind)),
    _any_of("maturity", "Finished releases, or previews.", "release", _one_of(Maturity)),
    _any_of("version", "Versions.", "v1.28.0"),
    Parameter(
        "since",
        {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "The earliest date of a release.",
        "2026-01-01",
    ),
    Parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 99_999},
        "The most releases of a board.",
        3,
    ),
)
# A channel that is called like a number could not be told from a publication.
_NAME: Final = "(?=[0-9-]*[a-z])[a-z0-9][a-z0-9-]{0,62}"
_NUMBER: Final = "[1-9][0-9]{0,17}"
_CHANNEL: Final[Schema] = {"type": "string", "pattern": f"^{_NAME}$"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_SINCE: Final[Schema] = {
    "anyOf": [
        {"type": "string", "format": "date"},
        _TIME,
        {"type": "string", "pattern": "^[0-9]{1,7}$"},
    ]
}
#: By the key that operations name them with: mostly the name itself.
PARAMETERS: Final = {one.name: one for one in _FILTERS} | {
    "key": Parameter("key", _TEXT, "The id of a key; without it the node's present one."),
    "ledgerSince": Parameter(
        "since", _SINCE, "A date, a time, or the number of a line.", "2026-01-01"
    ),
    "ofBoard": Parameter("board", _TEXT, "The id of a board.", "RPI_PICO"),
}
#: Those that stand in paths, by name.
IN_PATHS: Final = {
    one.name: one
    for one in (
        Parameter("board", _SEGMENT, "The id of a board.", "RPI_PICO_W"),
        Parameter("name", _SEGMENT, "The name of a file.", "RPI_PICO_W-20260406-v1.28.0.uf2"),
        Parameter("digest", _SEGMENT, "``sha256:`` and 64 hex digits."),
        Parameter(
            "sequence",
            {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
            "The number of a publication.",
            1,
        ),
        Parameter("channel", _CHANNEL, "The name of a channel.", "current"),
        Parameter("client", _SEGMENT, "The name of a program in setup.json.", "thonny"),
        Parameter("path", _SEGMENT, "A path of this mirror; it may have slashes."),
    )
}

STATUSES: Final = {
    200: "It is here.",
    206: "The part that was asked for.",
    304: "It is the same as the client has.",
    400: "The question can not be understood.",
    401: "A token is needed.",
    403: "The token is not good for that.",
    404: "There is no such thing.",
    409: "It can not be done as things are.",
    410: "It was recalled, or is no longer kept.",
    412: "It is not what If-Match says.",
    413: "It is longer than any order.",
    416: "There is no such part.",
    429: "Too many wrong tokens came from this address.",
    431: "The request line or a header field is too long: nothing of it was read.",
    502: "Upstream did not give it.",
    503: "Not now; Retry-After says when to ask again.",
    504: "Upstream took too long.",
}

_WORDS: Final[Schema] = {"type": "string"}
_WHY: Final[Schema] = {"type": "string", "pattern": "\\S", "maxLength": 1000}
_DIGEST: Final[Schema] = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_UNTIL: Final[Schema] = {"anyOf": [_TIME, {"type": "null"}]}


def _judgement(what: list[str], subject: Schema, **more: Schema) -> Schema:
    needed = ["what", "subject", "why", *(["digest"] if "digest" in more else [])]
    properties: Schema = {"what": {"enum": what}, "subject": subject, "why": _WHY, **more}
    return {"type": "object", "required": needed, "properties": properties}


#: What is sent along with orders, and what errors are.
SCHEMAS: Final[dict[str, Schema]] = {
    "Error": {
        "type": "object",
        "description": "What went wrong: its name, which stays, and words for people.",
        "required": ["error", "message"],
        "properties": {"error": _WORDS, "message": _WORDS},
    },
    "PinOrder": {
        "description": "Pin a build in a version or a file by its name, or unpin by id.",
        "oneOf": [
            {
                "type": "object",
                "required": ["do", "what", "why"],
                "properties": {
                    "do": {"const": "pin"},
                    "what": {
                        "type": "string",
                        "description": "BOARD[-VARIANT], or the name of a file.",
                    },
                    "version": {"type": ["string", "null"]},
                    "kinds": {"type": "array", "items": _one_of(Kind)},
                    "later": {"type": "boolean", "description": "Also what is not listed yet."},
                    "why": _WORDS,
                },
            },
            {
                "type": "object",
                "required": ["do", "id", "why"],
                "properties": {
                    "do": {"const": "unpin"},
                    "id": {"type": "string", "description": "The id of the pin to forget."},
                    "why": _WORDS,
                },
            },
        ],
    },
    "Judgement": {
        "description": "Forbid bytes, take later bytes, hide a file, take note of an alarm.",
        "oneOf": [
            _judgement(["recall", "recall-undo"], _DIGEST),
            _judgement(["accept"], {**_WORDS, "description": "A name."}, digest=_DIGEST),
            _judgement(["hide", "hide-undo"], {**_WORDS, "description": "A name."}),
            _judgement(["acknowledge"], {**_WORDS, "description": "An alarm's id."}, until=_UNTIL),
        ],
    },
    "ChannelOrder": {
        "type": "object",
        "required": ["channel", "source"],
        "anyOf": [
            {"required": ["why"]},
            {"required": ["propose"], "properties": {"propose": {"const": True}}},
        ],
        "properties": {
            "channel": _CHANNEL,
            "source": {
                "type": "string",
                "description": "42, a channel, or CHANNEL/SEQUENCE.",
                "pattern": f"^(?:{_NUMBER}|{_NAME}(?:/{_NUMBER})?)$",
                "maxLength": 100,
            },
            "why": _WHY,
            "propose": {"type": "boolean"},
            "root": {"anyOf": [_DIGEST, {"type": "null"}]},
            "signature": {"type": ["string", "null"], "maxLength": 9000},
        },
    },
}
