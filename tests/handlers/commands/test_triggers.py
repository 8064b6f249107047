"""/triggers in the chat: by taps, in words, in other languages, with everything that is wrong told in one answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.engine.bands import BandState
from chatbot.model import COVER, Cause, TriggerSetting
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from handlers.commands.trigger_text import read
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.handlers.views.view_examples import a_strategy, an_open_hedge
from tests.moments import after
from tests.person import ANN, Someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Strategy

D = Decimal
EN = CATALOGUE.words("en")


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


async def strategy_of(chat: Someone) -> Strategy:
    """Return the strategy that is stored."""
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    return portfolio.strategy


async def test_a_preset_begins_with_its_triggers_and_shows_them_with_a_picture(chat: Someone) -> None:
    """Balanced: volatility, trend and Fear & Greed are on; the others show what they read all the same."""
    text = await chat.say("/triggers")
    for part in ("☑ Volatility", "☑ Trend", "☐ Low funding · off", "☐ High funding · off", "☑ Fear & Greed", "limit 2.0x", "limit 25"):
        assert part in text, text
    assert chat.loopback.last(ANN.id).attachment is not None


async def test_taps_switch_and_turn_and_a_second_tap_on_an_old_button_changes_nothing(chat: Someone) -> None:
    """Buttons carry what they lead to, not a direction, so that an old one does what its label says."""
    await chat.say("/triggers")
    old = chat.with_button("☑ Volatility")
    await chat.tap("☑ Volatility")
    await chat.tap("☑ Volatility", on=old)
    assert not (await strategy_of(chat)).setting(Cause.VOLATILITY).on
    await chat.tap("☐ High funding")
    assert (await strategy_of(chat)).setting(Cause.FUNDING_HIGH).on
    await chat.say("/triggers vol")
    await chat.tap("Switch on")
    before = chat.with_button("2.1x ›")
    await chat.tap("2.1x ›")
    await chat.tap("2.1x ›", on=before)
    assert "starts at 2.1x the usual level" in chat.loopback.last(ANN.id).text
    assert (await strategy_of(chat)).setting(Cause.VOLATILITY) == TriggerSetting(on=True, params={"enter": D("2.1")})
    await chat.tap("‹ 2.0x")
    assert (await strategy_of(chat)).setting(Cause.VOLATILITY).params == {}, "a default is not kept as a choice"


async def test_a_limit_takes_its_end_along_where_they_would_cross(chat: Someone) -> None:
    """Fear & Greed from 25 to 30, 35 ...: it cannot end below where it starts."""
    await chat.say("/triggers fear")
    await chat.tap("30 ›")
    await chat.tap("35 ›")
    assert (await strategy_of(chat)).setting(Cause.FEAR_GREED).params == {"enter": D(35), "exit": D(35)}


async def test_the_modes_of_fear_are_chosen_beside_what_they_do_not_hedge(chat: Someone) -> None:
    """The table of the specification stands over the buttons."""
    text = await chat.say("/triggers fear & greed")
    for part in ("−18,720", "−20,720", "not that of the spot coins", "a rise of 30% liquidates"):
        assert part in text, text
    await chat.tap("beta")
    assert (await strategy_of(chat)).setting(Cause.FEAR_GREED).mode == "beta"
    assert "what is done in fear: beta" in chat.loopback.last(ANN.id).text
    await chat.say("/triggers fear book coverage 50")
    assert (await strategy_of(chat)).setting(Cause.FEAR_GREED) == TriggerSetting(on=True, params={"coverage": D("0.5")}, mode="book")


async def test_an_option_is_one_button_that_turns_it_round(chat: Someone) -> None:
    """It says that no edge is shown, is kept as chosen, and an old button does what its label said."""
    text = await chat.say("/triggers volatility")
    assert "falling begins only for a coin that has fallen in these 7 days: off." in text
    assert text.count("no edge is shown") == 2
    old = chat.with_button("☐ falling")
    await chat.tap("☐ falling")
    assert (await strategy_of(chat)).setting(Cause.VOLATILITY) == TriggerSetting(on=True, params={"down": D(1)})
    assert "in these 7 days: on." in chat.loopback.last(ANN.id).text
    await chat.tap("☐ falling", on=old)
    assert (await strategy_of(chat)).setting(Cause.VOLATILITY).params == {"down": D(1)}
    await chat.tap("☑ falling")
    assert (await strategy_of(chat)).setting(Cause.VOLATILITY).params == {}


@pytest.mark.long
async def test_all_coins_together_are_one_line(chat: Someone) -> None:
    """Turned on in the chat, the real machine measures what is held: one reading instead of one a coin, in every place."""
    await chat.say("/rebalance")
    await chat.confirm()
    text = await chat.say("/triggers volatility together on")
    assert "all coins" in text
    assert "SOL" not in text
    assert "Volatility of all coins" in await chat.say("/status")
    await chat.say("/why")
    assert "All your coins together are" in (await chat.taps("All triggers")).text
    await chat.say("/triggers volatility together off")
    assert "all coins" not in await chat.say("/triggers volatility")


async def test_settings_survive_new_weights_and_a_preset_brings_its_own_futures_trigger(chat: Someone) -> None:
    """What was tuned stays; which trigger moves the futures comes with the preset, and its card says so."""
    await chat.say("/triggers volatility 2.5 off")
    await chat.say("/triggers funding high 0.06 on")
    await chat.say("/targets BTC 40 ETH 30 USDT 20 FUTURES 10")
    tuned = (await strategy_of(chat)).triggers
    assert tuned[Cause.VOLATILITY] == TriggerSetting(on=False, params={"enter": D("2.5")})
    assert tuned[Cause.FUNDING_HIGH] == TriggerSetting(on=True, params={"enter": D("0.0006")})
    await chat.say("/targets")
    await chat.tap("Conservative")
    assert "Triggers: Trend, Low funding" in chat.loopback.last(ANN.id).text
    await chat.tap("Use it")
    after = (await strategy_of(chat)).triggers
    assert {name for name, setting in after.items() if setting.on} == {Cause.TREND, Cause.FUNDING_LOW}
    assert after[Cause.FUNDING_HIGH].params == {"enter": D("0.0006")}
    assert after[Cause.VOLATILITY] == tuned[Cause.VOLATILITY]


async def test_a_changed_trigger_leaves_what_was_told_of_the_lines(chat: Someone) -> None:
    """A line that has fired does not ring again because somebody switched a trigger; new weights arm it, and forget no hedge."""
    fired, hedge = BandState(fired=True, side="over", last_drift=D("0.06")), an_open_hedge(COVER)
    async with chat.program.db.transaction() as tx:
        before = await states.read(tx, 1)
        await states.write(tx, 1, before, replace(before, lines={"CORE": fired}, hedges=(hedge,)))
    await chat.say("/triggers fear 20")
    async with chat.program.db.read() as tx:
        assert (await states.read(tx, 1)).line("CORE") == fired
    await chat.say("/targets BTC 40 ETH 30 USDT 20 FUTURES 10")
    async with chat.program.db.read() as tx:
        after = await states.read(tx, 1)
    assert after.line("CORE") == states.ARMED
    assert after.hedges == (hedge,)


async def test_everything_that_is_wrong_comes_back_in_one_answer_and_nothing_is_changed(chat: Someone) -> None:
    """Four mistakes, one message, an example that works."""
    before = await strategy_of(chat)
    answer = await chat.say("/triggers fear 200 days 1.5 <b>foo</b> mode beta beta")
    for part in (
        "I don't understand “<b>foo</b>”",
        "“beta” contradicts",
        "limit must be between 5 and 50",
        "days must be a whole number",
        "/triggers volatility 2.5",
    ):
        assert part in answer, answer
    assert await strategy_of(chat) == before


async def test_help_and_why_speak_of_the_triggers(chat: Someone) -> None:
    """/help explains each with its honest note; /why says what each would have to reach."""
    await chat.say("/help")
    await chat.tap("How the triggers work")
    text = chat.loopback.last(ANN.id).text
    for part in ("no sign of an edge", "not that of the spot coins", "the only trigger that adds risk", "does not time the market"):
        assert part in text, text
    await chat.say("/why")
    why = (await chat.taps("All triggers")).text
    for part in ("would have to reach 2.0x", "futures go neutral below 25. Source: made up.", "Switched off: Low funding, High funding"):
        assert part in why, why
    status = await chat.say("/status")
    assert "(futures neutral below 25) · made up" in status
    assert "(cuts at 2.0x)" in status


def chosen(*, on: bool = False, mode: str = "", **params: str) -> TriggerSetting:
    """Return a setting with these parameters."""
    return TriggerSetting(on=on, mode=mode, params={name: D(value) for name, value in params.items()})


@pytest.mark.parametrize(
    ("text", "language", "trigger", "setting"),
    [
        ("volatility 2.5", "en", Cause.VOLATILITY, chosen(enter="2.5")),
        ("Volatility 2.5x end=1.8x days 20 on", "en", Cause.VOLATILITY, chosen(on=True, enter="2.5", exit="1.8", days="20")),
        ("volatility together on falling", "en", Cause.VOLATILITY, chosen(together="1", down="1")),
        ("volatility falling on", "en", Cause.VOLATILITY, chosen(down="1")),
        ("volatility 2.5 falling", "en", Cause.VOLATILITY, chosen(enter="2.5", down="1")),
        ("volatility on falling off", "en", Cause.VOLATILITY, chosen(on=True)),
        ("volatilidad bajando sí", "es", Cause.VOLATILITY, chosen(down="1")),
        ("волатильность падение вкл", "ru", Cause.VOLATILITY, chosen(down="1")),
        ("funding high 0.06", "en", Cause.FUNDING_HIGH, chosen(enter="0.0006")),
        ("high funding 0.06% keep 40%", "en", Cause.FUNDING_HIGH, chosen(enter="0.0006", factor="0.4")),
        ("funding low -0.02", "en", Cause.FUNDING_LOW, chosen(enter="-0.0002")),
        ("low \u22120.02 most 20 step 2 blocks 4", "en", Cause.FUNDING_LOW, chosen(enter="-0.0002", most="0.2", step="0.02", blocks="4")),
        ("trend 12", "en", Cause.TREND, chosen(zigzag="0.12")),
        ("trend 12." + "1" * 30, "en", Cause.TREND, chosen(zigzag="0.121111")),
        ("Fear & Greed 20 mode portfolio coverage 50", "en", Cause.FEAR_GREED, chosen(enter="20", coverage="0.5", mode="portfolio")),
        ("volatilidad límite 2,5 fin 1,8 no", "es", Cause.VOLATILITY, chosen(enter="2.5", exit="1.8")),
        ("высокий фандинг 0,06 остаток 40 вкл", "ru", Cause.FUNDING_HIGH, chosen(on=True, enter="0.0006", factor="0.4")),
        ("страх 20", "ru", Cause.FEAR_GREED, chosen(enter="20")),
        ("погода", "ru", "", None),
    ],
)
def test_words_are_read_in_english_and_in_the_persons_language(
    text: str, language: str, trigger: str, setting: TriggerSetting | None
) -> None:
    """Numbers are in the unit in which they are shown; accents, capitals and signs do not matter."""
    asked = read(text, CATALOGUE.words(language), a_strategy())
    assert (asked.trigger or "") == trigger
    assert bool(asked.problems) == (setting is None)
    if setting is not None:
        assert asked.strategy.setting(trigger) == setting


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "There is no trigger called"),
        ("foo 3", "They are: {names}"),
        ("volatilty 2.5", "Did you mean {name}?"),
        ("\u202e🚀", "There is no trigger called"),
        ("volatility 1.1", "must be between"),
        ("volatility 1.3", "it cannot end at"),
        ("volatility 2.5 3", "contradicts"),
        ("volatility end", "There is no number after"),
        ("volatility falling 1", "I don't understand"),
        ("volatility falling on falling off", "contradicts"),
        ("volatility end soon", "is not a number"),
        ("volatility 1,2,3", "is not a number"),
        ("volatility on off", "contradicts"),
        ("volatility mode beta", "I don't understand"),
        ("volatility score 3", "I don't understand"),
        ("fear 24.5", "must be a whole number"),
        ("fear -3", "must be between"),
        ("fear 9e999", "is not a number"),
        ("fear " + "9" * 500, "is not a number"),
        ("funding low 0.5", "must be between"),
        ("trend " + "on " * 20, "too much for one trigger"),
    ],
)
def test_each_mistake_is_told(text: str, told: str) -> None:
    """A sentence for each, never a crash, and the strategy stays as it is."""
    base = a_strategy()
    asked = read(text, EN, base)
    assert any(told in problem.msgid for problem in asked.problems), asked.problems
    assert asked.strategy == base


@pytest.mark.parametrize("name", strategies.preset_names())
def test_each_preset_has_volatility_trend_and_its_own_futures_trigger(name: str) -> None:
    """Conservative low funding, Balanced Fear & Greed, Aggressive high funding."""
    own = {"conservative": Cause.FUNDING_LOW, "balanced": Cause.FEAR_GREED, "aggressive": Cause.FUNDING_HIGH}[name]
    found = strategies.preset(name, ("BTC", "ETH", "SOL", "BTC-PERP", "ETH-PERP"))
    assert {trigger for trigger, setting in found.triggers.items() if setting.on} == {Cause.VOLATILITY, Cause.TREND, own}


async def test_a_knob_of_many_digits_has_buttons_all_the_same(chat: Someone) -> None:
    """Typed now, or stored before such numbers were rounded."""
    assert "Volatility" in await chat.say("/triggers volatility 2.4" + "9" * 30)
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    long = strategies.tuned(portfolio.strategy, Cause.VOLATILITY, {"enter": D("2.4" + "1" * 40)})
    await chat.program.portfolios.change(portfolio, strategy=long)
    await chat.say("/triggers volatility")
    await chat.tap("‹ 2.31x")
    changed = await chat.program.portfolios.by_id(1)
    assert changed is not None
    assert changed.strategy.setting(Cause.VOLATILITY).params["enter"] == D("2.311111")
