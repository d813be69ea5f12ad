"""Example settings are read, and manifests say what the daemon needs and nothing unknown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirror.config import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLES = sorted((DEPLOY / "examples").glob("*.toml"))
COMPOSE = DEPLOY / "container" / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes" / "mpmirror.yaml"
CONTAINERFILE = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")


def manifests() -> dict[str, Any]:
    documents = yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8"))
    return {f"{one['kind']} {one['metadata']['name']}": one for one in documents}


def container() -> dict[str, Any]:
    pod = manifests()["Deployment mpmirror"]["spec"]["template"]["spec"]
    [found] = pod["containers"]
    assert isinstance(found, dict)
    return found


def compose() -> dict[str, Any]:
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["mpmirror"]
    assert isinstance(service, dict)
    return service


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_read_as_it_is(path: Path) -> None:
    """Every key is known and every value fits."""
    settings = load_settings({}, path.parent, file=path)

    assert settings.public_url is not None
    assert {"classroom", "airgapped-lab", "company", "public-cdn"} == {one.stem for one in EXAMPLES}


def test_the_lab_behind_the_gap_asks_nobody() -> None:
    assert load_settings({}, DEPLOY, file=DEPLOY / "examples" / "airgapped-lab.toml").offline


@pytest.mark.parametrize(
    "environ",
    [compose()["environment"], {one["name"]: one["value"] for one in container()["env"]}],
    ids=["compose", "kubernetes"],
)
def test_every_variable_of_a_manifest_is_a_setting(environ: dict[str, str]) -> None:
    assert load_settings(environ, DEPLOY).public_url is not None


def test_one_writer_and_no_rights() -> None:
    found = manifests()
    deployment = found["Deployment mpmirror"]["spec"]
    pod = deployment["template"]["spec"]

    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    assert f"USER {pod['securityContext']['runAsUser']}" in CONTAINERFILE
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (compose()["read_only"], compose()["cap_drop"]) == (True, ["ALL"])


def test_what_is_mounted_is_what_the_image_writes_to() -> None:
    volumes = re.search(r"VOLUME \[(.*)\]", CONTAINERFILE)
    assert volumes is not None
    written = {path.strip(' "') for path in volumes[1].split(",")}
    mounted = {one["mountPath"] for one in container()["volumeMounts"]}
    composed = {one.partition(":")[2] for one in compose()["volumes"]}

    assert written | {"/run/mpmirror", "/tmp"} == mounted  # noqa: S108 - a path in the container
    assert written == composed


def test_probes_and_service_find_the_daemon() -> None:
    """On the TCP port that the image listens on."""
    one = container()
    service = manifests()["Service mpmirror"]["spec"]
    probed = {one[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")}

    assert probed == {"/healthz", "/readyz"}
    assert "MPMIRROR_LISTEN=0.0.0.0:8080" in CONTAINERFILE
    assert (one["ports"][0]["containerPort"], service["ports"][0]["targetPort"]) == (8080, "http")
    assert compose()["ports"] == ["8080:8080"]
