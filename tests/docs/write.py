"""Write what the commands really print into a document: ``python -m tests.docs.write DOCUMENT``.

Only what is not as shown is written, with ``--fill`` also what is not shown at all; look at it
before you keep it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tests.docs.playing import played
from tests.docs.reading import ROOT, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.docs.playing import Played


def main(documents: Sequence[str]) -> int:
    """Write each of *documents*; return the exit status."""
    for document in (one for one in documents if one != "--fill"):
        wrong = [
            one
            for one in asyncio.run(played(document))
            if one.wrong or ("--fill" in sys.argv and not one.typed.shown and one.printed)
        ]
        for one in wrong:
            sys.stdout.write(f"--- {one.typed.command}\n{one.wrong}\n")
        write(document, wrong)
    return 0


def write(document: str, wrong: Sequence[Played]) -> None:
    """Put what was printed in the place of what is shown, where that is wrong."""
    lines = text_of(document).split("\n")
    for one in reversed(wrong):
        if one.typed.shown or "--fill" in sys.argv:
            shown = one.typed.last - 1 - len(one.typed.shown)
            lines[shown : one.typed.last - 1] = one.printed.rstrip("\n").split("\n")
    (ROOT / document).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
