"""Install what judges the pages, pinned, and the browser: `make test-browser` begins here.

The browser is Debian's; Playwright drives it and downloads none.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from tests.clients.prepare import ROOT, install_from_npm, install_programs

#: Where axe-core is; a folder of the developer's, kept between runs.
PLACE: Final = Path(os.environ.get("BROWSER", ROOT / ".browser")).resolve()
AXE: Final = PLACE / "node_modules" / "axe-core" / "axe.min.js"
#: Programs, and the Debian packages that they come with.
PROGRAMS: Final = {"chromium": "chromium", "node": "nodejs", "npm": "npm"}


def main() -> int:
    """Install what is missing; return the exit status."""
    install_programs(PROGRAMS)
    install_from_npm(Path(__file__).parent / "npm", PLACE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
