"""Rules, dashboard and how-to speak of the alarms and metrics that there are, and of all alarms."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mirror.daemon.metrics import render_metrics
from mirror.daemon.totals import Totals
from mirror.publication.alarms import KINDS
from mirror.sync.causes import cause_of
from tests.daemon.test_metrics import FAMILIES
from tests.daemon.test_status import site, status_after_a_run

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "monitoring" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "monitoring" / "dashboard.json"
ALARMS = (ROOT / "docs" / "how-to" / "alarms.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
# What every Prometheus adds.
BUILT_IN = {"up"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in rules())]


def anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def kinds_in_the_code() -> set[str]:
    """Find every kind that an `Alarm` is made with: written there, or a cause of a run."""
    found = set(re.findall(r'Alarm\(\s*(?:alarm=)?"([a-z-]+)"', source("mirror/daemon")))
    found |= set(re.findall(r'"([a-z]+)"', source("mirror/daemon/alarms.py", "kind = ")))
    tree = ast.parse((ROOT / "mirror" / "sync" / "causes.py").read_text(encoding="utf-8"))
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return found | {
        word for word in words if isinstance(word, str) and re.fullmatch("[a-z-]+", word)
    }


def source(place: str, line: str = "") -> str:
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return "\n".join(one for one in text.split("\n") if line in one) if line else text


def test_the_list_of_alarms_is_what_the_code_can_make() -> None:
    assert kinds_in_the_code() == set(KINDS)
    assert cause_of(None) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_alarm_has_a_rule_and_a_how_to(kind: str) -> None:
    [rule] = [rule for rule in rules() if f'alarm="{kind}"' in rule["expr"]]

    assert rule["annotations"]["runbook"] == f"docs/how-to/alarms.md#{kind}"
    assert f"\n## {kind}\n" in ALARMS


def test_every_how_to_that_a_rule_names_is_there() -> None:
    headings = {anchor(line) for line in re.findall(r"^#+ (.*)$", ALARMS, re.MULTILINE)}
    named = {rule["annotations"]["runbook"].partition("#")[2] for rule in rules()}

    assert named - headings == set()


def test_no_expression_asks_for_a_metric_that_is_not_there() -> None:
    """What nobody sends would never alert anybody."""
    text = " ".join(expressions())
    asked = set(re.findall(r"\b(?:mpmirror|process)_[a-z_]+|\bup\b", text)) - BUILT_IN
    given = {*FAMILIES, *(f"{name}_{end}" for name in FAMILIES for end in ("total", "bucket"))}

    assert asked - given == set()


def test_the_dashboard_shows_something_of_every_kind_of_metric() -> None:
    """Each row of the reference has a panel, and no two panels lie on each other."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    rows = re.findall(r"^\| ([a-z ]+) \| (`.*) \|$", METRICS, re.MULTILINE)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}

    unseen = [
        kind
        for kind, names in rows
        if not any(f"mpmirror_{name}" in shown for name in re.findall(r"`([a-z_]+)", names))
    ]
    assert (len(rows), unseen) == (7, [])
    assert len(places) == len(panels)


def test_every_metric_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_]+?)(?:_total)?(?:\{[a-z_,]+\})?`", METRICS))
    own = {name.removeprefix("mpmirror_") for name in FAMILIES if name.startswith("mpmirror_")}

    assert own - explained == set()


@pytest.fixture
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """What judges for Prometheus (Debian: prometheus)."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not on this machine: rules and metrics are only parsed")

    def check(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - a fixed command on our own files
            [program, "check", *words], input=given, capture_output=True, text=True, check=False
        )

    return check


def test_promtool_has_nothing_to_say_against_the_rules(
    promtool: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    checked = promtool("rules", str(RULES))

    assert checked.returncode == 0, checked.stderr
    assert f"{len(rules())} rules found" in checked.stdout


async def test_promtool_has_nothing_to_say_against_the_metrics(
    tmp_path: Path, promtool: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Of a node that has synced: no name without help or unit, no counter without total."""
    status = await status_after_a_run(tmp_path, site())
    checked = promtool("metrics", given=render_metrics(status, Totals()).decode())

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
