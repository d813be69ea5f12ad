"""Where the real pages, names and images are, on a machine that has them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

SHARED: Final = Path(__file__).resolve().parents[2].parent / "shared" / "real"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real pages and images of ../shared/real are not here"
)
