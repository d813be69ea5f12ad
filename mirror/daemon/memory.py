"""How the memory of this process is shared out, and what is never looked through for rubbish."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# <malloc.h> of glibc; other C libraries have no such thing, and no need of it.
_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
_M_TRIM_THRESHOLD: Final = -1
# More than what is received at once, which comes and goes thousands of times.
_LARGE: Final = 512 * 1024


def share_memory_among_threads() -> None:
    """Let all threads of this process take memory from one place; for its start only.

    The C library gives each of the first threads a place of its own, where what one has freed
    is of no use to another.  Our threads hold the interpreter's lock when they ask for memory,
    so that none waits for another: a cold sync of 20,000 artifacts takes 7 MB less so.  What is
    large, like the sums of all files, is the system's again as soon as nobody needs it.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, 4 * _LARGE)


@contextmanager
def loading() -> Iterator[None]:
    """Load in this block what stays, modules above all: it is never looked through.

    To look for rubbish in it while it comes is a tenth of the start of the daemon.
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
