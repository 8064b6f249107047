"""The look of all pictures, measured: contrast, colours for eyes without red or green, a line's own colour, and no empty quarter."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from random import Random

import numpy as np
import pytest
from PIL import Image

from chatbot.charts import canvas, look
from chatbot.charts.allocation import allocation_picture, change_picture, preset_picture
from chatbot.charts.exposure import exposure_picture
from chatbot.charts.gauges import gauges_picture
from chatbot.charts.labels import Gauge, Labels
from chatbot.charts.look import GROUND, LINES, colours_of
from chatbot.charts.shock_figures import ShockBar
from chatbot.charts.shocks import shocks_picture
from chatbot.model import ALT, CORE, FUTURES, STABLE, AssetExposure, LineReading, PortfolioFigures
from tests.charts.looking import SIGHTS, contrast, difference, of_colour, opened

D = Decimal
#: messages of a chat by day and by night, where pictures stand: Telegram's, and the demo page's
CHATS = ("#FFFFFF", "#182533", "#1A2731")
COINS = ("BTC", "ETH", "SOL", "BNB", "XRP", "ADA", "DOGE", "LINK", "AVAX", "DOT", "PEPE", "1000SATS", "A" * 40)


def test_text_has_a_contrast_of_4_5_and_lines_and_areas_of_3() -> None:
    """Measured against the ground by the rule of WCAG; the field of a band may be quieter, because its two marks say where it ends."""
    for colour in (look.TEXT, look.FAINT, look.OUTSIDE):
        assert contrast(colour, GROUND) >= 4.5, colour
    for colour in (*LINES, look.INSIDE, look.SPOT, look.WITHOUT, look.BOOK):
        assert contrast(colour, GROUND) >= 3, colour
    for colour in (look.FAINT, look.INSIDE, look.OUTSIDE):
        assert contrast(colour, look.FIELD) >= 3, colour


@pytest.mark.parametrize("text", ["均衡 · 计划 27", "متوازنة −0.2%", "Überblick", "Баланс", "dönüş"])
def test_every_language_of_the_bot_can_be_drawn(text: str) -> None:
    """No square stands for a letter; Arabic is marked so that its numbers keep their signs."""
    assert canvas.printable(text).translate(dict.fromkeys(map(ord, "\u2066\u2069\u200f"))) == text
    assert canvas.printable("漢 かな") == "▫ ▫▫"


def test_the_ground_neither_glares_by_night_nor_is_a_hole_by_day() -> None:
    """It stays near a dark chat, where white would be 15 times as light, and nothing drawn on it is brighter than its text."""
    night = [contrast(GROUND, chat) for chat in CHATS[1:]]
    assert max(night) < 1.5
    assert contrast(GROUND, CHATS[0]) < contrast("#000000", CHATS[0]) * 0.65
    assert all(contrast(colour, GROUND) <= contrast(look.TEXT, GROUND) for colour in LINES)


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_of_lines_are_told_apart_with_every_sight(sight: str) -> None:
    """The four kinds lie far apart, any two of the twelve well apart, and bars that stand together too."""
    seen = SIGHTS[sight]
    assert min(difference(one, other, seen) for one, other in combinations(LINES[:4], 2)) >= 35
    assert min(difference(one, other, seen) for one, other in combinations(LINES, 2)) >= 15
    for group in ((look.SPOT, look.BOOK, look.TEXT), (look.WITHOUT, look.BOOK), (look.INSIDE, look.OUTSIDE)):
        assert min(difference(one, other, seen) for one, other in combinations(group, 2)) >= 20, group


def test_bars_that_stand_together_differ_in_lightness() -> None:
    """Who sees no colours at all still tells them apart: on paper, in a grey screenshot."""
    for group in ((GROUND, look.BOOK, look.SPOT, look.TEXT), (GROUND, look.BOOK, look.WITHOUT), (GROUND, look.OUTSIDE, look.INSIDE)):
        assert min(contrast(one, other) for one, other in combinations(group, 2)) >= 1.35, group


def test_a_line_has_its_colour_whatever_the_strategy_and_wherever_it_stands() -> None:
    """In any order, with any other lines: the kinds and the well-known coins keep theirs, and no two lines of a picture share one."""
    kinds, known = (CORE, ALT, STABLE, FUTURES), COINS[1:9]
    own = colours_of((*kinds, *known))
    assert len(set(own.values())) == 12
    chance = Random(5)
    for _ in range(200):
        lines = chance.sample((*kinds, *COINS[1:]), chance.randint(1, 12))
        colours = colours_of(lines)
        assert len(set(colours.values())) == len(lines)
        assert {line: colours[line] for line in kinds if line in lines} == {line: own[line] for line in kinds if line in lines}
        assert all(colours[line] == own[line] for line in known if line in lines)
    assert colours_of(["BTC", ALT, STABLE])["BTC"] == own[CORE], "BTC alone is what BTC/ETH is elsewhere"


def test_a_coin_that_nobody_knows_keeps_its_colour_too() -> None:
    """It is found by its name: the same with fewer, more or other kinds beside it, as long as no other line has that colour."""
    for coin in ("DOT", "PEPE", "W"):
        assert len({colours_of((coin, *others))[coin] for others in ((), ("ZZZ",), ("YYY", "ZZZ"))} | {colours_of((coin,))[coin]}) == 1


def test_more_lines_than_colours_are_drawn_all_the_same() -> None:
    """Fourteen lines: some colours come twice, none is missing."""
    assert len(colours_of(f"C{at}" for at in range(14))) == 14


def _portfolio(count: int, chance: Random) -> PortfolioFigures:
    """Return a portfolio of so many lines, some of them tiny, some far from their target."""
    sizes = [10 ** chance.uniform(-4, 1) for _ in range(count)]
    aims = [10 ** chance.uniform(-2, 0) for _ in range(count)]
    names = [CORE, ALT, STABLE, FUTURES, *COINS][:count] if chance.random() < 0.5 else list(COINS[:count])
    lines = []
    for name, size, aim in zip(names, sizes, aims, strict=True):
        weight, target = D(str(size / sum(sizes))), D(str(aim / sum(aims)))
        band = None if name == FUTURES else D("0.05")
        breach = "over" if abs(weight - target) > D("0.05") else None
        lines.append(LineReading(line=name, weight=weight, target=target, band=band, breach=breach))
    return PortfolioFigures(
        value=D(10) ** chance.randint(2, 9), lines=tuple(lines), net=D(1), gross=D(1), futures_net=D(0), beta=D(1), leverage=None
    )


def _labels(figures: PortfolioFigures, title: str) -> Labels:
    return Labels(
        title=title,
        outer="outer ring: now",
        inner="inner ring: target",
        bars="Drift, points, and band",
        centre=f"${figures.value:,}",
        lines={line.line: line.line[:12] for line in figures.lines},
        numbers={line.line: f"{100 * line.drift:+.1f}" for line in figures.lines},
        facts={line.line: f"{100 * line.weight:.1f} → {100 * line.target:.1f}" for line in figures.lines},
    )


def _emptiest(data: bytes) -> tuple[float, float]:
    """Return how much of the emptiest quarter is empty, and how large the largest hole in the whole, in cells of 25 pixels."""
    ink = ~of_colour(opened(data), GROUND)
    tall = ink.shape[0] // 2
    quarters = [ink[rows, columns] for rows in (slice(0, tall), slice(tall, None)) for columns in (slice(0, 400), slice(400, None))]
    return max(1 - _cells(quarter).mean() for quarter in quarters), _largest_hole(_cells(ink))


def _cells(ink: np.ndarray) -> np.ndarray:
    """Return which cells have ink; a rest at the edge belongs to the last one."""
    shrunk = Image.fromarray(ink.astype(np.uint8) * 255).resize((ink.shape[1] // 25, ink.shape[0] // 25), Image.Resampling.BOX)
    return np.asarray(shrunk) > 0


def _largest_hole(cells: np.ndarray) -> float:
    """Return the largest rectangle of cells without ink, as a share of all."""
    best, run = 0, np.zeros(cells.shape[1], dtype=int)
    for row in cells:
        run = np.where(row, 0, run + 1)
        for at in range(len(run)):
            low = run[at]
            for end in range(at, len(run)):
                low = min(low, run[end])
                if not low:
                    break
                best = max(best, int(low) * (end - at + 1))
    return best / cells.size


@pytest.mark.parametrize("count", range(1, 13))
def test_no_quarter_of_a_portfolios_picture_is_empty(count: int) -> None:
    """One to twelve lines, long names, tiny and huge values: no hole is larger than a ninth, or a fifth with one line."""
    chance = Random(count)
    figures, title = _portfolio(count, chance), chance.choice(("Balanced", "A portfolio with a long name of its own"))
    labels = _labels(figures, title)
    for data in (
        allocation_picture(figures, labels),
        change_picture(figures, _portfolio(count, Random(count)), labels),
        preset_picture(figures, labels),
    ):
        empty, hole = _emptiest(data)
        assert empty <= 0.87, empty
        assert hole <= {1: 0.19, 2: 0.16}.get(count, 0.11), hole


@pytest.mark.parametrize("count", [3, 5, 8, 12])
def test_no_quarter_of_the_other_pictures_is_empty(count: int) -> None:
    """Exposure, triggers and shocks: with few rows the picture is low instead of empty."""
    chance = Random(count)
    labels = Labels(title="Balanced", bars="Net, % of the value", legend=("spot", "futures", "net"), numbers=dict.fromkeys(COINS, "+12.3"))
    book = [AssetExposure(asset=COINS[at], spot=D(chance.randint(0, 9000)), futures=D(chance.randint(-9000, 9000))) for at in range(count)]
    gauges = [
        Gauge(name=f"Volatility {COINS[at]}", value="1.4x / 2.0x", state="armed", position=chance.uniform(-1, 3)) for at in range(count)
    ]
    moves = [
        ShockBar(name=f"−{10 * at}%", without=chance.uniform(-1, 1), hedged=chance.uniform(-1, 1), said=("−11.4", "−5.7"))
        for at in range(count)
    ]
    for data in (exposure_picture(book, D(95_575), labels), gauges_picture(gauges, labels), shocks_picture(moves, labels)):
        empty, hole = _emptiest(data)
        assert empty <= 0.87, empty
        assert hole <= 0.16, hole
