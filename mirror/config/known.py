"""The list of all settings, made from `Settings`: keys, variables, meanings, defaults."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from pydantic.fields import FieldInfo

from mirror.config.settings import Settings
from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "MPMIRROR_"
OVERRIDE = "policy.override"
CHANNELS = "channels"
HOOKS = "hooks"
_LEVEL = "__"
_NOT_A_SETTING = "sources"

READER: Shape[Settings] = Shape(Settings)


@dataclass(frozen=True, slots=True)
class Known:
    """One setting: its key in TOML (``policy.boards``), its variable, what it means."""

    key: str
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it, ``MPMIRROR_POLICY__BOARDS``."""
        return PREFIX + self.key.upper().replace(".", _LEVEL)


def nearest(key: str) -> list[str]:
    """Return the keys, or the section, that *key* was probably meant to be; best first."""
    name = key.rpartition(".")[2]
    same_name = [known for known in KNOWN if known.rpartition(".")[2] == name]
    if key == name and same_name:
        return same_name
    # The one setting whose own keys are the operator's.
    above = key.lower().split(".")[:-1]
    if get_close_matches(OVERRIDE.rpartition(".")[2], above, n=1):
        return [OVERRIDE]
    close = get_close_matches(key.lower(), same_name, n=1, cutoff=0)
    return close or get_close_matches(key.lower(), [*KNOWN, *SECTIONS], n=1)


def spell(settings: Settings) -> Mapping[str, object]:
    """Return each setting by its key, as TOML and JSON write it; None where there is none."""
    document = READER.dump_python(settings, mode="json", exclude={_NOT_A_SETTING})
    return {key: _at(document, key) for key in KNOWN}


def _at(document: Any, key: str) -> Any:  # noqa: ANN401 - JSON of any depth
    for name in key.split("."):
        document = document[name]
    return document


def _walk(section: type, above: str = "") -> Iterator[Known]:
    hints = get_type_hints(section, include_extras=True)
    for setting in fields(section):
        hint = hints[setting.name]
        if isinstance(hint, type) and is_dataclass(hint):
            yield from _walk(hint, f"{above}{setting.name}.")
        elif setting.name != _NOT_A_SETTING:
            yield Known(above + setting.name, _meaning(hint))


def _meaning(hint: object) -> str:
    infos = [part for part in get_args(hint) if isinstance(part, FieldInfo)]
    return next(info.description for info in infos if info.description)


KNOWN: Mapping[str, Known] = {known.key: known for known in _walk(Settings)}
SECTIONS = tuple(dict.fromkeys(key.partition(".")[0] for key in KNOWN if "." in key))
