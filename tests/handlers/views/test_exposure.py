"""What /exposure says: sums that add up, unknown figures as dashes, a band of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chatbot.engine.liquidation import Bracket, liquidation, maintenance
from chatbot.i18n import Catalogue
from chatbot.model import NET, AssetExposure, Cause, ContractReading, LineReading, Reason
from handlers.views import alerts, tables
from handlers.views.common import PictureKind
from handlers.views.plan import card
from handlers.views.portfolio import exposure, status, why
from tests.handlers.views.view_examples import NOW, a_plan, exposed, figures, portfolio, report
from tests.places import LOCALE

D = Decimal
WORDS = Catalogue(LOCALE).words("en")
OVER = LineReading(line=NET, weight=D("0.162"), target=D("0.1"), band=D("0.05"), breach="over")
LONG = (
    AssetExposure(asset="BTC", spot=D(30_000), futures=D(12_020)),
    AssetExposure(asset="ETH", spot=D(15_000), futures=D(-4_485)),
    AssetExposure(asset="SOL", spot=D(15_000), futures=D(0)),
)


def told(assets: tuple[AssetExposure, ...] = LONG, contracts: tuple[ContractReading, ...] = ()) -> str:
    """Return the text about a portfolio worth 95,575 (the worked example of domain 1.5)."""
    worth = replace(figures(), value=D(95_575), net=D("0.706618"), leverage=D("1.559282"))
    return exposure.exposure(WORDS, replace(exposed(), figures=worth, assets=assets, contracts=contracts)).text


def test_the_ledger_is_spot_and_signed_futures_and_adds_up() -> None:
    """Each row is a sum, the last one is the sum of the rows, shares are of the value."""
    text = told()
    assert "BTC  30,000   12,020  42,020    44%" in text
    assert "ETH  15,000   −4,485  10,515    11%" in text
    assert "SOL  15,000        0  15,000    16%" in text
    assert "all  60,000    7,535  67,535    71%" in text
    assert "Net exposure <b>71%</b>" in text
    assert "futures leverage 1.56x" in text
    assert "an estimate from past prices" in text
    assumed = exposure.exposure(WORDS, replace(exposed(), assumed=("ADA", "SOL"))).text
    assert "Beta to BTC 1.02, an estimate; assumed for ADA, SOL: too little history" in assumed


def test_many_coins_are_added_up_in_one_row() -> None:
    """Ten coins, the others, and all."""
    coins = tuple(AssetExposure(asset=f"C{at}", spot=D(1_000), futures=D(at)) for at in range(13))
    text = told(coins)
    assert "others" in text
    assert "C9" in text
    assert "C10" not in text
    assert "3,033" in text  # 3,000 of spot and 10 + 11 + 12 of futures
    assert "13,078" in text


@pytest.mark.parametrize(("futures", "said"), [("-30000", "Futures cover 50% of the spot exposure"), ("30000", None), ("0", None)])
def test_only_a_short_book_covers_something(futures: str, said: str | None) -> None:
    """What is sold short over what is held."""
    text = told((AssetExposure(asset="BTC", spot=D(60_000), futures=D(futures)),))
    assert said in text if said else "cover" not in text


def test_what_the_book_costs_is_told_only_when_all_of_it_is_known() -> None:
    """One unknown rate makes the sum unknown: a dash, never the part that is known."""
    paying = ContractReading(contract="BTC-PERP", notional=D(12_020), liquidation=D("0.48"), funding_day=D("-3.61"))
    earning = ContractReading(contract="ETH-PERP", notional=D(-4_485), funding_day=D("1.35"))
    unknown = replace(earning, funding_day=None)
    assert "the book pays <b>$2.26</b> of funding a day, $67.80 in 30 days" in told(contracts=(paying, earning))
    assert "the book earns <b>$1.35</b> of funding a day" in told(contracts=(earning,))
    text = told(contracts=(paying, unknown))
    assert "Funding of the book: —" in text
    assert "2.26" not in text
    assert "BTC  12.6%          48%  −$3.61" in text
    assert "ETH  −4.7%        never       —" in text
    assert "No futures positions" in told()


def test_of_longs_that_only_together_use_up_the_margin_none_is_called_safe() -> None:
    """Two of 600 on 1,150: neither alone reaches a price at which it is liquidated, both do at 4 % of theirs."""
    rates = (Bracket(mmr=D("0.005")),)
    alone = liquidation(rates, qty=D(6), entry=D(100), collateral=D(1_150), other_mm=D(3))
    assert alone.distance is None
    assert D(1_150) - 12 * D(96) < maintenance(rates, 12 * D(4))
    long = replace(figures(), liquidation=None, leverage=D(1_200) / 1_150, book={"BTC-PERP": D(600), "ETH-PERP": D(600)})
    assert "no contract alone can be liquidated" in tables.futures_line(WORDS, long)
    assert "cannot be liquidated" in tables.futures_line(WORDS, replace(long, leverage=D(1)))
    each = tuple(ContractReading(contract=name, notional=D(600)) for name in long.book)
    note = "Each contract alone; where several move against you"
    assert note in told(contracts=each)
    assert note not in told(contracts=each[:1])


def test_the_picture_shows_the_same_coins() -> None:
    """Its facts are those of the table, its labels in the person's words."""
    picture = exposure.exposure(WORDS, exposed()).picture
    assert picture is not None
    assert picture.kind is PictureKind.EXPOSURE
    assert picture.assets == exposed().assets
    assert picture.labels.legend == ("spot", "futures", "net")


def test_an_alert_and_a_card_tell_the_crossing_in_words() -> None:
    """It is no line of the table, so it is named for what it is."""
    said = "The net futures position is <b>6.2</b> points over its target of 10.0%; band ±5.0."
    assert said in alerts.drift_alert(WORDS, portfolio(), [OVER]).text
    reason = Reason(trigger=Cause.EXPOSURE, line=NET, weight=OVER.weight, target=OVER.target, band=OVER.band)
    assert said in card.plan_card(WORDS, portfolio(), replace(a_plan(), reasons=(reason,)), NOW).text
    under = replace(reason, weight=D("-0.02"))
    assert "is <b>12.0</b> points under its target of 10.0%" in card.reason_text(WORDS, under)


def test_status_and_why_show_how_far_it_is() -> None:
    """The status marks it, /why ranks it among the lines; without futures neither speaks of it."""
    crossed, without = replace(figures(), exposure=OVER), replace(figures(), exposure=None)
    inside = tuple(replace(line, breach=None, weight=line.target) for line in figures().lines)
    calm = replace(report(), open_plan=None)

    def texts(seen: object) -> tuple[str, str]:
        check = replace(report().check, figures=seen)
        later = NOW + timedelta(seconds=5)
        return status.status(WORDS, replace(calm, check=check), NOW).text, why.why(WORDS, report(), check, later).text

    shown, explained = texts(replace(crossed, lines=inside))
    assert "Net futures 16.2%, target 10.0% ±5.0 ●" in shown
    assert "● outside its band" in shown
    assert "Furthest outside is <b>Net futures</b>, <b>6.2</b> points off with a limit of 5.0." in explained
    assert not any("Net futures" in text for text in texts(without))


@pytest.mark.parametrize("paid", ["0.004", "-0.004", "0"])
def test_funding_of_less_than_a_cent_a_day_has_no_sign(paid: str) -> None:
    """What rounds to nothing is nothing, on neither side."""
    text = told(contracts=(ContractReading(contract="BTC-PERP", notional=D(480), funding_day=D(paid)),))
    assert "$0.00" in text
    assert "+$0.00" not in text
    assert "−$0.00" not in text
