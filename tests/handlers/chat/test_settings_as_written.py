"""Numbers of settings as people write them: in words, as ½, with a unit, in three languages; and what must not be read as one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import UserError
from chatbot.model import AlertSettings, AnswerMode, AutoLimits, Cause, ScheduleRule
from chatbot.portfolio import strategies
from handlers.chat import parsing
from handlers.commands import alerts, hedge, mode, schedule, trigger_text
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.moments import after
from tests.person import START, Someone

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal
BALANCED = strategies.preset("balanced", ("BTC", "ETH", "SOL", "BTC-PERP"))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30", 30),
        ("٣٠", 30),
        ("30 min", 30),
        ("ninety minutes", 90),
        ("half an hour", 30),
        ("1.5h", 90),
        ("1½ hours", 90),
        ("after 4 hours", 240),
        ("media hora", 30),
        ("tras dos horas", 120),
        ("через полтора часа", 90),
        ("полчаса", None),
        ("24 h", 1440),
        ("25 h", None),
        ("0", None),
        ("-30", None),
        ("0.7", None),
        ("1,5,5 h", None),
        ("30 days", None),
        ("30 40", None),
        ("9" * 30, None),
    ],
)
def test_after_how_long_a_plan_is_reduced(text: str, minutes: int | None) -> None:
    """As the button says it, in minutes or hours; a part of a minute, a day and two numbers are none."""
    if minutes is None:
        with pytest.raises(UserError):
            mode.read_minutes(text.split())
    else:
        assert mode.read_minutes(text.split()) == minutes


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("500 ten percent", AutoLimits(trade=D(500), share=D("0.1"))),
        ("five hundred 10 per cent", AutoLimits(trade=D(500), share=D("0.1"))),
        ("½k 10 %", AutoLimits(trade=D(500), share=D("0.1"))),
        ("quinientos 10 por ciento", AutoLimits(trade=D(500), share=D("0.1"))),
        ("пятьсот 10 процентов", AutoLimits(trade=D(500), share=D("0.1"))),
    ],
)
def test_limits_in_words(text: str, limits: AutoLimits) -> None:
    """Two numbers side by side are two."""
    assert mode.read_limits(text.split()) == limits


@pytest.mark.parametrize(
    "text",
    [
        *("fifty twenty", "50 twenty", "½ 20", "1/2 20", "half twenty", "0.5 20%", "fifty per cent if btc falls twenty per cent"),
        *("cincuenta veinte", "mitad veinte", "un 50% si cae un 20%", "пятьдесят двадцать", "половину двадцать"),
    ],
)
def test_a_hedge_in_words(text: str) -> None:
    """Half of the loss of a fall by a fifth."""
    wish, found = hedge.read(text)
    assert not found
    assert wish is not None
    assert (wish.coverage, wish.drop) == (D("0.5"), D("0.2"))


@pytest.mark.parametrize(
    ("text", "language", "limit"),
    [
        ("volatility two and a half", "en", "2.5"),
        ("volatility 2¾", "en", "2.75"),
        ("volatilidad dos y medio", "es", "2.5"),
        ("волатильность два с половиной", "ru", "2.5"),
    ],
)
def test_a_limit_of_a_trigger_in_words(text: str, language: str, limit: str) -> None:
    """Two and a half is no two."""
    asked = trigger_text.read(text, CATALOGUE.words(language), BALANCED)
    assert not asked.problems
    assert asked.trigger is not None
    assert D(limit) in asked.strategy.setting(asked.trigger).params.values()


@pytest.mark.parametrize(
    ("text", "language", "hours"),
    [
        ("reminder four hours", "en", 4),
        ("remind every 12 hours", "en", 12),
        ("recordar cada cuatro horas", "es", 4),
        ("напомнить каждые четыре часа", "ru", 4),
    ],
)
def test_a_reminder_in_words(text: str, language: str, hours: int) -> None:
    """The unit is no kind of alert."""
    settings, found = alerts.read(text, CATALOGUE.words(language), AlertSettings())
    assert not found
    assert settings.reminder_h == hours


@pytest.mark.parametrize(("text", "points"), [("half a point", "0.5"), ("three and a half points", "3.5"), ("dos puntos y medio", "2.5")])
def test_a_width_in_words(text: str, points: str) -> None:
    """Of every line."""
    rules, found = parsing.bands(text)
    assert not found
    assert {rule.abs_pp for rule in rules.values()} == {D(points)}


@pytest.mark.parametrize(
    ("text", "language", "least"),
    [
        ("drift at least three points", "en", "3"),
        ("drift is more than two and a half points", "en", "2.5"),
        ("drift is no less than 3", "en", "3"),
        ("desvío de al menos tres puntos", "es", "3"),
        ("la desviación es de dos puntos y medio", "es", "2.5"),
        ("отклонение не меньше трёх пунктов", "ru", "3"),
        ("отклонение больше полутора пунктов", "ru", "1.5"),
        ("drift >= -3", "en", ""),
        ("drift is no more than 3 points", "en", ""),
        ("drift of a few points", "en", ""),
        ("отклонение меньше трёх пунктов", "ru", ""),
    ],
)
def test_how_far_a_run_waits_for_in_words(text: str, language: str, least: str) -> None:
    """A distance that is spoken of is read or refused, never taken for "outside its band"."""
    changes, found = schedule.read(f"weekly only if {text}", CATALOGUE.words(language), None)
    assert bool(found) == (not least)
    assert changes.get("least") == (D(least) / 100 if least else None)
    assert "only_outside" not in changes


async def test_a_regular_amount_and_a_drift_are_not_both_taken(tmp_path: Path) -> None:
    """The amount is invested whatever has drifted: a condition beside it would be dropped in silence."""
    async with after(Someone.set_up, tmp_path) as chat:
        for text in ("/schedule $100 weekly only if drift >= 2", "/schedule $100 weekly outside"):
            assert "whatever has drifted" in await chat.say(text)
        await chat.say("/schedule $100 weekly mon")
        assert "whatever has drifted" in await chat.say("/schedule only if drift >= 2")
        assert "invest $100.00" in await chat.say("/schedule")


def test_a_rule_that_waited_may_become_a_regular_amount() -> None:
    """What it waited for is not said again with it."""
    waits = ScheduleRule(freq="weekly", time="09:00", zone="UTC", set_at=START, least=D("0.02"))
    assert not schedule.read("$100 weekly", CATALOGUE.words("en"), waits)[1]


ON_OFF = [
    ("en", "turn off volatility", "volatility", False),
    ("en", "switch the trend on", None, None),
    ("en", "disable trend", "trend", False),
    ("en", "enable fear", "fear_greed", True),
    ("en", "volatility off", "volatility", False),
    ("es", "desactivar volatilidad", "volatility", False),
    ("es", "apaga la tendencia", "trend", False),
    ("es", "activa el funding bajo", "funding_low", True),
    ("ru", "отключи тренд", "trend", False),
    ("ru", "включи волатильность", "volatility", True),
]


@pytest.mark.parametrize(("language", "text", "trigger", "on"), ON_OFF, ids=[ascii(text) for _, text, _, _ in ON_OFF])
def test_a_trigger_is_switched_with_the_verb_before_it(language: str, text: str, trigger: str | None, on: bool | None) -> None:
    """As people say it, and as it was: the switch behind the name; what is neither is told."""
    asked = trigger_text.read(text, CATALOGUE.words(language), BALANCED)
    if trigger is None:
        assert asked.problems
        return
    assert asked.problems == ()
    assert asked.trigger == trigger
    assert asked.strategy.setting(Cause(trigger)).on is on


@pytest.mark.parametrize(
    ("language", "text", "limit"),
    [("en", "volatility limit 2.5 times", "2.5"), ("es", "miedo 20", "20"), ("ru", "страх 20", "20"), ("en", "sentiment 20", "20")],
)
def test_a_trigger_is_called_as_its_alert_is(language: str, text: str, limit: str) -> None:
    asked = trigger_text.read(text, CATALOGUE.words(language), BALANCED)
    assert asked.problems == ()
    assert asked.trigger is not None
    assert D(limit) in asked.strategy.setting(asked.trigger).params.values()


def test_a_name_that_two_triggers_share_is_told_with_both() -> None:
    (problem,) = trigger_text.read("funding 0.05%", CATALOGUE.words("en"), BALANCED).problems
    assert str(problem) == "There is no trigger called “funding”. Did you mean Low funding / High funding?"


WAYS = [
    *(("en", text, AnswerMode.NOTIFY) for text in ("only tell me", "tell me", "notify", "Notify only", "tell")),
    *(("es", text, AnswerMode.NOTIFY) for text in ("solo avisar", "solo avisarme", "avísame")),
    *(("ru", text, AnswerMode.NOTIFY) for text in ("только сообщать", "сообщай")),
    *(("en", text, AnswerMode.ASK) for text in ("ask", "ask me", "auto off")),
    *(("es", text, AnswerMode.ASK) for text in ("preguntarme", "auto no")),
    *(("ru", text, AnswerMode.ASK) for text in ("спрашивай", "авто выкл")),
    ("en", "automatic 500 10%", AnswerMode.AUTO),
    ("es", "automático", AnswerMode.AUTO),
    ("ru", "автоматически", AnswerMode.AUTO),
]


@pytest.mark.parametrize(("language", "text", "way"), WAYS, ids=[ascii(text) for _, text, _ in WAYS])
def test_a_way_to_answer_is_read_as_its_button_says_it(language: str, text: str, way: AnswerMode) -> None:
    """Spanish "solo avisar" began like "solo", by itself, and was asked for limits."""
    meant, rest = mode.way_meant(text.split(), CATALOGUE.words(language))
    assert meant is way
    assert rest == (["500", "10%"] if "500" in text else [])
