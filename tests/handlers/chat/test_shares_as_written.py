"""Weights and bands as people write them, in three languages: what each is read as, or the sentence that answers it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.i18n import Catalogue
from chatbot.model import BandRule
from chatbot.portfolio import strategies
from handlers.chat import names, parsing
from handlers.commands import strategy as strategy_commands
from handlers.views.portfolio.strategy import lines_called
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.person import someone
from tests.places import LOCALE

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = Catalogue(LOCALE)
LISTED = (*("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "S", "A", "EUR", "USDC"), *("BTC-PERP", "ETH-PERP"))
BALANCED = strategies.preset("balanced", LISTED)
BTC_ETH, FOUR = "BTC 40 ETH 60", "BTC 40 ETH 30 ALT 20 STABLE 10"
LINES = "CORE 40 ALT 40 STABLE 10 FUTURES 10"

WEIGHTS = [
    ("en", "BTC 40 ETH 30 ALT 20 USDT 10", FOUR),
    ("en", "40 BTC 30 ETH 20 ALT 10 USDT", FOUR),
    ("en", "40% BTC, 30% ETH, 20% ALT, 10% USDT", FOUR),
    ("en", "BTC 40% / ETH 30% / ALT 20% / USDT 10%", FOUR),
    ("en", "BTC 40/ETH 30/ALT 20/USDT 10", FOUR),
    ("en", "BTC:40, ETH:30, ALT:20, USDT:10", FOUR),
    ("en", "btc=40; eth=30; alts=20; cash=10", FOUR),
    ("en", "• BTC 40\n• ETH 30\n• ALT 20\n• USDT 10", FOUR),
    ("en", "1. BTC 40\n2. ETH 30\n3. ALT 20\n4. USDT 10", FOUR),
    ("en", "BTC 40, ETH 30, altcoins 20, stablecoins 10", FOUR),
    ("ru", "биткоин 40, эфир 30, альты 20, стейблы 10", FOUR),
    ("es", "bitcoin 40, ether 30, alts 20 y efectivo 10", FOUR),
    ("en", "BTC/ETH 40 ALT 40 Stable 10 Futures 10", LINES),
    ("es", "BTC/ETH 40 ALT 40 Estables 10 Futuros 10", LINES),
    ("ru", "BTC/ETH 40 ALT 40 Стейблы 10 Фьючерсы 10", LINES),
    ("en", "BTC/ETH  40.0%\nALT  40.0%\nStable  10.0%\nFutures  10.0%", LINES),
    ("en", "BTC 40 percent, ETH 60 percent", BTC_ETH),
    ("es", "40 por ciento BTC y 60 por ciento ETH", BTC_ETH),
    ("ru", "40 процентов BTC и 60 процентов ETH", BTC_ETH),
    ("en", "BTC 40 %, ETH 60 %", BTC_ETH),
    ("es", "40\xa0% BTC, 60\xa0% ETH", BTC_ETH),
    ("en", "%40 BTC %60 ETH", BTC_ETH),
    ("en", "(BTC 40) (ETH 60)", BTC_ETH),
    ("en", "40% in BTC, 60% in ETH", BTC_ETH),
    ("es", "40% en BTC y 60% en ETH", BTC_ETH),
    ("ru", "40% в BTC, 60% в ETH", BTC_ETH),
    ("en", "BTC 40٪ ETH 60٪", BTC_ETH),
    ("en", "BTC ٤٠ ETH ٦٠", BTC_ETH),
    ("en", "ＢＴＣ　４０％　ＥＴＨ　６０％", BTC_ETH),
    ("en", "btc40 eth60", BTC_ETH),
    ("en", "40%btc 60%eth", BTC_ETH),
    ("en", "BTC 40 and ETH 60", BTC_ETH),
    ("es", "BTC 40 y ETH 60", BTC_ETH),
    ("ru", "BTC 40 и ETH 60", BTC_ETH),
    ("ru", "ВТС 40 ЕТН 60", BTC_ETH),
    ("en", "$BTC 40 $ETH 60", BTC_ETH),
    ("en", "BTC\n40\nETH\n60", BTC_ETH),
    ("en", "BTC 40 60 ETH", BTC_ETH),
    ("en", "BTC 40,000 ETH 60.000", BTC_ETH),
    ("en", "BTC 33,333 ETH 66.667", "BTC 33.333 ETH 66.667"),
    ("es", "BTC 33,3 ETH 66,7", "BTC 33.3 ETH 66.7"),
    ("en", "100% BTC", "BTC 100"),
    ("en", "BTC 100.", "BTC 100"),
    ("en", "S 50 A 50", "S 50 A 50"),
    ("en", "USDT 50 USDC 50", "STABLE 100"),
    ("en", "BTC 50 USD 50", "BTC 50 STABLE 50"),
    # in words: halves, evenly, in a row, the rest, all
    ("en", "half btc half eth", "BTC 50 ETH 50"),
    ("en", "half BTC and the other half ETH", "BTC 50 ETH 50"),
    ("en", "½ BTC, 1/4 ETH, ¼ USDT", "BTC 50 ETH 25 STABLE 25"),
    ("en", "BTC 1/3 ETH 2/3", "BTC 33.33 ETH 66.67"),
    ("en", "⅓ BTC ⅓ ETH ⅓ SOL", "BTC 33.34 ETH 33.33 SOL 33.33"),
    ("en", "a third each BTC ETH SOL", "BTC 33.34 ETH 33.33 SOL 33.33"),
    ("es", "un tercio btc, un tercio eth, un tercio sol", "BTC 33.34 ETH 33.33 SOL 33.33"),
    ("ru", "BTC ETH SOL по трети", "BTC 33.34 ETH 33.33 SOL 33.33"),
    ("en", "BTC and ETH 50% each", "BTC 50 ETH 50"),
    ("es", "BTC y ETH al 50% cada uno", "BTC 50 ETH 50"),
    ("ru", "по 50 btc и eth", "BTC 50 ETH 50"),
    ("ru", "по 40 btc и eth, остальное кэш", "BTC 40 ETH 40 STABLE 20"),
    ("en", "btc and eth 40 each, the rest in cash", "BTC 40 ETH 40 STABLE 20"),
    ("ru", "BTC по 60 и ETH по 40", "BTC 60 ETH 40"),
    ("ru", "60% в битке, 40% в эфире", "BTC 60 ETH 40"),
    ("es", "BTC al 60% y ETH al 40%", "BTC 60 ETH 40"),
    ("es", "quiero un 60% de BTC y un 40% de ETH", "BTC 60 ETH 40"),
    ("en", "I want 60% BTC and 40% ETH", "BTC 60 ETH 40"),
    ("es", "BTC 60, lo que quede en USDT", "BTC 60 STABLE 40"),
    ("en", "half in BTC, a quarter in ETH, a quarter in USDT", "BTC 50 ETH 25 STABLE 25"),
    ("es", "mitad btc mitad eth", "BTC 50 ETH 50"),
    ("es", "la mitad en btc y la mitad en eth", "BTC 50 ETH 50"),
    ("es", "un cuarto btc, tres cuartos eth", "BTC 25 ETH 75"),
    ("ru", "половину в btc, половину в eth", "BTC 50 ETH 50"),
    ("ru", "четверть btc, остальное usdt", "BTC 25 STABLE 75"),
    ("en", "equal btc eth", "BTC 50 ETH 50"),
    ("en", "btc eth sol equally", "BTC 33.34 ETH 33.33 SOL 33.33"),
    ("en", "split BTC and ETH evenly", "BTC 50 ETH 50"),
    ("es", "a partes iguales btc, eth y sol", "BTC 33.34 ETH 33.33 SOL 33.33"),
    ("es", "mitad y mitad btc eth", "BTC 50 ETH 50"),
    ("ru", "btc и eth поровну", "BTC 50 ETH 50"),
    ("ru", "равными долями btc, eth, sol, usdt", "BTC 25 ETH 25 SOL 25 STABLE 25"),
    ("en", "60/40 BTC/ETH", "BTC 60 ETH 40"),
    ("en", "60/40 btc usdt", "BTC 60 STABLE 40"),
    ("en", "btc eth sol 50 30 20", "BTC 50 ETH 30 SOL 20"),
    ("ru", "50 на 50 btc eth", "BTC 50 ETH 50"),
    ("en", "BTC 40%, the rest in USDT", "BTC 40 STABLE 60"),
    ("en", "btc 60, eth rest", "BTC 60 ETH 40"),
    ("es", "BTC 60% y el resto en ETH", "BTC 60 ETH 40"),
    ("es", "BTC 60%, lo demás ETH", "BTC 60 ETH 40"),
    ("ru", "60% btc, всё остальное в usdt", "BTC 60 STABLE 40"),
    ("en", "all in USDT", "STABLE 100"),
    ("es", "todo en usdt", "STABLE 100"),
    ("ru", "все в usdt", "STABLE 100"),
    ("en", "sixty percent btc, forty percent eth", "BTC 60 ETH 40"),
    ("es", "cincuenta btc cincuenta eth", "BTC 50 ETH 50"),
    ("ru", "сорок btc шестьдесят eth", "BTC 40 ETH 60"),
]
BAD_WEIGHTS = [
    ("en", "BTC\t40\t5\nETH\t60\t5", "There is no name next to “5”."),
    ("en", "BTC 40-50 ETH 50-60", "“40-50” is not a number."),
    ("en", "BTC 100, the rest in USDT", "Nothing is left for USDT: the others add up to 100% already."),
    ("es", "BTC 60%, lo demás BTC", "BTC is listed twice."),
    ("ru", "BTC 60, остальное FOO", "FOO has no price at this exchange."),
    ("en", "60 BTC 40 rest", "REST has no price at this exchange."),
    ("en", "equally BTC and FOO", "FOO has no price at this exchange."),
    ("en", "60/50 BTC ETH", "“60/50” is not a number."),
    ("en", "mostly BTC", "I don't understand “mostly” here."),
    ("en", "50/50 bitcoin cash", "“50/50” is not a number."),
    ("en", "BTC 60 to 40 ETH", "I don't understand “to” here."),
    ("es", "un tercio BTC", "The weights add up to 33.33%, they must make 100%."),
    ("en", "BTC $50 USDT $50", "“$50” is an amount of money. Write the number alone, like 50."),
    ("es", "BTC 50€ USDT 50€", "“50€” is an amount of money"),
    ("ru", "BTC 50 ₽ USDT 50", "“50₽” is an amount of money"),
    ("en", "90 BTC, $10", "“$10” is an amount of money"),
    ("en", "BTC 100 USD", "“100 USD” is an amount of money"),
    ("en", "BTC/ETH 40.0% ±5.0", "“±5.0” is the width of a band. Send it with /bands"),
    ("en", "BTC 0.4 ETH 0.6", "The weights add up to 1, they must make 100%. Write them in per cent: 40 for 0.4."),
    ("es", "BTC 0,4 ETH 0,6", "Write them in per cent"),
    ("en", "BTC 33.3 ETH 33.3 SOL 33.3", "The weights add up to 99.9%, they must make 100%."),
    ("en", "BTC 10k", "The weights add up to 10000%"),
    ("en", "BTC 40.5.5 ETH 60", "“40.5.5” is not a number."),
    ("en", "BTC 1e2", "“1e2” is not a number."),
    ("en", "BTC 50 bitcoin 50", "BTC is listed twice."),
    ("en", "BTC -10 ETH 110", "BTC is negative"),
    ("en", "BTC", "There is no number after BTC."),
    ("en", "40", "There is no name next to “40”."),
    ("en", "BTC 40 ETH 30 SOLL 30", "SOLL has no price at this exchange. Did you mean SOL?"),
    ("en", "BTC-PERP 100", "BTC-PERP has no price at this exchange. Did you mean BTC?"),
    ("en", "BTCUSDT 100", "BTCUSDT has no price at this exchange. Did you mean BTC?"),
    ("en", "ATL 100", "ATL has no price at this exchange. Did you mean ALT?"),
]

BANDS = [
    *((language, typed, "ALT 7") for language, typed in (("en", "ALT 7"), ("en", "7 ALT"), ("en", "ALT ±7"), ("en", "ALT +-7"))),
    *((language, typed, "ALT 7") for language, typed in (("en", "ALT +/- 7"), ("en", "ALT 7 pp"), ("en", "ALT 7pp"), ("en", "ALT: 7 pts"))),
    *((language, typed, "ALT 7") for language, typed in (("en", "ALT 7 points"), ("en", "ALT 7 percentage points"), ("en", "alts = 7"))),
    *((language, typed, "ALT 7") for language, typed in (("es", "ALT 7 puntos"), ("es", "ALT 7 puntos porcentuales"), ("es", "SOL 7"))),
    *((language, typed, "ALT 7") for language, typed in (("ru", "ALT 7 пунктов"), ("ru", "ALT 7 п.п."), ("ru", "ALT 7 п. п."))),
    ("ru", "альты 7 процентных пунктов", "ALT 7"),
    ("en", "• ALT 7", "ALT 7"),
    ("en", "ＡＬＴ　７", "ALT 7"),
    ("en", "ALT 7.", "ALT 7"),
    ("en", "ALT 7%", "ALT 7%"),
    ("en", "7% ALT", "ALT 7%"),
    ("en", "ALT ± 7 %", "ALT 7%"),
    ("en", "ALT 7 percent", "ALT 7%"),
    ("es", "ALT 7 por ciento", "ALT 7%"),
    ("ru", "ALT 7 процентов", "ALT 7%"),
    ("es", "ALT 2,5", "ALT 2.5"),
    ("en", "ALT 2.5", "ALT 2.5"),
    ("en", "ALT 1,500", "ALT 1.5"),
    ("en", "ALT .5", "ALT 0.5"),
    ("en", "BTC/ETH 7", "CORE 7"),
    ("en", "BTC 7 ETH 7", "CORE 7"),
    ("en", "Stable 7", "STABLE 7"),
    ("es", "Estables 7", "STABLE 7"),
    ("ru", "Стейблы 7", "STABLE 7"),
    ("en", "cash 7, ALT 10%", "STABLE 7 ALT 10%"),
    ("en", "ALT=7;USDT=3", "ALT 7 STABLE 3"),
    ("en", "ALT: 7 pp, USDT: 30 %", "ALT 7 STABLE 30%"),
    ("en", "7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "±7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "all 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "todas 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("ru", "все 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "7%", "CORE 7% ALT 7% STABLE 7%"),
    ("en", "every line 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "todas las líneas 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("ru", "все строки 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "BTC 3, rest 7", "CORE 3 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "BTC 3 y el resto 7", "CORE 3 ALT 7 STABLE 7 FUTURES 7"),
    ("ru", "BTC 3, остальные 7", "CORE 3 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "all 7, BTC 3", "CORE 3 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "BTC seven", "CORE 7"),
    ("ru", "BTC семь пунктов", "CORE 7"),
    ("es", "siete puntos para ALT", "ALT 7"),
    ("en", "set all to 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "7 for all", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("en", "7 everywhere", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "todas a 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "7 para todas", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "cada una 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("ru", "7 для всех", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("ru", "везде по 7", "CORE 7 ALT 7 STABLE 7 FUTURES 7"),
    ("es", "7 para btc y 10 para alt", "CORE 7 ALT 10"),
    ("ru", "для btc 7, для alt 10", "CORE 7 ALT 10"),
    ("en", "ALT 25 percent of target", "ALT 25%"),
    ("es", "ALT 25 % relativo", "ALT 25%"),
    ("en", "i want 7 for alt", "ALT 7"),
    ("es", "amplía ALT a 7", "ALT 7"),
    ("es", "quiero 7 en ALT", "ALT 7"),
    ("es", "ALT 25% del objetivo", "ALT 25%"),
    ("ru", "расширь ALT до 7", "ALT 7"),
    ("ru", "коридор ALT 7", "ALT 7"),
    ("ru", "ALT полпункта", "ALT 0.5"),
    ("en", "Futures 7", "FUTURES 7"),
    ("es", "Futuros 7", "FUTURES 7"),
]
BAD_BANDS = [
    ("en", "BTC $5", "“$5” is an amount of money"),
    ("es", "BTC 5€", "“5€” is an amount of money"),
    ("en", "BTC 5 USD", "“5 USD” is an amount of money"),
    ("ru", "BTC 5 ₽", "“5₽” is an amount of money"),
    ("en", "BTC 5 10", "There is no name next to “10”."),
    ("en", "BTC -5", "BTC is negative"),
    ("en", "BTC 0", "The band of BTC must be between 0.5 and 50 points."),
    ("en", "BTC 60", "The band of BTC must be between 0.5 and 50 points."),
    ("en", "BTC 0%", "The relative band of BTC must be between 1% and 100%"),
    ("en", "BTC 101%", "The relative band of BTC must be between 1% and 100%"),
    ("en", "FUTURES 7%", "The band of FUTURES must be between 0.5 and 50 points."),
    ("en", "BTC 5 ETH 7", "ETH is in a line that you gave another band already."),
    ("en", "BTC wide", "I don't understand “wide” here."),
    ("ru", "BTC пошире", "I don't understand “пошире” here."),
    ("en", "BTC 5 relative", "I don't understand “relative” here."),
    ("en", "BTC 5 bp", "I don't understand “bp” here."),
    ("es", "BTC de 35 a 45", "A is not a line of your targets."),
    ("ru", "BTC от 35 до 45", "There is no name next to “45”."),
    ("en", "BTC 35-45", "“35-45” is not a number."),
    ("en", "btc from 35 to 45", "I don't understand “from” here."),
    ("es", "más ancha", "I don't understand “ancha” here."),
    ("en", "BTC", "There is no number after BTC."),
    ("en", "FOO 5", "FOO is not a line of your targets."),
    ("en", "ALT 1e1", "“1e1” is not a number."),
    ("en", "ALT 5p", "“5p” is not a number."),
    ("en", "ALT 5 ALT 6", "ALT is listed twice."),
]


def known(language: str) -> names.Names:
    """Return what may be named in a language."""
    return names.of_lines(LISTED, lines_called(CATALOGUE.words(language)))


def shares(text: str) -> dict[str, str]:
    """Read ``BTC 40 ALT 7%`` as it stands."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(("language", "typed", "meant"), WEIGHTS)
