"""The first minute: what this is, which kind of portfolio, how much, which strategy, done."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import Mode
from chatbot.portfolio.names import SPOT_ONLY
from chatbot.portfolio.strategies import is_spot_only, is_without_futures, preset_names
from chatbot.values import dataclass
from handlers.buttons import Style
from handlers.views.common import (
    DASH,
    DOT,
    View,
    bold,
    button,
    captioned,
    clip,
    code,
    esc,
    head,
    joined,
    mark,
    named,
    page,
    played,
    preset_name,
    say,
)
from handlers.views.portfolio.strategy import dollar_line, members_line, rules_lines, strategy_picture, strategy_table, weights_example
from handlers.views.trigger.signals import switched_on_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.i18n import Words
    from chatbot.model import Portfolio, Strategy
    from chatbot.portfolio.manage import UnderWay
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

AMOUNTS = (1_000, 10_000, 100_000)
ZERO = Decimal(0)
#: from here on cents say nothing
_WHOLE = Decimal(100)
#: languages that the first page names
_MOST_LANGUAGES = 3
HOLDINGS_EXAMPLE = "BTC 0.5, ETH 4, SOL 60, USDT 2500"
#: name of the strategy whose targets are what is held when it is chosen
TODAY = "today"
_ABOUT = {
    "conservative": N_("Half in BTC and ETH, a wide band: few trades, the calmest of the three."),
    "balanced": N_("BTC and ETH as much as other coins, a tenth in cash, a tenth in futures."),
    "aggressive": N_("Half in other coins, little cash, a narrow band: the most trades, the deepest falls."),
    TODAY: N_("What you hold now, each coin at the weight it has now: nothing is traded until something drifts."),
}
_ABOUT_SPOT = {"balanced": N_("BTC and ETH as much as other coins, the rest in cash.")}


def welcome(words: Words, languages: Sequence[str], *, demo: bool = False, connects: bool = True, tour: bool = False) -> View:
    """Say in three lines what this is, and offer the ways to begin: an exchange where one ``connects``, a ``tour``, the ``languages``."""
    text = page(
        bold("Ballast"),
        say(words, "I keep a crypto portfolio in balance over spot and futures."),
        say(words, "I watch how far it has drifted, say why it matters, and propose one plan."),
        say(words, "Nothing is traded before you press Confirm."),
        "",
        _kinds(words, demo=demo),
        say(words, "With a key of your exchange I watch your account, and trade there only after your consent.") if connects else None,
        say(words, "With typed-in holdings you trade by hand and I do the sums."),
    )
    mode = Mode.DEMO if demo else Mode.PAPER
    more = "…" if len(languages) > _MOST_LANGUAGES else ""
    paper = words.t("Demo portfolio") if demo else words.t("Paper portfolio")
    return View(
        text,
        (
            (button(paper, "start_mode", mode.value, Style.PRIMARY),),
            *(((button(words.t("Connect an exchange"), "connect", "start"),),) if connects else ()),
            (button(words.t("Type in my holdings"), "start_mode", Mode.MANUAL.value),),
            *(((button(words.t("Tour in six taps"), "tour"),),) if tour else ()),
            (button(f"🌐 {DOT.join(languages[:_MOST_LANGUAGES])}{more}", "languages", "start"),),
        ),
    )


def _kinds(words: Words, *, demo: bool) -> Html:
    if demo:
        return say(words, "The demo portfolio lives in a simulated market; no real money moves.")
    return say(words, "A paper portfolio trades with simulated money at market prices.")


#: of the question about the portfolios that are there: all of them stay
KEEP = "keep"


def replace_or_keep(words: Words, portfolios: Sequence[Portfolio], action: str = "start_new", before: str = "") -> View:
    """Ask somebody who has portfolios what becomes of them when another one is set up; ``action`` takes the answer, behind ``before``."""
    alone = len(portfolios) == 1
    text = page(
        *(head(words, portfolio, name=True) for portfolio in portfolios),
        say(words, "You have this portfolio already. Do you want to replace it, or keep both?") if alone else None,
        None if alone else say(words, "You have these portfolios already. Do you want to replace one, or keep them all?"),
        "",
        say(words, "A portfolio that is replaced is closed when the new one is opened: it stops, keeps its history, and sells nothing."),
    )
    keep = button(words.t("Keep both") if alone else words.t("Keep them all"), action, f"{before}{KEEP}", Style.PRIMARY)
    replace = [button(words.t("Replace {name}", name=named(words, one)), action, f"{before}{one.id}") for one in portfolios]
    last = (button(words.t("Portfolios"), "portfolios"), button(words.t("Status"), "status"))
    return View(text, ((keep,), *((one,) for one in replace), last))


def not_replaced(words: Words, busy: UnderWay) -> View:
    """Say what must end before a portfolio can be replaced: a plan, or the closing of its futures after /panic; nothing was opened."""
    title = head(words, busy.portfolio, name=True)
    if (plan := busy.plan) is None:
        told = say(words, "You pressed /panic, and its futures are not closed yet, so it can't be replaced. Nothing was opened.")
        return View(page(title, told, say(words, "Tap the button above again when that is done, or send /start and keep both.")))
    text = page(
        title,
        say(words, "Plan {number} is not finished, so this portfolio can't be replaced yet. Nothing was opened.", number=plan.number),
        say(words, "Tap the button above again when the plan has ended, or send /start and keep both."),
    )
    return View(text, ((button(words.t("Plan {number}", number=plan.number), "card", plan.id, of=busy.portfolio),),))


def amount_choice(words: Words, mode: Mode) -> View:
    """Ask how much simulated money to start with."""
    text = page(
        joined(DOT, (mark(mode), say(words, "start amount"))),
        say(words, "How much simulated money should it start with? Tap an amount, or type one."),
    )
    amounts = tuple(button(words.number(amount), "amount", amount) for amount in AMOUNTS)
    return View(text, (amounts, (button(words.t("Back"), "start"),)))


def holdings_prompt(words: Words) -> View:
    """Ask for the holdings of a manual portfolio that is being set up."""
    text = page(
        joined(DOT, (mark(Mode.MANUAL), say(words, "your holdings"))),
        say(words, "Send what you hold, each coin with its amount, for example:"),
        code(HOLDINGS_EXAMPLE),
        "",
        say(words, "I never ask for keys here: you trade by hand."),
    )
    return View(text, ((button(words.t("Back"), "start"),),))


def holdings_review(words: Words, readings: Mapping[str, Mapping[str, Decimal]], prices: Mapping[str, Decimal], exchange: str = "") -> View:
    """Show what was understood of typed-in holdings and what it is worth, before going on.

    ``readings`` by the word that a button carries: one, or two where a mark may mean either of two things; which one is asked then.
    ``exchange`` is the market that the prices are of.
    """
    (seal, holdings), *others = readings.items()
    twice = {name: (other[name], holdings[name]) for _, other in others for name in holdings if other[name] != holdings[name]}
    rows = [joined(" ", ("•", _amount(words, name, qty, prices))) for name, qty in holdings.items() if name not in twice]
    for name, (other, qty) in twice.items():
        either = {"one": _amount(words, name, qty, prices), "other": _amount(words, name, other, prices)}
        rows.append(joined(" ", ("•", say(words, "{one}, or {other}", **either))))
    ask = say(words, "Which one did you mean?") if twice else say(words, "Is this right? If not, just send it again.")
    title = joined(DOT, (mark(Mode.MANUAL), played(words, Mode.MANUAL, exchange), say(words, "your holdings")))
    total = None if twice else _total(words, holdings, prices)
    back = button(words.t("Back"), "start")
    if not twice:
        right = button(words.t("That is right"), "holdings_ok", seal, Style.PRIMARY)
        return View(page(title, *rows, total, "", ask), ((right, back),))
    labels = [(word, DOT.join(f"{words.quantity(one[name])} {name}" for name in twice)) for word, one in readings.items()]
    return View(page(title, *rows, "", ask), (*((button(label, "holdings_ok", word),) for word, label in labels), (back,)))


def futures_lines(words: Words) -> list[Html]:
    """Ask whether futures are to be part of the plans, and say what that means."""
    return [
        say(words, "Do you use futures (perpetual contracts)?"),
        say(words, "Without them a plan only buys and sells coins, and the rules that move futures are off. You can change that later."),
    ]


def futures_question(words: Words) -> View:
    """Ask somebody who trades by hand whether futures are to be part of the plans."""
    text = page(joined(DOT, (mark(Mode.MANUAL), say(words, "Futures"))), *futures_lines(words))
    answers = (button(words.t("No"), "start_futures", "no"), button(words.t("Yes"), "start_futures", "yes"))
    return View(text, (answers, (button(words.t("Back"), "start"),)))


def _amount(words: Words, name: str, qty: Decimal, prices: Mapping[str, Decimal]) -> Html:
    """Write an amount of a coin with what it is worth, as far as that is known."""
    worth = _money(words, qty * prices[name]) if name in prices else DASH
    return joined(" ", (code(words.quantity(qty)), clip(name, 12), "≈", worth))


def _total(words: Words, holdings: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> Html | None:
    """Write what all is worth; None where it is one coin, or a price is not known."""
    if len(holdings) < 2 or not holdings.keys() <= prices.keys():
        return None
    return say(words, "Together ≈ {value}", value=bold(_money(words, sum((qty * prices[name] for name, qty in holdings.items()), ZERO))))


def _money(words: Words, value: Decimal) -> str:
    return words.money(value, 0 if value >= _WHOLE else 2)


def _closes(words: Words, replaced: Portfolio | None) -> Html | None:
    """Say which portfolio is closed with the last tap of a set-up; None where all stay."""
    return say(words, "{name} is closed when this one is opened.", name=bold(named(words, replaced))) if replaced is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptIn:
    """Which dollar a portfolio is set up in."""

    #: the one that was chosen; empty for the usual one, of which nothing is said
    quote: str = ""
    #: the other one that could be chosen; empty where there is none
    other: str = ""
    #: of that one the person holds more
    holds_more_of_other: bool = False


def strategy_choice(
    words: Words,
    mode: Mode,
    strategies: Mapping[str, Strategy],
    chosen: str,
    replaced: Portfolio | None = None,
    *,
    amount: Decimal | None = None,
    answers: str,
    kept_in: KeptIn | None = None,
) -> View:
    """Show the ``chosen`` strategy with its picture, and the others as buttons; above it the ``amount`` that was understood, where asked.

    ``replaced`` is closed with the tap that opens; a word for all ``answers`` goes along in that button.
    """
    kept_in = kept_in or KeptIn()
    shown = strategies[chosen]
    text = page(
        joined(DOT, (mark(mode), say(words, "strategy"))),
        _worth(words, amount),
        joined("\n", (bold(_called(words, chosen)), words.t(_about(shown, chosen)))),
        strategy_table(words, shown),
        members_line(words, shown),
        *rules_lines(words, shown),
        switched_on_line(words, shown),
        "",
        say(words, "Compare the others with the buttons. Everything can be changed later."),
        _dollar(words, kept_in),
        _closes(words, replaced),
    )
    others = tuple(button(_called(words, other), "show_preset", other) for other in strategies if other != chosen)
    label = words.t("Keep today's mix as my target") if chosen == TODAY else words.t("Use {name}", name=_called(words, chosen))
    use = button(label, "choose", f"{chosen}:{answers}", Style.PRIMARY)
    last = (button(words.t("Own weights"), "custom"), button(words.t("Back"), "start"))
    dollar = ((button(words.t("Keep it in {quote}", quote=kept_in.other), "start_quote", kept_in.other),),) if kept_in.other else ()
    return captioned(text, ((use,), others, last, *dollar), strategy_picture(words, shown))


def _dollar(words: Words, kept_in: KeptIn) -> Html | None:
    """Say which dollar was chosen, for good, or that the other one is the one that the person has; None where nothing is to be said."""
    if kept_in.quote:
        return dollar_line(words, kept_in.quote)
    if kept_in.holds_more_of_other:
        return say(words, "You hold more {quote}. If you keep the portfolio in it, plans pay with it as it is.", quote=kept_in.other)
    return None


def _about(strategy: Strategy, name: str) -> str:
    return _ABOUT_SPOT.get(name, _ABOUT[name]) if is_spot_only(strategy) else _ABOUT[name]


def _called(words: Words, name: str) -> str:
    return words.t("Today's mix") if name == TODAY else preset_name(words, name)


def custom_prompt(
    words: Words,
    mode: Mode,
    quote: str,
    portfolio: Portfolio | None = None,
    *,
    replaced: Portfolio | None = None,
    back: str = "start_strategy",
) -> View:
    """Ask for own weights, of a portfolio or of one that is being set up, kept in ``quote``; ``replaced`` is closed when that is opened."""
    what = say(words, "own weights")
    text = page(
        head(words, portfolio, what) if portfolio is not None else joined(DOT, (mark(mode), what)),
        say(words, "Send every line with its weight in per cent; together they make 100. For example:"),
        code(weights_example(quote)),
        "",
        say(words, "ALT stands for all other coins, {quote} for stablecoins, FUTURES for money in the futures account.", quote=quote),
        _closes(words, replaced),
    )
    return View(text, ((button(words.t("Back"), back),),))


def created(
    words: Words,
    portfolio: Portfolio,
    amount: Decimal | None = None,
    *,
    replaced: Portfolio | None = None,
    on_target: bool = False,
    clock: tuple[Html, Keyboard] | None = None,
) -> View:
    """Say that the portfolio stands, which one was closed for it, and what comes next; nothing where it is ``on_target``.

    ``clock`` is the question about the time zone, with its buttons, for somebody who was not asked yet.
    """
    ask, zones = clock if clock is not None else (None, ())
    text = page(
        head(words, portfolio, bold(words.t("ready")), name=True),
        _worth(words, amount),
        dollar_line(words, portfolio.quote),
        say(words, "{name} is closed; its history is under /portfolios.", name=named(words, replaced)) if replaced is not None else None,
        say(words, "Commands are about this one now; /portfolios switches.") if portfolio.is_one_of_several else None,
        say(words, "I check it from now on and ring only when a line leaves its band."),
        say(words, "It is on its targets, so there is nothing to trade now.")
        if on_target
        else say(words, "The first plan brings it to its targets."),
        *(("", ask) if ask is not None else ()),
    )
    status = button(words.t("Status"), "status")
    first = (status,) if on_target else (button(words.t("First plan"), "rebalance", "", Style.PRIMARY), status)
    return View(text, (*zones, first, (button(words.t("Settings"), "settings"), button(words.t("Help"), "help"))))


def watched(words: Words, portfolio: Portfolio, *, clock: tuple[Html, Keyboard] | None = None) -> View:
    """Show the strategy that a watched account begins with, what it holds today, and offer the others; ``clock`` as in :func:`created`."""
    strategy = portfolio.strategy
    kind = SPOT_ONLY if is_without_futures(strategy) else ""
    ask, zones = clock if clock is not None else (None, ())
    text = page(
        head(words, portfolio, bold(words.t("ready")), name=True),
        words.t(_ABOUT[TODAY]) if strategy.preset == "custom" else None,
        strategy_table(words, strategy),
        members_line(words, strategy),
        *rules_lines(words, strategy),
        switched_on_line(words, strategy),
        "",
        say(words, "Compare the others with the buttons. Everything can be changed later."),
        *(("", ask) if ask is not None else ()),
    )
    others = tuple(button(preset_name(words, name + kind), "preset", name + kind) for name in preset_names())
    own = (button(words.t("Own weights"), "preset", "custom"), button(words.t("Settings"), "settings"), button(words.t("Help"), "help"))
    first = (button(words.t("Status"), "status", "", Style.PRIMARY),)
    return captioned(text, (*zones, first, others, own), strategy_picture(words, strategy))


def _worth(words: Words, amount: Decimal | None) -> Html | None:
    return joined(" ", (say(words, "It starts with"), bold(words.money(amount, 0)))) if amount is not None else None


def language_choice(words: Words, languages: Mapping[str, str], back: str) -> View:
    """Offer the languages by their own names; ``back`` is the action that follows."""
    buttons = [
        button(f"✓ {name}" if language == words.language else name, "language", f"{language}:{back}")
        for language, name in languages.items()
    ]
    rows = tuple(tuple(buttons[at : at + 3]) for at in range(0, len(buttons), 3))
    return View(page(esc(words.t("Which language do you prefer?"))), (*rows, (button(words.t("Back"), back),)))
