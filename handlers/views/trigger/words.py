"""Everything that is said about a trigger of the market, and how it is typed: one entry a trigger."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.i18n import N_, NN_
from chatbot.model import BASKET, Cause
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.i18n import Plural


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter that a person may turn."""

    #: the engine's parameter
    name: str
    #: what it is called and typed as
    word: str
    #: what it does, around its {value}
    says: str
    #: how far one tap turns it
    step: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBackWords:
    """What is said of a trigger that adds risk while something else asks for less."""

    #: its line in /status
    status: str
    #: /why: what it asks for, and why it does not get it
    asks: str
    why_not: str
    #: its alert: what was seen and asked for, and that nothing comes of it
    told: str
    alert: str
    #: its end: nothing had come of it
    over: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeWords:
    """What is said where a trigger may do one of several things."""

    #: by mode, as it is typed
    names: Mapping[str, str]
    #: which one is chosen, around its {mode}
    says: str
    #: what each has won or lost in some moves of BTC: heading, moves as fractions, a label with its amounts a row, and what to think of it
    title: str
    moves: tuple[float, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerWords:
    """Every sentence about one trigger.

    Facts that a sentence may name: {coin}, {reading}, {limit} which starts it, {end} which ends it, {size}, {moment} at which
    it became active. In ``stands`` and ``ends`` the limit is the one that ends it.
    """

    name: str
    #: what it may be called when it is typed, beside its name
    called: tuple[str, ...] = ()
    #: what is typed, as an example
    example: str
    #: what it does, and what is honestly known about it
    does: str
    known: str
    #: the first is the one that a bare number means
    knobs: tuple[Knob, ...]
    modes: ModeWords | None = None
    #: its line in /status while it is quiet, and while it is active
    quiet: str
    active: str
    #: its reading and what comes next, while it is active
    stands: str = N_("{reading}, ends at {limit}")
    #: /why of a quiet one: what would make it act; two forms where it takes several readings in a row, with {seen} and {count}
    far: str | Plural
    #: the same where its limit is reached and something else is missing yet; empty: nothing else is
    reached: str = ""
    #: /why of an active one: since when, and what it does
    since: str
    #: what would end it; two forms where it takes several readings in a row, with {seen} and {count}
    ends: str | Plural
    #: in the alert and on the plan's card; empty: a change is told like a beginning
    begin: str
    #: the same for a portfolio that meets it while it lasts, after its reading has come back within the limit
    met: str
    change: str = ""
    #: where somebody looks at the hours between two readings, of {moment} and {next}; empty: nobody does
    watch: str = ""
    #: where it may go on and do less; empty: it never does
    ease: str = ""
    end: str
    #: in few words, why a target is not the strategy's own while it lasts
    holds: str
    held_back: HeldBackWords | None = None

    @property
    def mode_names(self) -> Mapping[str, str]:
        """Return what each of its modes is called; empty where there is no choice."""
        return self.modes.names if self.modes is not None else {}


D = Decimal
_BLOCKS = (Knob("blocks", N_("blocks"), N_("needs {value} in a row"), D(1)),)
_FEAR_MODES = ModeWords(
    names=MappingProxyType({"book": N_("book"), "portfolio": N_("portfolio"), "beta": N_("beta")}),
    says=N_("what is done in fear: {mode}"),
    # domain 8.3
    title=N_("Balanced, worth 100,000, when BTC moves:"),
    moves=(-0.2, -0.5, 0.3),
    rows=(
        (N_("as always"), (-20_720, -51_800, 31_080)),
        (N_("book"), (-18_720, -46_800, 28_080)),
        (N_("portfolio"), (-2_720, -6_800, 8_080)),
        (N_("beta"), (0, 0, 8_080)),
    ),
    note=N_(
        "“Portfolio” and “beta” short the spot exposure too. That needs 4 to 9 times the money in the futures account, so your "
        "leverage limits cut it; and a rise of 30% liquidates such a hedge."
    ),
)

WORDS: Mapping[Cause, TriggerWords] = MappingProxyType(
    {
        Cause.VOLATILITY: TriggerWords(
            name=N_("Volatility"),
            called=("vol",),
            example="/triggers volatility 2.5 end 1.8",
            does=N_(
                "Once a day I compare a coin's volatility of the last 7 days with its own usual level. When it doubles, the coin's target "
                "is cut so that volatility times position is as before. What is freed goes to stable; long futures on the coin shrink "
                "alike."
            ),
            known=N_(
                "Evidence: the week after such a day is 1.7 to 2 times as volatile as usual, so the cut controls risk. It does not time "
                "the market. Expect 3 to 4 episodes per coin and year."
            ),
            knobs=(
                Knob("enter", N_("limit"), N_("starts at {value} the usual level"), D("0.1")),
                Knob("exit", N_("end"), N_("ends at {value} or less, two days in a row"), D("0.1")),
                Knob("days", N_("days"), N_("ends after {value} in any case"), D(5)),
                Knob(
                    "down",
                    N_("falling"),
                    N_("begins only for a coin that has fallen in these 7 days: {value}. Half of the spikes are rises; no edge is shown."),
                    D(1),
                ),
                Knob(
                    "together",
                    N_("together"),
                    N_("takes all your coins as one and cuts them alike: {value}. Fewer plans in a stormy week; no edge is shown."),
                    D(1),
                ),
            ),
            quiet=N_("Volatility {coin} {reading} usual (cuts at {limit})"),
            active=N_("Volatility {coin} {reading} usual: cut until {end}"),
            far=N_("{coin} volatility is {reading} its usual level and would have to reach {limit}."),
            since=N_("{coin} volatility has been high since {moment}; it is {reading} its usual level."),
            ends=NN_(
                "It ends at {limit} or less on {count} day ({seen} so far).",
                "It ends at {limit} or less on {count} days in a row ({seen} so far).",
            ),
            begin=N_("{coin} volatility is {reading} its usual level, limit {limit}: its target is cut to {size} of what it was."),
            met=N_(
                "{coin} volatility was high and is not calm yet, {reading} its usual level: its target is cut to {size} of what it was."
            ),
            change=N_("{coin} volatility has risen to {reading} its usual level: its target is cut further, to {size} of what it was."),
            watch=N_("{coin} has moved {reading} its usual amount since the last reading. Nothing is traded."),
            end=N_("{coin} has calmed down to {reading} its usual volatility. Its normal target applies again."),
            holds=N_("{coin} volatility is {reading} its usual level"),
        ),
        Cause.TREND: TriggerWords(
            name=N_("Trend"),
            example="/triggers trend 12",
            does=N_(
                "When a strong rise shows signs of wearing out, a quarter of the coin's long futures is to be trimmed, half if the signs "
                "are strong, once for each high of the price. Spot stays. It only proposes: nothing happens without your Confirm."
            ),
            known=N_(
                "Honest note: on BTC and ETH from 2018 to 2023 there was no sign of an edge. After a signal the next 30 days brought −3 to "
                "+16%, otherwise +1.4 to +1.8%, and the uncertainty is 5 to 7 points."
            ),
            knobs=(Knob("zigzag", N_("swing"), N_("a turn counts from a swing of {value}"), D("0.01")),),
            quiet=N_("Trend {coin} score {reading} (trims at {limit})"),
            active=N_("Trend {coin}: trims long futures by {size}"),
            stands=N_("{reading}, trims {size}"),
            far=N_("The {coin} trend scores {reading} and would have to reach {limit}, with two signs that agree."),
            reached=N_(
                "The {coin} trend scores {reading} of {limit}: it trims at a daily close if two signs agree then, once for each high of "
                "the price."
            ),
            since=N_("The {coin} trend has looked worn out since {moment}: its long futures are to be trimmed by {size}."),
            ends=N_("They come back when the trend resumes, or 20 days after the last sign."),
            begin=N_(
                "The {coin} trend looks worn out, score {reading}, limit {limit}: trim its long futures by {size}? No edge is proven."
            ),
            met=N_("The {coin} trend looked worn out lately, score {reading} now: trim its long futures by {size}? No edge is proven."),
            change=N_("More signs that the {coin} trend is worn out, score {reading}: trim its long futures by {size}? No edge is proven."),
            ease=N_(
                "The {coin} trend has a newer high with fewer signs that it is worn out, score {reading}: the trim of its long futures "
                "goes down to {size}."
            ),
            end=N_("The {coin} trend signal is over: its long futures may go back to their target."),
            holds=N_("the {coin} trend looks worn out"),
        ),
        Cause.FUNDING_LOW: TriggerWords(
            name=N_("Low funding"),
            called=("funding low", "low", "funding_low"),
            example="/triggers funding low -0.02",
            does=N_(
                "While funding is clearly negative, shorts pay longs: the net long futures grow step by step. It is the only trigger that "
                "adds risk, so it waits while volatility, trend, fear or a hedge asks for less."
            ),
            known=N_("Evidence: 3.5 times a year for BTC, 1.7 for ETH, active 3% of the time."),
            knobs=(
                Knob("enter", N_("limit"), N_("counts below {value} per 8 h"), D("0.00005")),
                Knob("exit", N_("end"), N_("ends at {value} or above"), D("0.00005")),
                Knob("step", N_("step"), N_("adds {value} of the portfolio's value each time"), D("0.005")),
                Knob("most", N_("most"), N_("never goes above {value} net"), D("0.01")),
                *_BLOCKS,
            ),
            quiet=N_("Funding {reading} per 8 h (adds below {limit})"),
            active=N_("Funding {reading} per 8 h: net futures up to {size}"),
            far=NN_(
                "Funding is {reading} per 8 h and would have to be below {limit} for {count} block ({seen} so far).",
                "Funding is {reading} per 8 h and would have to be below {limit} for {count} blocks in a row ({seen} so far).",
            ),
            since=N_("Funding has been low since {moment}, now {reading} per 8 h: net futures go up to {size} of the value."),
            ends=NN_(
                "It ends at {limit} or above for {count} block of 8 h ({seen} so far).",
                "It ends at {limit} or above for {count} blocks of 8 h in a row ({seen} so far).",
            ),
            begin=N_("Funding is low, {reading} per 8 h, limit {limit}: net futures go up to {size} of the value."),
            met=N_("Funding was low and has not recovered yet, {reading} per 8 h: net futures go up to {size} of the value."),
            change=N_("Funding stays low, {reading} per 8 h: net futures go up to {size} of the value."),
            end=N_("Funding is no longer low, {reading} per 8 h: net futures go back to their own target."),
            holds=N_("funding has been low, now {reading} per 8 h"),
            held_back=HeldBackWords(
                status=N_("Funding {reading} per 8 h asks for more, held back by what asks for less risk"),
                asks=N_("Funding has been low since {moment}, now {reading} per 8 h, and asks for {size} net futures."),
                why_not=N_("It adds nothing while a spike, a trend, fear or a hedge asks for less risk."),
                told=N_("Funding is low, {reading} per 8 h, limit {limit}, and asks for {size} net futures."),
                alert=N_("Low funding changes nothing now: something else asks for less risk."),
                over=N_("Funding is no longer low, {reading} per 8 h. Nothing had been added for it."),
            ),
        ),
        Cause.FUNDING_HIGH: TriggerWords(
            name=N_("High funding"),
            called=("funding high", "high", "funding_high"),
            example="/triggers funding high 0.06 keep 40",
            does=N_("When longs have been paying a lot for days, the net long futures are cut, once. Shorts and spot stay."),
            known=N_(
                "Evidence: 3 to 4 times a year. After it BTC fell by more than 20% within 30 days in 18% of the cases, otherwise in 10%; "
                "ETH in 12% against 11%. A hint for BTC, nothing for ETH."
            ),
            knobs=(
                Knob("enter", N_("limit"), N_("counts above {value} per 8 h"), D("0.0001")),
                Knob("exit", N_("end"), N_("ends at {value} or below"), D("0.0001")),
                Knob("factor", N_("keep"), N_("keeps {value} of the net long"), D("0.1")),
                *_BLOCKS,
            ),
            quiet=N_("Funding {reading} per 8 h (cuts above {limit})"),
            active=N_("Funding {reading} per 8 h: net long cut to {size}"),
            far=NN_(
                "Funding is {reading} per 8 h and would have to be above {limit} for {count} block ({seen} so far).",
                "Funding is {reading} per 8 h and would have to be above {limit} for {count} blocks in a row ({seen} so far).",
            ),
            since=N_("Funding has been high since {moment}, now {reading} per 8 h: {size} of the net long is kept."),
            ends=NN_(
                "It ends at {limit} or below for {count} block of 8 h ({seen} so far).",
                "It ends at {limit} or below for {count} blocks of 8 h in a row ({seen} so far).",
            ),
            begin=N_("Funding is high, {reading} per 8 h, limit {limit}: {size} of the net long futures is kept."),
            met=N_("Funding was high and has not calmed down yet, {reading} per 8 h: {size} of the net long futures is kept."),
            end=N_("Funding is no longer high, {reading} per 8 h: net futures go back to their own target."),
            holds=N_("funding has been high, now {reading} per 8 h"),
        ),
        Cause.FEAR_GREED: TriggerWords(
            name=N_("Fear & Greed"),
            called=(
                *("fear", "greed", "fear&greed", "fear and greed", "fear_greed", "sentiment", "miedo", "miedo y codicia", "sentimiento"),
                *("страх", "страх и жадность", "индекс страха", "настроение"),
            ),
            example="/triggers fear 20 days 3",
            does=N_(
                "When the daily Fear & Greed index falls into extreme fear, futures go to longs = shorts at once. Spot and the money in "
                "the futures account stay."
            ),
            known=N_(
                "Honest note: this takes away the extra exposure of the futures, not that of the spot coins. It is a posture, not a "
                "forecast: in extreme fear the next 30 days brought +1.9%, otherwise +2.1%."
            ),
            knobs=(
                Knob("enter", N_("limit"), N_("starts below {value}"), D(5)),
                Knob("exit", N_("end"), N_("ends at {value} or above"), D(5)),
                Knob("confirm", N_("days"), N_("needs {value} in a row to end"), D(1)),
                Knob("coverage", N_("coverage"), N_("hedges {value} of the spot (portfolio and beta only)"), D("0.1")),
            ),
            modes=_FEAR_MODES,
            quiet=N_("Fear & Greed {reading} (futures neutral below {limit})"),
            active=N_("Fear & Greed {reading}: futures neutral until {end}"),
            far=N_("Fear & Greed is {reading}; futures go neutral below {limit}."),
            since=N_("Extreme fear since {moment}: Fear & Greed is {reading}, so futures are held neutral."),
            ends=NN_(
                "It ends at {limit} or above on {count} day ({seen} so far).",
                "It ends at {limit} or above on {count} days in a row ({seen} so far).",
            ),
            begin=N_("Extreme fear: Fear & Greed is {reading}, below {limit}. Futures go neutral; the spot coins keep their risk."),
            met=N_("Extreme fear is not over yet, Fear & Greed is {reading}. Futures go neutral; the spot coins keep their risk."),
            end=N_("Extreme fear is over, Fear & Greed is {reading}: futures go back to their own target."),
            holds=N_("extreme fear, Fear & Greed is {reading}"),
        ),
    }
)

#: the same of volatility where all coins are looked at together
_TOGETHER = replace(
    WORDS[Cause.VOLATILITY],
    quiet=N_("Volatility of all coins {reading} usual (cuts at {limit})"),
    active=N_("Volatility of all coins {reading} usual: cut until {end}"),
    far=N_("All your coins together are {reading} as volatile as usual and would have to reach {limit}."),
    since=N_("All your coins together have been volatile since {moment}, {reading} the usual now."),
    holds=N_("all your coins together are {reading} as volatile as usual"),
    begin=N_(
        "All your coins together are {reading} as volatile as usual, limit {limit}: their targets and the long futures are cut to {size} "
        "of what they were."
    ),
    met=N_(
        "All your coins together were volatile and are not calm yet, {reading} the usual: their targets and the long futures are cut to "
        "{size} of what they were."
    ),
    change=N_(
        "All your coins together have become more volatile, {reading} the usual: their targets and the long futures are cut further, to "
        "{size} of what they were."
    ),
    watch=N_("All your coins together have moved {reading} their usual amount since the last reading. Nothing is traded."),
    end=N_("All your coins together have calmed down to {reading} their usual volatility. Their normal targets apply again."),
)


def said_of(trigger: Cause, subject: str) -> TriggerWords:
    """Return what is said about a trigger when it speaks of this subject."""
    return _TOGETHER if subject == BASKET else WORDS[trigger]
