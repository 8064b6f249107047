"""What a monitoring system reads: the list in the operator's guide is the list that is served, and its format is Prometheus'."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from chatbot.model import ProcessKind
from chatbot.operation.metrics import ALL_KINDS, COUNTER, METRICS
from chatbot.web.server import WebServer
from tests.person import ANN, someone
from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_SAMPLE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<label>[a-z_]+)="(?P<value>(?:[^"\\\n]|\\[\\"n])*)"\})? (?P<number>[0-9.e+-]+)')


def samples(text: str) -> dict[tuple[str, str], float]:
    """Read Prometheus' text format strictly: a sample belongs to the metric that was announced last, and none comes twice."""
    found: dict[tuple[str, str], float] = {}
    lines = text.split("\n")
    assert lines.pop() == "", "the last line ends, too"
    announced = ""
    for line in lines:
        if line.startswith("# HELP "):
            announced = line.split(" ", 3)[2]
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2] == announced
            assert line.split(" ")[3] in ("gauge", "counter")
        else:
            match = _SAMPLE.fullmatch(line)
            assert match is not None, line
            assert match["name"] == announced
            key = match["name"], match["value"] or ""
            assert key not in found, key
            found[key] = float(match["number"])
    return found


@pytest.mark.long
async def test_what_is_served_is_what_happened(tmp_path: Path) -> None:
    async with someone(tmp_path, operator_ids=str(ANN.id)) as ann:
        await ann.type_in("USDT 1000")
        await ann.step()
        ann.program.delivered["sent"] += 2
        async with WebServer(metrics=ann.program.metrics) as server, ClientSession() as client:
            async with client.get(f"{server.url}metrics") as answer:
                read = samples(await answer.text())
            async with client.get(f"{server.url}healthz") as answer:
                assert answer.status == 404, "nothing else is served there"
    assert read["ballast_portfolios", ""] == 1
    assert read["ballast_checks_total", ""] == 1
    assert read["ballast_check_age_seconds", ""] == 0
    assert read["ballast_people", "operator"] == 1
    assert read["ballast_deliveries_total", "sent"] == 2
    assert read["ballast_price_age_seconds", "simulated USDT"] == 0
    assert read["ballast_well", ""] == 0, "no copy of the database was made yet"
    assert ("ballast_backup_age_seconds", "") not in read, "what is unknown is left out, and not 0"
    assert (read["ballast_shares", ""], read["ballast_own_plans_open", "proposed"]) == (64, read["ballast_plans_open", "proposed"])
    told = {metric.name for metric in METRICS if ProcessKind.RUN in metric.by}
    ours = {"ballast_processes"} if ann.program.db.is_sqlite else set()
    assert {name for name, _ in read} == told - {"ballast_backup_age_seconds", "ballast_unowned_shares", *ours}


def test_the_guide_lists_every_metric_and_no_other() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)(?:\{([a-z]+)\})?` \| (gauge|counter) \| ([a-z, ]+) \| (.+) \|$", guide, re.MULTILINE)
    by = {ALL_KINDS: "all"}
    assert rows == [(one.name, one.label, one.kind, by.get(one.by, ", ".join(one.by)), one.help) for one in METRICS]
    assert all(metric.name.endswith("_total") == (metric.kind == COUNTER) for metric in METRICS)
