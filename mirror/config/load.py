"""Put the layers together: flags over environment over ``mpmirror.toml`` over defaults.

`load_settings` returns settings that are whole and checked, or raises one
`ConfigurationError` with every problem that was found, each in a line that begins with
the place where it was said.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mirror.config.addresses import leads_to
from mirror.config.fields import OWN_PROBLEM
from mirror.config.hooks import hook_conflicts
from mirror.config.known import CHANNELS, HOOKS, KNOWN, OVERRIDE, READER
from mirror.config.layers import (
    DEFAULT,
    FILE_VARIABLE,
    Given,
    Layer,
    default_layer,
    environment_layer,
    file_layer,
    flag_layer,
)
from mirror.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from mirror.config.settings import Settings
    from mirror.config.water import Water

#: Looked for in this order when neither a flag nor a variable names a file.
FILE_NAME = "mpmirror.toml"
SYSTEM_FILE = Path("/etc/mpmirror") / FILE_NAME


def load_settings(
    environ: Mapping[str, str],
    folder: Path,
    *,
    file: Path | None = None,
    flags: Mapping[str, Given] | None = None,
) -> Settings:
    """Return the settings in force for a command that runs in *folder*.

    *file* is the one that ``--config`` named; *flags* are by key.  Raises
    `ConfigurationError`, whose ``problems`` hold a line each.
    """
    found = _find_file(environ, folder, file)
    layers = [
        file_layer(found) if found else Layer({}),
        environment_layer(environ, folder),
        flag_layer(flags or {}, folder),
    ]
    given = {key: value for layer in layers for key, value in layer.given.items()}
    given = {**default_layer(environ, folder, given.get("data_dir")).given, **given}
    problems = [problem for layer in layers for problem in layer.problems]
    try:
        settings = _read(given)
    except ValidationError as error:
        raise _refusal([*problems, *_lines(error, given)]) from error
    problems += _conflicts(settings)
    if problems:
        raise _refusal(problems)
    return settings


def _find_file(environ: Mapping[str, str], folder: Path, file: Path | None) -> Path | None:
    named = file or environ.get(FILE_VARIABLE)
    if named:
        return folder / named
    return next((path for path in (folder / FILE_NAME, SYSTEM_FILE) if path.is_file()), None)


def _read(given: Mapping[str, Given]) -> Settings:
    document: dict[str, Any] = {"sources": _sources(given)}
    for key, value in given.items():
        *sections, name = key.split(".")
        table = document
        for section in sections:
            table = table.setdefault(section, {})
        table[name] = value.value
    return READER.validate_python(document)


def _sources(given: Mapping[str, Given]) -> dict[str, str]:
    return {key: given[key].source if key in given else DEFAULT for key in KNOWN}


def _lines(error: ValidationError, given: Mapping[str, Given]) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        key = _key(detail["loc"])
        source = given[key].source if key in given else key
        yield f"{source}{_inside_table(key, detail['loc'])}: {_sentence(detail)}"


def _key(place: tuple[int | str, ...]) -> str:
    """Return the key of the setting that *place*, perhaps an item of a list, belongs to."""
    names = [part for part in place if isinstance(part, str)]
    return ".".join(names[:2]) if ".".join(names[:2]) in KNOWN else names[0]


def _inside_table(key: str, place: tuple[int | str, ...]) -> str:
    """Return which override, and which key of it: ``."RPI_PICO*".releases``."""
    if key not in {OVERRIDE, CHANNELS, HOOKS}:
        return ""
    start = key.count(".") + 1
    inner = [str(part)[:80] for part in place[start : start + 2] if part != "[key]"]
    if not inner:
        return ""
    return ".".join([f'."{inner[0]}"', *inner[1:]])


#: What pydantic calls it → what an operator is told.
_WORDS = {
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_type": "expected text",
    "tuple_type": "expected a list",
    "path_type": "expected a folder",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
}


def _sentence(detail: ErrorDetails) -> str:
    if detail["type"] == OWN_PROBLEM:
        return detail["msg"]
    if detail["type"] == "value_error":  # of a `TextValue`, which names the value itself
        return str(detail["ctx"]["error"])
    words = _WORDS.get(detail["type"])
    expected = words.format_map(detail.get("ctx", {})) if words else detail["msg"]
    return f"{expected}, not {str(detail['input'])[:80]!r}"


def _conflicts(settings: Settings) -> Iterator[str]:
    """Find the settings that are right one by one and wrong together."""
    policy, schedule, sources = settings.policy, settings.schedule, settings.sources
    if _inside(settings.keys_dir, settings.data_dir):
        yield (
            f"{sources['keys_dir']}: the keys lie in data_dir, {settings.data_dir}, where a"
            " backup or a web server would give them away"
        )
    if policy.keep_releases is not None and _more(policy.releases, policy.keep_releases):
        yield (
            f"{sources['policy.keep_releases']}: less than policy.releases, so what is fetched"
            " would be deleted again"
        )
    for pattern, own in policy.override.items():
        keep, depth = policy.keep_releases, own.releases
        if keep is not None and depth is not None and _more(depth.count, keep):
            yield (
                f'{sources[OVERRIDE]}."{pattern}".releases: more than policy.keep_releases, so'
                " what is fetched would be deleted again"
            )
    sites = [settings.upstream.url, *settings.upstream.fallbacks]
    if len(set(sites)) < len(sites):
        yield f"{sources['upstream.fallbacks']}: a site stands there twice, or is upstream.url"
    yield from _water_conflicts(settings)
    yield from _outgoing_conflicts(settings)
    yield from _tls_conflicts(settings)
    if schedule.jitter > schedule.every:
        yield f"{sources['schedule.jitter']}: longer than schedule.every"


def _outgoing_conflicts(settings: Settings) -> Iterator[str]:
    sources = settings.sources
    allowed = settings.offline_allow if settings.offline else None
    for name, words in hook_conflicts(settings.hooks, allowed):
        yield f'{sources[HOOKS]}."{name}": {words}'
    if allowed is not None and not leads_to(settings.traces.url, allowed):
        yield (
            f"{sources['traces.url']}: offline = true: traces go to a literal address of"
            " offline_allow, and no other"
        )


def _water_conflicts(settings: Settings) -> Iterator[str]:
    high, low = settings.disk.high_water, settings.disk.low_water
    source = settings.sources["disk.low_water"]
    if low is not None and high is None:
        yield f"{source}: means nothing without disk.high_water"
    elif low is not None and high is not None and _above(low, high):
        yield f"{source}: above disk.high_water"


def _tls_conflicts(settings: Settings) -> Iterator[str]:
    tls, sources = settings.tls, settings.sources
    if (tls.certificate is None) != (tls.key is None):
        given = "tls.key" if tls.certificate is None else "tls.certificate"
        yield f"{sources[given]}: tls.certificate and tls.key are set together, or not at all"
    if tls.key is not None and _inside(tls.key, settings.data_dir):
        yield (
            f"{sources['tls.key']}: the key lies in data_dir, {settings.data_dir}, where a backup"
            " or a web server would give it away"
        )
    places = [place for place in (settings.listen, *tls.listen, *tls.proxy_listen) if place.number]
    if len(set(places)) < len(places):
        yield f"{sources['tls.listen']}: an address stands there twice, or is listen"


def _above(low: Water, high: Water) -> bool:
    # A size and a share can only be compared on a disk.
    return (low.size is None) == (high.size is None) and low.of(1 << 50) > high.of(1 << 50)


def _inside(inner: Path, outer: Path) -> bool:
    return Path(os.path.normpath(inner)).is_relative_to(os.path.normpath(outer))


def _more(releases: int | None, than: int) -> bool:
    return releases is None or releases > than


def _refusal(problems: Sequence[str]) -> ConfigurationError:
    count = f"{len(problems)} settings can not be obeyed: " if len(problems) > 1 else ""
    return ConfigurationError(count + "; ".join(problems), problems=tuple(problems))