def test_weights_are_read_as_they_were_meant(language: str, typed: str, meant: str) -> None:
    """Whatever the order, the list, the signs and the language."""
    parsed = parsing.pairs(typed, known(language))
    assert parsed.problems == ()
    strategy, problems = strategies.own_weights(parsed.values, LISTED, BALANCED)
    assert problems == ()
    assert strategy is not None
    weights = {line: weight for line, weight in strategy.weights.items() if weight}
    assert weights == {line: Decimal(weight) / 100 for line, weight in shares(meant).items()}


@pytest.mark.parametrize(("language", "typed", "told"), BAD_WEIGHTS)
def test_weights_that_can_not_be_read_are_answered_with_what_to_write(language: str, typed: str, told: str) -> None:
    """No sign is lost and nothing is guessed."""
    parsed = parsing.pairs(typed, known(language))
    problems = parsed.problems or strategies.own_weights(parsed.values, LISTED, BALANCED)[1]
    assert any(told in str(problem) for problem in problems), [str(problem) for problem in problems]


@pytest.mark.parametrize(("language", "typed", "meant"), BANDS)
def test_bands_are_read_as_they_were_meant(language: str, typed: str, meant: str) -> None:
    """Points and per cent, of one line, of several, and of all; what is not named stays."""
    rules, problems = parsing.bands(typed, known(language))
    assert problems == ()
    strategy, problems = strategies.own_bands(rules, BALANCED)
    assert problems == ()
    assert strategy is not None
    expected = {line: rule_of(width) for line, width in shares(meant).items()}
    futures = expected.pop("FUTURES", BandRule(abs_pp=BALANCED.futures_band_pp))
    assert strategy.bands == {**BALANCED.bands, **expected}
    assert strategy.futures_band_pp == futures.abs_pp


