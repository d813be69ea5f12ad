"""Run a command in a network of its own, where the names of other sites lead to this machine.

There is a loopback interface and nothing else: no address of another machine can be reached,
and the TCP ports 80 and 443 are free.  The hosts file of the command has the names that
clients have compiled in; every other name is asked of this machine itself, where tests listen.
The machine's own files are not touched.  Needs Linux and root, or unprivileged user namespaces.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

NAMES: Final = (
    "micropython.org",
    "www.micropython.org",
    "api.github.com",
    "raw.githubusercontent.com",
    "downloads.arduino.cc",
    "mirror.lab",
)
_BEGIN: Final = (
    'ip link set lo up && mount --bind "$0/hosts" /etc/hosts && '
    'mount --bind "$0/resolv.conf" /etc/resolv.conf && rm -rf "$0" && exec "$@"'
)


def main(command: list[str]) -> None:
    """Become *command*, in a new network and with a hosts file of its own."""
    files = Path(tempfile.mkdtemp(prefix="names-"))
    (files / "hosts").write_text(
        f"127.0.0.1 localhost {' '.join(NAMES)}\n::1 localhost\n", encoding="ascii"
    )
    (files / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
    for path in files.iterdir():
        # Whoever is not root may look at the names too.
        path.chmod(0o644)
    spaces = ["--net", "--mount"]
    if os.geteuid() != 0:
        spaces += ["--user", "--map-root-user"]
    words = ["unshare", *spaces, "sh", "-c", _BEGIN, str(files), *command]
    os.execvp(words[0], words)  # noqa: S606 - to become another program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
