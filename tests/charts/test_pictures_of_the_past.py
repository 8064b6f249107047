"""Weights over time, months and bars of triggers: nothing overlaps, what they say can be read off them, and anything can be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from chatbot.charts import gains, months
from chatbot.charts.curves import GainBar, Layer, Layers, MonthCell, Months
from chatbot.charts.gains import gains_picture
from chatbot.charts.labels import Labels
from chatbot.charts.layers import layers_picture
from chatbot.charts.look import FIELD, GROUND, LINES, TEXT
from chatbot.charts.months import months_picture, tone
from handlers.views.past import pictures
from tests.charts.looking import SIGHTS, assert_apart, contrast, difference, of_colour, opened, watched
from tests.handlers.views.test_everywhere import CATALOGUE

LABELS = Labels(title="Review", bars="what it shows")
AT = (0.0, 0.5, 1.0)
THREE = Layers(
    at=AT,
    layers=(
        Layer(line="CORE", weights=(0.5, 0.6, 0.25), said="25.0%"),
        Layer(line="ALT", weights=(0.4, 0.3, 0.5), said="50.0%"),
        Layer(line="STABLE", weights=(0.1, 0.1, 0.25), said="25.0%"),
    ),
    ends=("5 Jan 2026", "24 Jul 2026"),
)
CELL = MonthCell(value=0.05, said="+5.0")
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year")
YEAR = (*(None,) * 4, *(CELL,) * 8, MonthCell(value=0.477, said="+47.7"))
BARS = (
    GainBar(name="Drift", value=1234.5, said="+$1,234.50", fact="12 done, 2 not done"),
    GainBar(name="Schedule", value=-617.25, said="−$617.25", fact="9 done, 0 not done"),
    GainBar(name="Trend", value=0.0, said="$0.00"),
)


def test_layers_fill_the_field_in_their_own_colours_up_to_their_weights() -> None:
    """At the right end the lowest is a quarter of the field, the middle one a half."""
    image = opened(layers_picture(THREE, LABELS))
    assert image.size == (800, 600)
    heights = [int(of_colour(image, colour)[124:548, 630].sum()) for colour in LINES[:3]]
    assert heights == pytest.approx([106, 212, 106], abs=5)


def test_numbers_of_many_thin_layers_stand_apart() -> None:
    """Up to six are named in one row; of more, each has its name at its number."""
    for count in (1, 3, 6, 9, 14, 30):
        layers = tuple(Layer(line=f"ОЧЕНЬДЛИННАЯ{at}", weights=(1 / count,) * 3, said=f"{100 / count:.1f}%") for at in range(count))
        with watched() as written:
            layers_picture(Layers(at=AT, layers=layers, ends=("5 янв. 2026 г.", "24 июл. 2026 г.")), LABELS)
        assert_apart(written)
        assert sum("%" in one.text for one in written) == min(count, 15)


def test_months_have_their_numbers_in_the_colour_of_their_sign() -> None:
    """Months that were not lived are empty; the largest have the deepest tones, on which the numbers can be read by everybody."""
    lost = (MonthCell(value=-0.2, said="−20.0"), *YEAR[1:])
    shown = Months(rows=NAMES, years=(("2025", YEAR), ("2026", lost)))
    with watched() as written:
        image = opened(months_picture(shown, LABELS))
    assert_apart(written)
    assert [one.text for one in written].count("+5.0") == 16
    assert of_colour(image, months.LOST).sum() > 2000
    assert not of_colour(image, FIELD)[128:160, 140:280].any(), "January 2025 is empty"
    assert all(contrast(TEXT, tone(share / 10)) >= 4.5 for share in range(-10, 11))
    assert all(difference(months.WON, months.LOST, sight) > 40 for sight in SIGHTS.values())


def test_the_months_of_a_first_year_fill_the_picture() -> None:
    """Two of twelve rows in a sixth of the width were all that it showed."""
    drawn = pictures.months(CATALOGUE.words("en"), {(2026, 10): 0.064, (2026, 11): 0.09, (2026, 0): 0.16}, "return in %")
    assert drawn.months is not None
    assert drawn.months.rows == ("Oct", "Nov", "Year")
    image = opened(months_picture(drawn.months, LABELS))
    assert of_colour(image, GROUND)[128:, 140:].mean() < 0.25, "no quarter of it is empty"


def test_ten_years_and_long_names_of_months_fit() -> None:
    """The latest six are shown."""
    years = tuple((str(2017 + at), YEAR) for at in range(10))
    with watched() as written:
        months_picture(Months(rows=tuple(name * 9 for name in NAMES), years=years), LABELS)
    assert_apart(written)
    assert [one.text for one in written if one.text.startswith("20")] == ["2021", "2022", "2023", "2024", "2025", "2026"]


def test_bars_go_to_their_side_as_far_as_their_share() -> None:
    """What was lost goes half as far as what was won goes to the other side; nothing is a thin line."""
    image = opened(gains_picture(BARS, LABELS))
    won, lost = of_colour(image, gains.WON), of_colour(image, gains.LOST)
    wide = [int(np.ptp(np.flatnonzero(seen[top : top + 74].any(axis=0)))) for seen, top in ((won, 96), (lost, 170))]
    assert wide[0] == pytest.approx(2 * wide[1], abs=6)
    assert np.flatnonzero(won[96:170].any(axis=0)).min() >= np.flatnonzero(lost[170:244].any(axis=0)).max()
    assert all(difference(gains.WON, gains.LOST, sight) > 40 for sight in SIGHTS.values())
    assert min(contrast(gains.WON, GROUND), contrast(gains.LOST, GROUND)) >= 3


def test_twenty_bars_with_long_names_stand_apart() -> None:
    """Ten are shown; a row that is low has smaller letters."""
    for count in (1, 6, 10, 20):
        with watched() as written:
            image = opened(
                gains_picture(
                    [GainBar(name="Новые цели" * 4, value=at - 3, said="+1 234 567,89 $", fact="9 исп., 1 нет" * 3) for at in range(count)],
                    LABELS,
                )
            )
        assert_apart(written)
        assert image.height <= 600


@pytest.mark.parametrize("name", ["<b>&\"'{}%", "$\\frac{1}{2}$", "🚀🔥💎", "A" * 300, "", "\x00", "علي"], ids=ascii)
def test_anything_can_be_drawn(name: str) -> None:
    """Whatever a coin or a language calls it, and whatever the numbers are."""
    labels = Labels(title=name, bars=name, lines={name: name})
    layers = Layers(at=(0.0, 1.0), layers=(Layer(line=name, weights=(0.0, 1e30), said=name),), ends=(name, name))
    cell = MonthCell(value=1e30, said=name)
    assert opened(layers_picture(layers, labels)).size == (800, 600)
    assert opened(months_picture(Months(rows=(name,) * 13, years=((name, (cell,) * 13),)), labels)).size == (800, 600)
    assert opened(
        gains_picture((GainBar(name=name, value=-1e30, said=name, fact=name), GainBar(name=name, value=1e-30, said=name)), labels)
    )
