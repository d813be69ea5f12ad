"""What is locked is what is installed, what is built is whole, and nothing must be compiled."""

from __future__ import annotations

import ast
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
RUN, DEVELOPMENT, BUILD, BROWSER, EXTRAS = (
    ROOT / "requirements" / f"{name}.txt"
    for name in ("run", "development", "build", "browser", "extras")
)
#: Imported under another name than the distribution has, or a part of one that is declared.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "pydantic_core": "pydantic",
    "mako": "alembic",
    "opentelemetry.exporter": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.trace": "opentelemetry-sdk",
}
#: glibc 2.17 and 2.28: Debian 12 and 13, Ubuntu 22.04, Raspberry Pi OS have newer ones.
PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "linux")
BUILD_BOTH = """
import sys, tarfile
from setuptools import build_meta
folder = sys.argv[1]
name = build_meta.build_sdist(folder)
with tarfile.open(f"{folder}/{name}") as archive:
    archive.extractall(folder)
import os
os.chdir(f"{folder}/{name.removesuffix('.tar.gz')}")
build_meta.build_wheel(folder)
"""


def project() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared() -> dict[str, Requirement]:
    """Give what the project says that it needs, by name."""
    found = map(Requirement, project()["project"]["dependencies"])
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def extra() -> set[str]:
    """Give what is imported for those who ask for it; programs that are called are none of it."""
    extras = project()["project"]["optional-dependencies"]
    names = [name for extra in ("apprise", "otel", "tuf") for name in extras[extra]]
    return {canonicalize_name(Requirement(name).name) for name in names}


