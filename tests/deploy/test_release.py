"""A release is what was locked, for each platform, with sums, a signature and its components."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import cyclonedx.schema
import pytest
from jsonschema import Draft7Validator
from packaging.requirements import Requirement
from referencing import Registry, Resource

from deploy.release.downloading import PLATFORMS, PYTHONS
from deploy.release.locked import of, read_locked
from deploy.release.wheelhouse import REQUIREMENTS, WITH_EXTRAS, finish
from mirror.transfer.keys import Signature, Type, verify_statement
from tests.transfer.keys.samples import key

ROOT = Path(__file__).parents[2]
RUN = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
EXTRAS = (ROOT / "requirements" / "extras.txt").read_text(encoding="utf-8")
SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"


def wheel(folder: Path, name: str, version: str, *more: str) -> Path:
    """Write a wheel that has metadata and nothing else."""
    metadata = [f"Name: {name}", f"Version: {version}", "Metadata-Version: 2.4", *more]
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        place = f"{name.replace('-', '_')}-{version}.dist-info/METADATA"
        file.writestr(zipfile.ZipInfo(place), "\n".join(metadata) + "\n\nSome words.\n")
    return path


def house_in(folder: Path) -> tuple[Path, Path, str]:
    """Make a wheelhouse of two libraries; return it, the own wheel, and the locked text."""
    house, own = folder / "mpmirror-0.1.0-x86_64", folder / "own"
    house.mkdir(parents=True)
    own.mkdir()
    first = wheel(house, "attrs", "1.0", "License-Expression: MIT", "Summary: Classes & more")
    second = wheel(
        house,
        "typing-extensions",
        "2.0",
        "Classifier: License :: OSI Approved :: BSD License",
        "Requires-Dist: attrs>=1",
        "Requires-Dist: absent; extra == 'x'",
    )
    mine = wheel(own, "mpmirror", "0.1.0", "License-Expression: MIT", "Requires-Dist: attrs")
    sums = {path.name: subprocess_sum(path) for path in (first, second)}
    locked = (
        f"attrs==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{sums[first.name]}\n"
        f"typing-extensions==2.0 ; python_version < '4' \\\n"
        f"    --hash=sha256:{sums[second.name]}\n"
        f"tzdata==1 ; sys_platform == 'win32' \\\n    --hash=sha256:{'1' * 64}\n"
    )
    return house, mine, locked


def subprocess_sum(path: Path) -> str:
    """Return the SHA-256 of a file by Debian's program."""
    said = subprocess.run(["sha256sum", str(path)], check=True, capture_output=True, text=True)  # noqa: S603, S607 - Debian's
    return said.stdout.split()[0]


