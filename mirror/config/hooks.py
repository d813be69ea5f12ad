"""``[hooks.chat]``: who is told what happens here, and how it is signed.

An address and a secret are shown nowhere again: of an address only scheme and host are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer

from mirror.config.fields import Duration, Folder, between, problem, read_list
from mirror.config.tables import Tables
from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.hooks.kinds import MEANINGS, USUAL, Kind
from mirror.hooks.targets import Address, Url

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_ALL: Final = "*"


def _read_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Url(value)
    except ConfigurationError as error:
        raise problem(str(error)) from error


def _read_events(value: object) -> object:
    words = read_list(value)
    if not isinstance(words, list | tuple):
        return words
    if _ALL in words:
        return tuple(MEANINGS)
    return tuple(map(_read_kind, words))


def _read_kind(word: object) -> Kind:
    names = [kind.value for kind in MEANINGS]
    if isinstance(word, str) and word in names:
        return Kind(word)
    near = get_close_matches(str(word).lower(), names, n=1)
    advice = f"did you mean {near[0]}?" if near else f'there are {", ".join(names)}, and "*"'
    raise problem(f"unknown event {str(word)[:80]!r}: {advice}")


def _read_variable(value: object) -> object:
    if isinstance(value, str) and _VARIABLE.fullmatch(value) and not _is_a_setting(value):
        return value
    raise problem(
        "expected the name of an environment variable that does not begin with MPMIRROR_,"
        f" not {str(value)[:80]!r}"
    )


def _is_a_setting(name: str) -> bool:
    return name.startswith("MPMIRROR_")


def _read_path(path: Path) -> Path:
    if not path.is_absolute():
        raise problem(f"expected a whole path, not {str(path)[:80]!r}")
    return path


_File = Annotated[Folder, AfterValidator(_read_path)]
_Variable = Annotated[str, BeforeValidator(_read_variable)]


def _shown(url: Url | None) -> str | None:
    return None if url is None else str(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """One hook: its address, itself or in a file; what it is told; and its secret, elsewhere."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # most have none

    url: Annotated[Url | None, BeforeValidator(_read_url), PlainSerializer(_shown)] = None
    url_file: _File | None = None
    events: Annotated[tuple[Kind, ...], BeforeValidator(_read_events)] = USUAL
    secret_file: _File | None = None
    secret_env: _Variable | None = None
    give_up_after: Annotated[Duration, between(timedelta(minutes=1), timedelta(days=30))] = (
        timedelta(days=3)
    )


_TABLES = Tables(HookSettings, "a hook", '[hooks.chat] with url = "https://…" below it')


def _read_name(value: object) -> object:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise problem(f"expected the name of a hook, such as chat, not {str(value)[:80]!r}")
    return value


Hooks = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(_read_name)],
        Annotated[HookSettings, BeforeValidator(_TABLES.read_one)],
    ],
    BeforeValidator(_TABLES.read),
    PlainSerializer(_TABLES.spell),
]


def hook_conflicts(
    hooks: Mapping[str, HookSettings], allowed: Collection[Address] | None
) -> Iterator[tuple[str, str]]:
    """Yield the name of each hook whose settings are wrong together, with the sentence.

    *allowed* are the addresses that an offline node may connect to; None: it is not offline.
    """
    for name, hook in hooks.items():
        if (hook.url is None) == (hook.url_file is None):
            yield name, "a hook has url or url_file, one of them"
        elif hook.secret_file is not None and hook.secret_env is not None:
            yield name, "a hook has secret_file or secret_env, not both"
        elif hook.url is not None:
            if not hook.url.is_web and (hook.secret_file or hook.secret_env):
                yield name, "what Apprise sends is not signed: a secret means nothing here"
            try:
                if allowed is not None:
                    hook.url.refuse_sealed(allowed)
            except ConfigurationError as error:
                yield name, str(error)
