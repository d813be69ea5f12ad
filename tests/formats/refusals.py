"""How tests ask for the reason of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.errors import MalformedImageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.formats.image import Image


def rule_of(read: Callable[[bytes], Image], data: bytes) -> str:
    """Return the word for which *read* refuses *data*; fail when it does not."""
    with pytest.raises(MalformedImageError) as refusal:
        read(data)
    return refusal.value.rule