def faults(document: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return what the schema of CycloneDX has against *document*."""
    schemas = {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in SCHEMAS.glob("*.schema.json")
    }
    resources = [(one["$id"], Resource.from_contents(one)) for one in schemas.values()]
    registry: Registry[Any] = Registry().with_resources(resources)
    validator = Draft7Validator(schemas["bom-1.6.SNAPSHOT.schema.json"], registry=registry)
    return [error.message for error in validator.iter_errors(document)]


def test_markers_are_decided_for_the_interpreter_that_is_meant() -> None:
    """Not for the one that downloads: nothing of Windows, and what an older Python needs."""
    locked = read_locked(RUN)
    first, last = (of(locked, "aarch64", f"3.11.{end}") for end in ("0", "99"))
    names = {one.parsed.name for one in locked}

    assert {"aiohttp", "cryptography", "tzdata"} <= names
    assert "tzdata" not in last
    assert "aiohttp==" in last
    assert len(re.findall(r"^soupsieve==", last, re.MULTILINE)) == 1
    assert first != last
    assert " ; " not in first + last
    assert all(one.hashes for one in locked)


def test_a_wheelhouse_has_what_every_extra_needs_and_the_same_versions_else() -> None:
    """A sealed room has no other place to get them from."""
    extras = {one.parsed.name: one.parsed.specifier for one in read_locked(EXTRAS)}
    run = {one.parsed.name: one.parsed.specifier for one in read_locked(RUN)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        Requirement(one) for some in project["optional-dependencies"].values() for one in some
    ]

    assert run.items() <= extras.items()
    assert {"apprise", "mpremote", "opentelemetry-sdk", "tuf"} <= extras.keys() - run.keys()
    assert {one.name for one in wanted} <= extras.keys()


def test_the_list_with_extras_stands_beside_the_other(tmp_path: Path) -> None:
    house, own, locked = house_in(tmp_path)
    more = wheel(house, "tuf", "7.0")
    extras = f"{locked}tuf==7.0 \\\n    --hash=sha256:{subprocess_sum(more)}\n"
    finish(house, own, {REQUIREMENTS: locked, WITH_EXTRAS: extras}, key())
    texts = [(house / name).read_text(encoding="utf-8") for name in (REQUIREMENTS, WITH_EXTRAS)]

    assert ["tuf==7.0" in text for text in texts] == [False, True]
    assert WITH_EXTRAS in (house / "SHA256SUMS").read_text(encoding="ascii")


def test_both_platforms_and_all_their_debian_pythons_are_made() -> None:
    assert PLATFORMS == ("x86_64", "aarch64")
    assert {"3.11", "3.13"} <= set(PYTHONS)


def test_the_components_are_what_the_wheels_say_and_keep_to_the_schema(tmp_path: Path) -> None:
    """Each with its version, licence and the SHA-256 of its files; and the schema is not blind."""
    house, own, locked = house_in(tmp_path)
    finish(house, own, {REQUIREMENTS: locked}, key())
    document = json.loads((house / "sbom.cdx.json").read_bytes())
    attrs, typing = document["components"]
    [file] = attrs["components"]

    assert faults(document) == []
    assert faults({**document, "components": [{"name": "no type"}]}) != []
    assert document["metadata"]["component"]["purl"] == "pkg:pypi/mpmirror@0.1.0"
    assert attrs["licenses"] == [{"expression": "MIT"}]
    assert typing["licenses"] == [{"license": {"name": "BSD License"}}]
    assert file["hashes"][0]["content"] == subprocess_sum(house / file["name"])
    depends = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert depends["pkg:pypi/typing-extensions@2.0"] == ["pkg:pypi/attrs@1.0"]


def test_what_pip_is_given_has_what_is_there_and_no_other_hash(tmp_path: Path) -> None:
    """The marker stays for pip there to decide, and Windows is gone."""
    house, own, locked = house_in(tmp_path)
    finish(house, own, {REQUIREMENTS: locked}, key())
    text = (house / "requirements.txt").read_text(encoding="utf-8")

    assert text.startswith("mpmirror==0.1.0 \\\n    --hash=sha256:")
    assert "typing-extensions==2.0 ; python_version < '4'" in text
    assert "0" * 64 not in text
    assert "tzdata" not in text


def test_the_same_wheels_give_the_same_release(tmp_path: Path) -> None:
    first = [house_in(tmp_path / name) for name in "ab"]
    sums = {finish(house, own, {REQUIREMENTS: locked}, key()) for house, own, locked in first}

    assert len(sums) == 1


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not here")
def test_sums_and_signature_are_right_for_plain_tools(tmp_path: Path) -> None:
    """Every file but these two is in the sums; minisign and our reader believe the signature."""
    house, own, locked = house_in(tmp_path)
    sums = finish(house, own, {REQUIREMENTS: locked}, key())
    words = f"minisign -Vm SHA256SUMS -P {key().public.line} && sha256sum -c --strict SHA256SUMS"
    done = subprocess.run(["sh", "-c", words], cwd=house, check=False, capture_output=True)  # noqa: S603, S607 - as typed
    named = {line.split()[1] for line in sums.decode().splitlines()}
    signature = Signature.parse((house / "SHA256SUMS.minisig").read_bytes())

    assert done.returncode == 0, done.stdout + done.stderr
    assert named == {path.name for path in house.iterdir() if "SHA256SUMS" not in path.name}
    assert verify_statement(sums, signature, [key().public], Type.SOFTWARE).sequence == 0
