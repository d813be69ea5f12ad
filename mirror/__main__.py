"""``python -m mirror`` is ``mpmirror``."""

import gc
import sys
from typing import Final

from mirror.sandbox.launch import Ahead

#: Commands that can do little without a reader of foreign bytes.
_READING: Final = {"sync", "verify"}


def main() -> int:
    """Run the command that was typed; return its exit status."""
    # What is loaded now stays: to look for rubbish in it meanwhile is a tenth of each start.
    gc.disable()
    with Ahead(wanted=not _READING.isdisjoint(sys.argv[1:])) as reader:
        from mirror.cli import main as run  # noqa: PLC0415 - see above

        gc.enable()
        return run(reader=reader)


if __name__ == "__main__":
    sys.exit(main())
