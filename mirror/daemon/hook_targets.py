"""From settings, files and the environment to hooks that can be told something."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError
from mirror.hooks.signing import Secrets
from mirror.hooks.targets import Target, Url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mirror.config import Settings
    from mirror.config.hooks import HookSettings

_FILE_BYTES: Final = 10_000
_NO_APPRISE: Final = "Apprise is not installed: pip install 'mpmirror[apprise]'"


def find_targets(settings: Settings, environ: Mapping[str, str]) -> tuple[Target, ...]:
    """Return every hook of *settings*; this blocks, shortly.

    Raises `ConfigurationError`, with a line for each hook that can not be meant.
    """
    found: list[Target] = []
    problems: list[str] = []
    for name, hook in settings.hooks.items():
        try:
            found.append(_target(settings, name, hook, environ))
        except ConfigurationError as error:
            problems.append(f"hooks.{name}: {error}")
    if problems:
        raise ConfigurationError("; ".join(problems), problems=tuple(problems))
    return tuple(found)


def _target(
    settings: Settings, name: str, hook: HookSettings, environ: Mapping[str, str]
) -> Target:
    url = hook.url or Url(_read(hook.url_file))
    if settings.offline:
        url.refuse_sealed(settings.offline_allow)
    if not url.is_web and find_spec("apprise") is None:
        raise ConfigurationError(_NO_APPRISE)
    return Target(
        name=name,
        url=url,
        events=frozenset(hook.events),
        secrets=_secrets(hook, environ),
        give_up_after=hook.give_up_after,
    )


def _secrets(hook: HookSettings, environ: Mapping[str, str]) -> Secrets:
    if hook.secret_file is not None:
        return Secrets.parse(_read(hook.secret_file))
    if hook.secret_env is None:
        return Secrets()
    text = environ.get(hook.secret_env, "")
    if not text:
        raise ConfigurationError(f"the variable {hook.secret_env} is not set")
    return Secrets.parse(text)


def _read(path: Path | None) -> str:
    """Return the text of *path*, which the settings name."""
    assert path is not None  # noqa: S101 - the settings were refused otherwise
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES).decode().strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not text") from error
