"""What the linters can not say: where sessions are opened, how long a function may be."""

from __future__ import annotations

import ast
import statistics
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
# Packages without a word of their own speak through their modules.
MODULES = [path for path in sorted((ROOT / "mirror").rglob("*.py")) if path.stat().st_size]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Backwards, so that this file does not name what no file may name.
REGISTRIES = [
    host[::-1]
    for host in ("gro.ipyp", "gro.detsohnohtyp", "oi.rekcod", "oi.rchg", "oi.yauq", "gro.sjmpn")
]
OURS = (
    "mirror",
    "tests",
    "deploy",
    "docs",
    "requirements",
    ".ci",
    "Makefile",
    "LICENSE",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
)


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its lines, and those of the bodies of its functions and of its classes."""

    contract: str | None
    lines: int
    functions: tuple[tuple[str, int], ...]
    classes: tuple[tuple[str, int], ...]


def tree(path: Path) -> ast.Module:
    """Read a module as Python does; trees of all of them would be a million objects."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def module(path: Path) -> Module:
    """Measure a module."""
    whole = tree(path)
    nodes = list(ast.walk(whole))
    return Module(
        ast.get_docstring(whole),
        path.read_text(encoding="utf-8").count("\n"),
        tuple(
            (f"{named(path)}: {node.name}", body_lines(node))
            for node in nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        tuple(
            (f"{named(path)}: {node.name}", (node.end_lineno or 0) - node.lineno)
            for node in nodes
            if isinstance(node, ast.ClassDef)
        ),
    )


def named(path: Path) -> str:
    """Name a file as the project does."""
    return path.relative_to(ROOT).as_posix()


def modules_with(name: str) -> list[str]:
    """Find the modules in which *name* is said as a name of Python."""
    return [
        named(path)
        for path in MODULES
        if name in path.read_text(encoding="utf-8")
        and any(
            name in (getattr(node, "id", ""), getattr(node, "attr", ""))
            for node in ast.walk(tree(path))
        )
    ]


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a body from its first statement to its last, its docstring left out."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    last = body[-1].end_lineno if body else None
    return last - body[0].lineno + 1 if last else 0


def project_files() -> Iterator[Path]:
    """Give every file that belongs to the project."""
    for place in OURS:
        for path in sorted((ROOT / place).rglob("*")) or [ROOT / place]:
            if path.is_file() and path.suffix != ".pyc":
                yield path


def test_outgoing_connections_begin_in_three_places() -> None:
    """The polite fetcher, the client of our own socket, and hooks; nobody else asks anybody."""
    places = [
        name
        for name in modules_with("ClientSession")
        if not name.startswith(("mirror/upstream/fetch", "mirror/control", "mirror/hooks/posting"))
    ]

    assert places == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of the machine that installs them."""
    named_in = [
        f"{named(path)}: {host}"
        for path in project_files()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    ]

    assert named_in == []


def test_a_module_says_what_it_guarantees_and_is_short() -> None:
    """Its docstring is the contract; at 320 lines it is two modules."""
    modules = {named(path): module(path) for path in MODULES}

    assert [name for name, one in modules.items() if not one.contract] == []
    assert {name: one.lines for name, one in modules.items() if one.lines > 320} == {}


def test_functions_are_short() -> None:
    """Half of them have ten lines at most, nineteen of twenty 45, and none more than 60."""
    lengths = dict(length for path in MODULES for length in module(path).functions)
    hundredths = statistics.quantiles(lengths.values(), n=100, method="inclusive")

    assert {name: length for name, length in lengths.items() if length > 60} == {}
    assert hundredths[94] <= 45
    assert statistics.median(lengths.values()) <= 10


def test_classes_are_short() -> None:
    """A class of more than 250 lines is two."""
    lengths = dict(length for path in MODULES for length in module(path).classes)

    assert {name: length for name, length in lengths.items() if length >= 250} == {}


def test_tests_pretend_nothing() -> None:
    """A test with a fake knows what the code does; a patched one knows how."""
    mocked = [
        named(path)
        for path in TESTS
        if "mock" in path.read_text(encoding="utf-8")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom | ast.Import)
        and any(
            "mock" in name
            for name in (getattr(node, "module", None) or "", *(one.name for one in node.names))
        )
    ]

    assert mocked == []
