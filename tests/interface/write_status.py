"""Write the schema of the status, which a room below the daemon's describes: run as a module."""

from __future__ import annotations

import json
from pathlib import Path

from mirror.daemon.status_document import Status
from mirror.publication.interface.openapi import schemas_of

STATUS_FILE = Path(__file__).parents[2] / "mirror" / "publication" / "interface" / "status.json"


def status_schemas() -> dict[str, object]:
    """Give the schema of the status, and what it refers to, by name."""
    return schemas_of([Status])


if __name__ == "__main__":
    text = json.dumps(status_schemas(), indent=1, sort_keys=True, ensure_ascii=False)
    STATUS_FILE.write_text(f"{text}\n", encoding="utf-8")