def rule_of(width: str) -> BandRule:
    """Read ``7`` or ``7%``."""
    return BandRule(rel=Decimal(width[:-1]) / 100) if width.endswith("%") else BandRule(abs_pp=Decimal(width))


@pytest.mark.parametrize(
    ("language", "typed", "theta"),
    [
        *(("en", typed, "0") for typed in ("edge", "to the edge", "nearest edge", "to the egde")),
        *(("en", typed, "0.5") for typed in ("midpoint", "half-way", "halfway", "middle")),
        *(("en", typed, "1") for typed in ("target", "to target", "to the target")),
        *(("es", typed, theta) for typed, theta in (("borde", "0"), ("al borde", "0"), ("a medio camino", "0.5"), ("objetivo", "1"))),
        *(("ru", typed, theta) for typed, theta in (("край", "0"), ("к краю", "0"), ("середина", "0.5"), ("цель", "1"), ("к цели", "1"))),
        *(("en", typed, "") for typed in ("5", "BTC 5", "all 4", "ALT 25%", "soon")),
    ],
)
def test_where_a_rebalance_leads_to_is_read(language: str, typed: str, theta: str) -> None:
    """In a word, with slips, in the person's language; a band is none."""
    found = strategy_commands.destination(typed, CATALOGUE.words(language))
    assert found == (Decimal(theta) if theta else None)


