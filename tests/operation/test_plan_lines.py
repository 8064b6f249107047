"""Every decision about a plan is one line in the log, with the plan's id, whoever decided it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
async def test_each_move_of_a_plan_is_one_line_with_its_id(tmp_path: Path) -> None:
    async with someone(tmp_path) as ann:
        with structlog.testing.capture_logs() as lines:
            await ann.type_in("0.1 BTC, 2 ETH, USDT 9000")
            first = await ann.plan()
            await ann.tap("All done")
            await ann.say("/rebalance")
            await ann.clock.sleep(ann.program.settings.plan_expiry_s + 1)
            await ann.step()
        told: list[dict[str, Any]] = [dict(line) for line in lines if line["event"] == "plan"]
    assert [line["state"] for line in told if line["plan"] == first.id] == ["proposed", "confirmed", "done"]
    assert told[0]["reasons"]
    assert all(line["log_level"] == "info" and line["plan"] for line in told)
