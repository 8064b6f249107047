"""A portfolio that is opened, or resumed, while a signal lasts: on 25 March 2020 it was told "1.7x its usual level, limit 2.0x: cut"."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import BASKET, Cause, Phase, Reason
from handlers.views.plan import reasons
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.stories.history import needs_history, opened

if TYPE_CHECKING:
    from pathlib import Path

EN = CATALOGUE.words("en")
D = Decimal


@pytest.mark.long
@needs_history
async def test_a_spike_that_cools_down_is_told_as_what_it_is(tmp_path: Path) -> None:
    """Nothing is called cut at a reading within its limit; what is still beyond it names the limit."""
    async with opened(tmp_path, datetime(2020, 3, 25, 8, tzinfo=UTC)) as ann:
        card = ann.last.text
        assert "You asked for it." in card
        assert "BTC target 5.0% instead of 20.0%: BTC volatility is 3.0x its usual level, read 8 hr ago." in card
        await ann.step(900)
        alert = ann.last.text  # it has become the card of its plan
        await ann.tap("More")
        told = alert + ann.last.text
        assert "BTC volatility is 3.0x its usual level, limit 2.0x: its target is cut to 25%" in told
        ada = told[told.index("ADA volatility") :].partition(" Read ")[0]
        assert ada.startswith("ADA volatility was high and is not calm yet, 1.7x its usual level: its target is cut to 31%")
        assert "limit" not in ada


@pytest.mark.long
@needs_history
async def test_what_the_first_plan_has_told_is_not_told_again(tmp_path: Path) -> None:
    """Its card named each target that a spike holds, and it was carried out: nothing is left to tell until a signal moves on."""
    async with opened(tmp_path, datetime(2020, 2, 1, 0, 15, tzinfo=UTC), preset="Conservative") as ann:
        assert "XRP target 2.2% instead of 5.0%: XRP volatility is 1.4x its usual level" in ann.last.text
        await ann.confirm()
        newest = ann.newest
        await ann.step(4 * 3600)
        assert ann.newest == newest
        await ann.step(20 * 3600)
        assert "XRP has calmed down to 1.3x its usual volatility. Its normal target applies again." in ann.since(newest)


@pytest.mark.parametrize(
    ("trigger", "line", "limit", "lasts", "over", "name"),
    [
        (Cause.VOLATILITY, "BTC", D("1.5"), D("2.4"), D("1.5"), "Volatility BTC"),
        (Cause.VOLATILITY, BASKET, D("1.5"), D("1.51"), D("1.5"), "Volatility all coins"),
        (Cause.FUNDING_LOW, "", D(0), D("-0.0002"), D(0), "Low funding"),
        (Cause.FUNDING_HIGH, "", D("0.0003"), D("0.0006"), D("0.0003"), "High funding"),
        (Cause.FEAR_GREED, "", D(30), D(12), D(30), "Fear &amp; Greed"),
    ],
)
def test_what_ends_before_it_has_calmed_is_not_called_calm(
    trigger: Cause, line: str, limit: Decimal, lasts: Decimal, over: Decimal, name: str
) -> None:
    """Thirty days have passed, or the person has changed the trigger: its end does not say that the market has come back."""
    ended = Reason(trigger=trigger, line=line, event=Phase.END, reading=lasts, limit=limit)
    assert f"<b>{name}</b> is no longer acted on, though it stands at" in reasons.sentence(EN, ended)
    assert "no longer acted on" not in reasons.sentence(EN, replace(ended, reading=over))


@pytest.mark.parametrize(
    ("trigger", "limit", "beyond", "within"),
    [
        (Cause.VOLATILITY, D(2), D(2), D("1.9")),
        (Cause.TREND, D("0.5"), D("0.5"), D("0.4")),
        (Cause.FUNDING_LOW, D("-0.0002"), D("-0.0003"), D("-0.0001")),
        (Cause.FUNDING_HIGH, D("0.0005"), D("0.0006"), D("0.0004")),
        (Cause.FEAR_GREED, D(25), D(24), D(27)),
    ],
)
def test_only_a_reading_beyond_the_limit_is_told_beside_it(trigger: Cause, limit: Decimal, beyond: Decimal, within: Decimal) -> None:
    """Every trigger says at its beginning what it has crossed, and in other words that it has been crossed before."""
    fired, met = (
        reasons.sentence(EN, Reason(trigger=trigger, line="BTC", event=Phase.BEGIN, reading=reading, limit=limit, size=D("0.5")))
        for reading in (beyond, within)
    )
    assert any(word in fired for word in ("limit ", "below "))
    assert not any(word in met for word in ("limit ", "below "))
    assert any(word in met for word in ("not calm yet", "lately", "not recovered yet", "not calmed down yet", "not over yet"))
