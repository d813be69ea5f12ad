"""Make `serve.py`, one file that needs nothing but Python 3.8, of the modules beside this one.

They are written for that: the standard library only, no name twice, no syntax of a later Python.
The same modules give the same bytes, so the digest of a `serve.py` says which mpmirror made it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

NAME: Final = "serve.py"
_MODULES: Final = ("ed25519", "opened", "shelf", "answering")
_OWN: Final = "mirror.transfer.stick."
_HEAD: Final = '''#!/usr/bin/env python3
"""Serve a bundle of mpmirror to a room, read only, with nothing but Python 3.8 or later.

    python3 serve.py lab.mpb RW…

The key is the one on your paper, and never one from the stick.  The signature of the bundle is
checked before anything of it is read, and every file is hashed before its first byte goes out.
This protects against damage and against a changed bundle.  It does not protect against a changed
serve.py: compare its SHA-256 with the one that the export printed, which is on the receipt too.
"""

from __future__ import annotations

'''


def build_server() -> bytes:
    """Return the bytes of `serve.py`; this blocks."""
    imports: set[str] = set()
    bodies: list[str] = []
    for module in _MODULES:
        text = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
        bodies.append(_body(text, imports))
    plain = sorted(one for one in imports if one.startswith("import "))
    named = sorted(one for one in imports if one.startswith("from "))
    return (_HEAD + "\n".join([*plain, *named]) + "\n\n\n" + "\n\n".join(bodies)).encode()


def _body(text: str, imports: set[str]) -> str:
    """Return a module without its docstring and imports, which are put among *imports*."""
    lines = text.splitlines(keepends=True)
    last = 0
    for number, statement in enumerate(ast.parse(text).body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            source = ast.unparse(statement)
            if not source.startswith((f"from {_OWN}", "from __future__")):
                imports.add(source)
        elif number or not isinstance(statement, ast.Expr):
            break
        last = statement.end_lineno or last
    return "".join(lines[last:]).strip("\n") + "\n"
