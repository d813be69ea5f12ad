"""Who types a command: the name that a decision has in the ledger."""

from __future__ import annotations

import os
import pwd


def login_name() -> str:
    """Return the login name of whoever runs this process."""
    try:
        # Who became root for one command is still who logged in.
        return os.getlogin()
    except OSError:
        return _account()


def _account() -> str:
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
