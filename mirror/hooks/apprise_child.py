"""The process that loads Apprise: one order on standard input, how it ended as exit status.

What is said on standard output is one of our own sentences: what services answer may name secrets.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Final

_NOT_TAKEN: Final = 1
_NO_ADDRESS: Final = 2
_MISSING: Final = 3
_MOST_ORDER: Final = 1 << 20


def main() -> int:
    """Obey the order; return the exit status."""
    order = json.loads(sys.stdin.buffer.read(_MOST_ORDER))
    logging.disable()
    try:
        import apprise  # noqa: PLC0415 - an extra, and heavy
    except ImportError:
        sys.stdout.write("Apprise is not installed\n")
        return _MISSING
    teller = apprise.Apprise()
    if not teller.add(order["url"]):
        sys.stdout.write("Apprise does not know an address like this one\n")
        return _NO_ADDRESS
    taken = teller.notify(
        title=order["title"], body=order["text"], body_format=apprise.NotifyFormat.TEXT
    )
    if not taken:
        sys.stdout.write("Apprise says that it was not taken\n")
    return 0 if taken else _NOT_TAKEN


if __name__ == "__main__":
    sys.exit(main())
