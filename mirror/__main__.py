"""``python -m mirror`` is ``mpmirror``."""

import gc
import sys


def main() -> int:
    """Run the command that was typed; return its exit status."""
    # What is loaded now stays: to look for rubbish in it meanwhile is a tenth of each start.
    gc.disable()
    from mirror.cli import main as run  # noqa: PLC0415 - see above

    gc.enable()
    return run()


if __name__ == "__main__":
    sys.exit(main())