def locked(path: Path) -> dict[str, set[str]]:
    """Give the versions that a lock allows, by name (two, where Python's version decides)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9-]+)==(\S+)", path.read_text(encoding="ascii"), re.MULTILINE
    ):
        found.setdefault(name, set()).add(version)
    return found


def run(*command: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with no path of this process in its sight."""
    environ = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(  # noqa: S603 - programs of this test, without a shell
        [str(word) for word in command],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def pip(python: str | Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run pip as a bare machine would, with what its user has configured."""
    return run(python, "-m", "pip", "--disable-pip-version-check", *words)


def uv(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run uv, which does what pip does in a twentieth of the time."""
    return run(Path(sys.executable).with_name("uv"), *words)


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where no package index answers."""
    (version,) = locked(RUN)["rfc8785"]
    folder = tmp_path_factory.mktemp("probe")
    if uv("pip", "install", "--no-deps", "--target", folder, f"rfc8785=={version}").returncode:
        pytest.skip("no package index answers here")


def test_the_build_back_end_is_locked_as_it_is_required() -> None:
    """The lock is made from a group that repeats the build system's line."""
    found = project()

    assert found["dependency-groups"]["build"] == found["build-system"]["requires"]


def test_what_is_declared_is_locked() -> None:
    """In a version that the declaration allows: `make lock` was not forgotten."""
    versions = locked(RUN)
    wrong = [
        str(requirement)
        for name, requirement in declared().items()
        if not versions.get(name)
        or not all(version in requirement.specifier for version in versions[name])
    ]

    assert wrong == []


def test_what_is_tested_is_what_users_get() -> None:
    """Every version for users is the one that the developers have."""
    tested = locked(DEVELOPMENT)

    assert {name: tested.get(name) for name in locked(RUN)} == locked(RUN)


@pytest.mark.parametrize(
    "path", [RUN, DEVELOPMENT, BUILD, BROWSER, EXTRAS], ids=lambda path: path.name
)
def test_every_line_of_a_lock_has_hashes_and_no_address(path: Path) -> None:
    """And none says where to get it from."""
    text = path.read_text(encoding="ascii")
    entries = re.split(r"\n(?=\S)", text.strip())

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    """No import rests on a package that only another package asks for."""
    imported = {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in imports()}

    assert imported - set(declared()) - extra() == set()
    assert (set(declared()) | extra()) - imported == set()


def imports() -> Iterator[str]:
    """Give every package outside of Python and of ours that a module imports."""
    for path in (ROOT / "mirror").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in map(package_of, names):
                # The types of Python's own library are there for type checkers only.
                if name not in {"mirror", "_typeshed", *sys.stdlib_module_names}:
                    yield name


def package_of(module: str) -> str:
    """Give the package that a module is of; several distributions share one name."""
    parts = module.split(".")
    return ".".join(parts[:2] if parts[0] == "opentelemetry" else parts[:1])


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_default_install_compiles_nothing(machine: str, tmp_path: Path) -> None:
    """Every locked package has a wheel, by its hash, for a server and for a Raspberry Pi.

    uv finds that out without fetching them.
    """
    planned = uv(
        "pip", "install", "--dry-run", "--target", tmp_path, "--require-hashes",
        "--no-deps", "--only-binary", ":all:", "--python-version", platform.python_version(),
        "--python-platform", f"{machine}-manylinux_2_28", "--requirement", RUN,
    )  # fmt: skip

    assert planned.returncode == 0, planned.stderr
    assert set(re.findall(r"^ \+ ([a-z0-9-]+)==", planned.stderr, re.MULTILINE)) == needed()


def needed() -> set[str]:
    """Give what is locked for users of this Python on Linux, by name."""
    lines = [
        Requirement(line.rstrip(" \\"))
        for line in RUN.read_text(encoding="ascii").splitlines()
        if re.match(r"[a-z0-9]", line)
    ]
    return {one.name for one in lines if one.marker is None or one.marker.evaluate()}


@pytest.mark.long
@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_wheels_of_the_default_install_are_those_of_the_lock(
    machine: str, tmp_path: Path
) -> None:
    """All are fetched, and none has another hash."""
    platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_{machine}")]
    downloaded = pip(
        sys.executable, "download", "--require-hashes", "--no-deps", "--only-binary", ":all:",
        "--implementation", "cp", "--python-version", platform.python_version(), *platforms,
        "--dest", tmp_path, "--requirement", RUN,
    )  # fmt: skip

    assert downloaded.returncode == 0, downloaded.stderr
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".whl"] == []


@pytest.fixture(scope="session")
def built(index: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist from a copy of the sources, and the wheel from the sdist."""
    del index
    folder, tools, source = (tmp_path_factory.mktemp(name) for name in ("dist", "tools", "source"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "mirror"):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.exists():
            shutil.copy(path, source / name)
    back_end = uv("pip", "install", "--require-hashes", "--target", tools, "-r", BUILD)
    assert back_end.returncode == 0, back_end.stderr
    command = f"import sys; sys.path.insert(0, {str(tools)!r})\n{BUILD_BOTH}"
    made = run(sys.executable, "-I", "-c", command, folder, folder=source)
    assert made.returncode == 0, made.stderr
    return folder


def package_files() -> set[str]:
    """Give every file of the package, as an archive names it."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mirror").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.programs
def test_wheel_and_sdist_hold_the_whole_package(built: Path) -> None:
    """Templates, schemas, migrations, tables: whatever lies in the package's folders."""
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name for name in archive.namelist() if name.startswith("mirror/")}
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}

    assert in_wheel == package_files()
    assert package_files() - in_sdist == set()


@pytest.mark.programs
@pytest.mark.parametrize("tool", ["uv", pytest.param("pip", marks=pytest.mark.long)])
def test_the_wheel_works_in_an_empty_environment(built: Path, tmp_path: Path, tool: str) -> None:
    """With what is locked for users, and nothing else."""
    (wheel,) = built.glob("*.whl")
    python = tmp_path / "venv" / "bin" / "python"
    bare = ["--without-pip"] if tool == "uv" else []
    made = run(sys.executable, "-m", "venv", *bare, tmp_path / "venv")
    assert made.returncode == 0, made.stderr

    for words in (
        ("install", "--require-hashes", "-r", RUN),
        ("install", "--no-deps", "--no-index", wheel),
        ("check",),
    ):
        done = in_environment(tool, python, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    helped = run(python.with_name("mpmirror"), "--help", folder=tmp_path)

    assert helped.returncode == 0, helped.stderr
    assert "Mirror MicroPython firmware" in helped.stdout


def in_environment(
    tool: str, python: Path, command: str, *words: str | Path
) -> subprocess.CompletedProcess[str]:
    """Let pip, or uv in its place, do *command* in the environment of *python*."""
    if tool == "uv":
        return uv("pip", command, "--python", python, *words)
    return pip(python, command, *words)
