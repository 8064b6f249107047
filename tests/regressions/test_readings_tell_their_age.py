"""A reading of last midnight says so in the evening: on 10 October 2025 at 21:31 "/why" called readings fresh that were 21 hours old."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause, HeldTarget, Phase
from chatbot.triggers import market
from handlers.transport.rendering import _step
from handlers.views import age, alerts
from handlers.views.common import Html
from handlers.views.plan import card, reasons
from handlers.views.portfolio import status
from handlers.views.trigger import page
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.handlers.views.view_examples import NOW, OLD_S, a_signal, portfolio, report
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

EN = CATALOGUE.words("en")
#: the simulated market begins at midnight
SINCE_MIDNIGHT = timedelta(hours=21, minutes=31)
_HOUR = 3600.0


async def test_in_the_evening_every_signal_says_that_it_is_of_last_midnight(tmp_path: Path) -> None:
    """/why, /status and /triggers: nothing that is 21 hours old stands without its age, and only prices are called fresh."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        await ann.step(SINCE_MIDNIGHT.total_seconds())
        short = await ann.say("/why")
        assert "prices fresh, Volatility, Trend, Fear & Greed read 21 hr ago." in short
        why = (await ann.taps("All triggers")).text
        said = [line for line in why.splitlines() if "volatility is" in line or "Fear & Greed is" in line or "trend scores" in line]
        assert said
        assert all("Read 21 hr ago." in line for line in said), why
        shown = [line for line in (await ann.say("/status")).splitlines() if line.startswith(("Volatility", "Fear & Greed", "Trend"))]
        assert shown
        assert all(", read 21 hr ago" in line for line in shown), shown
        triggers = await ann.say("/triggers")
        assert [line for line in triggers.splitlines() if "limit 25" in line and "read 21 hr ago" in line], triggers
        assert [line for line in triggers.splitlines() if "limit 2.0x" in line and "read 21 hr ago" in line], triggers
        details = await ann.say("/triggers fear")
        assert "read 21 hr ago" in details


async def test_a_restart_that_fetches_everything_anew_makes_nothing_younger(tmp_path: Path) -> None:
    """The age is the reading's own on the market's clock, not that of our fetch."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
    ann.clock.advance(SINCE_MIDNIGHT.total_seconds())
    async with someone(tmp_path, clock=ann.clock, loopback=ann.loopback) as ann:
        assert ", read 21 hr ago" in await ann.say("/status")


@pytest.mark.parametrize(
    ("age_s", "cadence_s", "said"),
    [
        (None, 60.0, ""),
        (0.0, 60.0, ""),
        (60.0, 60.0, ""),
        (61.0, 60.0, "61 sec"),
        (age.SIGNAL_S, age.SIGNAL_S, ""),
        (age.SIGNAL_S + 1, age.SIGNAL_S, "60 min"),
        (21.5 * _HOUR, age.SIGNAL_S, "21 hr"),
        (-5.0, 60.0, ""),
    ],
)
def test_an_age_is_told_when_it_is_more_than_its_cadence(age_s: float | None, cadence_s: float, said: str) -> None:
    """One place decides; each side of the boundary."""
    assert age.told_age(EN, age_s, cadence_s) == said


def test_neighbours_of_one_age_have_it_told_once() -> None:
    """Three coins of this morning are one phrase; one that was missed since Thursday has its own."""
    lines = [(Html("BTC"), 9 * _HOUR), (Html("ETH"), 9 * _HOUR), (Html("SOL"), 60 * _HOUR), (Html("ADA"), 60.0)]
    assert age.together(EN, lines) == "BTC · ETH, read 9 hr ago · SOL, read 2 days ago · ADA"


def test_an_alert_and_a_card_that_quote_a_signal_tell_its_age() -> None:
    """The alert from its stored facts, an older version's included; the card from its reason."""
    stored = {
        "trigger": "fear_greed", "subject": "", "event": "begin", "suppressed": False,
        "reading": "22", "enter": "25", "leave": "30", "size": "1", "age_s": int(OLD_S),
    }  # fmt: skip
    step = _step(stored)
    assert (
        "below 25. Futures go neutral; the spot coins keep their risk. Read 9 hr ago." in alerts.trigger_alert(EN, portfolio(), [step]).text
    )
    assert "Read 9 hr ago." in card.reason_text(EN, step.reason)
    del stored["age_s"]
    assert "Read" not in alerts.trigger_alert(EN, portfolio(), [_step(stored)]).text


def test_a_plan_made_hours_after_its_signal_tells_the_age_as_of_then() -> None:
    """Fear at 00:10, quiet hours until eight: the card of 08:00 is about a reading of eight hours ago."""
    midnight = datetime(2026, 1, 5, tzinfo=UTC)
    change = market.SignalChange(signal=a_signal(Cause.FEAR_GREED, "", "22", at=midnight, active=True, age_s=600.0), event=Phase.BEGIN)
    pending = (market.reason_for(change),)
    (reason,) = market.aged(market.joined_reasons(pending, ()), midnight + timedelta(hours=8))
    assert "Read 8 hr ago." in card.reason_text(EN, reason)
    assert market.aged((replace(reason, read_at=None, age_s=None),), midnight)[0].age_s is None


def test_what_keeps_a_target_away_says_how_old_its_reading_is() -> None:
    """On the card of a plan that was asked for in the evening: the cut is of last midnight."""
    spike = a_signal(Cause.VOLATILITY, "BTC", "2.4", active=True, age_s=21 * _HOUR)
    held = HeldTarget(line="BTC", own=Decimal("0.4"), now=Decimal("0.2"), by=(market.standing(spike),))
    assert "BTC volatility is 2.4x its usual level, read 21 hr ago." in reasons.standing(EN, held)


def test_the_funding_rate_of_an_old_quote_says_how_old_it_is() -> None:
    """The rate comes with the price of the BTC perpetual: when that does not answer, the rate is as old."""
    shown = replace(report(), funding_8h=Decimal("0.0001"), funding_age_s=2 * _HOUR, signals=())
    assert "Funding BTC +0.010% per 8 h, read 2 hr ago" in status.status(EN, shown, NOW).text
    assert "read" not in status.status(EN, replace(shown, funding_age_s=4.0), NOW).text


def test_the_summary_of_other_coins_is_as_old_as_the_oldest_of_them() -> None:
    """One coin of twenty whose candles are missing is not hidden behind the others."""
    coins = tuple(a_signal(Cause.VOLATILITY, f"C{at}", "1.1", age_s=9 * _HOUR) for at in range(3))
    late = a_signal(Cause.VOLATILITY, "OLD", "1.05", age_s=60 * _HOUR)
    text = page.overview(EN, replace(report(), signals=(*coins, late))).text
    assert "C0 1.1x, limit 2.0x, 0.9x to go, read 9 hr ago · 3 other coins at most 1.1x, read 2 days ago" in text
