"""How a process starts quickly: what stays is loaded once, and nothing else is done meanwhile."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def loading() -> Iterator[None]:
    """Load in this block what stays, modules above all: it is never looked through.

    To look for rubbish in it while it comes is a tenth of each start.
    """
    gc.disable()
    try:
        with _no_authorities():
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _no_authorities() -> Iterator[None]:
    """Let OpenSSL find no authority meanwhile.

    aiohttp reads all that the system knows when it is loaded, which is another tenth, for
    connections that nobody here makes: who asks outside reads them then, and says so.  Where
    that is forgotten nobody is trusted.
    """
    places = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    before = {place: os.environ.get(place) for place in places}
    os.environ.update(dict.fromkeys(places, os.devnull))
    try:
        yield
    finally:
        for place, value in before.items():
            if value is None:
                del os.environ[place]
            else:
                os.environ[place] = value
