"""``python -m mirror.web`` is one serving process: see `mirror.web.worker`."""

import sys

from mirror.starting import loading


def main() -> int:
    """Run a worker; return its exit status."""
    with loading():
        from mirror.web.worker import main as run  # noqa: PLC0415 - see `loading`

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