@pytest.mark.parametrize(("language", "typed", "told"), BAD_BANDS)
def test_bands_that_can_not_be_read_are_answered_with_what_to_write(language: str, typed: str, told: str) -> None:
    """Out of range, of no line, two of one line, money."""
    rules, problems = parsing.bands(typed, known(language))
    problems = problems or strategies.own_bands(rules, BALANCED)[1]
    assert any(told in str(problem) for problem in problems), [str(problem) for problem in problems]


CHAT = [
    ("en", "/targets 40% BTC\n60% ETH", ("changed", "BTC", "40.0%", "ETH", "60.0%")),
    ("en", "/targets\n1. BTC 40\n2. USDT 60", ("changed", "BTC", "40.0%", "Stable", "60.0%")),
    ("en", "/targets BTC $40 ETH $60", ("“$40” is an amount of money", "An example that works: /targets BTC 40")),
    ("en", "/targets BTC 0.4 ETH 0.6", ("Write them in per cent: 40 for 0.4.",)),
    ("en", "/targets BTC 40 ETHH 60", ("ETHH has no price at this exchange. Did you mean ETH?",)),
    ("en", "/targets balanced", ("change to Balanced?",)),
    ("en", "/targets agressive", ("change to Aggressive?",)),
    ("es", "/targets equilibrada", ("¿cambiar a Equilibrada?",)),
    ("ru", "/targets консервативная", ("Консервативн",)),
    ("es", "/targets 40 % BTC y 60 % ETH", ("BTC", "40,0 %", "ETH", "60,0 %")),
    ("ru", "/targets BTC 40 ₽ ETH 60", ("«40₽»",)),
    ("en", "/targets btc eth equally", ("BTC", "50.0%")),
    ("es", "/targets BTC 60 y el resto en USDT", ("60,0 %", "40,0 %")),
    ("ru", "/targets половина btc, половина eth", ("BTC", "50,0 %")),
    ("ru", "/bands везде по 6", ("±6,0",)),
    ("en", "/bands 7", ("±7.0",)),
    ("en", "/bands edge", ("leads to the nearest edge",)),
    ("en", "/bands BTC $5", ("“$5” is an amount of money. Write the number alone, like 5.",)),
    ("es", "/bands todas 6 puntos", ("±6,0",)),
    ("ru", "/bands все 4 п.п.", ("±4,0",)),
]


@pytest.mark.long
async def test_weights_and_bands_are_taken_in_the_chat(tmp_path: Path) -> None:
    """In three languages; what names a preset shows it, and a press of its button uses it."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, told in CHAT:
            answer = (await people[language].say(typed)).replace("\xa0", " ")
            assert all(part in answer for part in told), answer


async def test_a_preset_may_be_named_where_own_weights_are_asked_for(tmp_path: Path) -> None:
    """In the set-up it is shown like any other; its button uses it."""
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.taps("Demo portfolio", "10,000", "Own weights")
        assert "Half in BTC and ETH, a wide band" in await ann.say("conservativ")
        await ann.tap("Use Conservative")
        portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert portfolio is not None
        assert portfolio.strategy.preset == "conservative"
