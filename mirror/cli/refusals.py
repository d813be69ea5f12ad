"""What the daemon refused, as the error that this process would have met by itself."""

import json
from typing import Final

from mirror import errors
from mirror.errors import MirrorError

_PLAIN: Final = (
    errors.ArtifactNotFoundError,
    errors.ConfigurationError,
    errors.DamagedError,
    errors.DiskFullError,
    errors.GoneError,
    errors.KeyRefusedError,
    errors.MalformedImageError,
    errors.MalformedOrderError,
    errors.MalformedValueError,
    errors.PublicationNotFoundError,
    errors.RecalledError,
    errors.SignatureRefusedError,
    errors.StorageError,
)


def refusal_of(body: bytes) -> MirrorError:
    """Return the error that the daemon answered with, so that it has its own exit status."""
    try:
        said = json.loads(body)
        name, message = str(said["error"]), str(said["message"])
    except (ValueError, KeyError, TypeError):
        return MirrorError("the daemon refuses, in words that nobody understands")
    kind = getattr(errors, f"{name}Error", MirrorError)
    return kind(message) if kind in _PLAIN else MirrorError(message)
