"""Alerts, dashboard and runbook name metrics that exist, and each other."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from chassis import telemetry
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from .source import ROOT

OBSERVABILITY = ROOT / "deploy/observability"
RUNBOOK = ROOT / "services/operations/README.md"
WORDS = {
    "by", "sum", "max", "min", "rate", "increase", "deriv", "and", "histogram_quantile", "up", "le",
}  # fmt: skip


def exposed() -> dict[str, tuple[str, ...]]:
    """Every series that Prometheus can read, with the labels that it has."""
    found: dict[str, tuple[str, ...]] = {"up": ("job",)}
    for metric in vars(telemetry).values():
        if isinstance(metric, MetricWrapperBase):
            labels = (*metric._labelnames, "job")
            name = metric._name
            if isinstance(metric, Counter):
                found[f"{name}_total"] = labels
            elif isinstance(metric, Histogram):
                found |= {f"{name}_bucket": (*labels, "le"), f"{name}_count": labels, f"{name}_sum": labels}
            elif isinstance(metric, Gauge):
                found[name] = labels
    return found


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for rule in alerts():
        yield rule["expr"]
    for panel in json.loads((OBSERVABILITY / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_metric_and_label_of_an_expression_exists(expression: str) -> None:
    series = exposed()
    bare = re.sub(r"\[[^\]]*\]", "", expression)
    inside = re.findall(r"\{([^}]*)\}", bare)
    by = [label.strip() for labels in re.findall(r"by \(([^)]*)\)", bare) for label in labels.split(",")]
    wanted = [label for labels in inside for label in re.findall(r"(\w+)(?:=|!)", labels)]
    names = set(re.findall(r"[a-z_]{2,}", re.sub(r"\{[^}]*\}|by \([^)]*\)", "", bare))) - WORDS
    assert names <= series.keys(), names - series.keys()
    assert names or "up" in expression
    labels = {label for name in names or {"up"} for label in series[name]}
    assert set(by) | set(wanted) <= labels


def test_each_metric_is_in_the_dashboard_and_in_the_runbook() -> None:
    text = " ".join(expressions())
    runbook = RUNBOOK.read_text()
    for metric in vars(telemetry).values():
        if isinstance(metric, MetricWrapperBase):
            assert metric._name in text, metric._name
            assert f"`{metric._name}`" in runbook, metric._name


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: str(rule["alert"]))
def test_each_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#{2,3} (.*)$", (ROOT / file).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"].endswith(".")
