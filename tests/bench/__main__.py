"""All benchmarks in one go, or those that are named: ``python -m tests.bench [NAME…]``.

Each prints a table of its own and ends with 0 when its targets are met; so does this.
"""

from __future__ import annotations

import compileall
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench import idle, memory, serve, sync, transfer, upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIRROR: Final = Path(__file__).parents[2] / "mirror"
BENCHMARKS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "serve": serve.main,
    "sync": sync.main,
    "memory": memory.main,
    "upkeep": upkeep.main,
    "idle": idle.main,
    "transfer": transfer.main,
}


def main(names: Sequence[str]) -> int:
    """Run the benchmarks called *names*, all of them without any; return the worst status."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        sys.stderr.write(f"unknown: {', '.join(sorted(unknown))}; there are {list(BENCHMARKS)}\n")
        return 2
    # As in an installed package, whatever this environment says about writing it.
    compileall.compile_dir(MIRROR, quiet=1)
    return max(BENCHMARKS[name]([]) for name in names or BENCHMARKS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
