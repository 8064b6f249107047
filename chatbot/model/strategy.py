"""What a portfolio should look like, and the portfolio itself."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal

from chatbot.model.answering import Answering, LiveTerms
from chatbot.model.people import AnswerMode, Mode, is_test
from chatbot.model.signal import TriggerSetting
from chatbot.model.trigger_info import INFO, Cause, Effect
from chatbot.values import dataclass

#: the dollar that a portfolio is kept in unless its person chose another
USUAL_QUOTE = "USDT"
CORE, ALT, STABLE, FUTURES = "CORE", "ALT", "STABLE", "FUTURES"
#: key of the net exposure among lines and states; small letters, so that no coin is called so
NET = "net"


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRule:
    """Half-width of one line's band: points of V, a share of the target, or the smaller of both (domain 3.1)."""

    #: percentage points, e.g. 5
    abs_pp: Decimal | None = None
    #: fraction of the target, e.g. 0.25
    rel: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRule:
    """When the calendar asks for a plan, whatever the bands say (domain 4)."""

    #: daily, weekly, monthly or quarterly
    freq: str
    #: HH:MM, wall clock
    time: str
    #: IANA zone, the person's
    zone: str
    #: only what comes due after this moment counts
    set_at: datetime
    #: 0 = Monday to 6; matters when weekly
    weekday: int = 0
    #: 1 to 31, the last day of a shorter month; matters when monthly or quarterly
    day: int = 1
    #: act only when a line is outside its band
    only_outside: bool = False
    #: act only when a line is so far from its target, a fraction of V; None: however far
    least: Decimal | None = None
    #: quote: each run invests so much and sells nothing, in place of a rebalance; None: it rebalances (domain 9.14)
    invest: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """What the portfolio should look like (domain 2 and 3)."""

    #: conservative, balanced, aggressive or custom
    preset: str
    #: target weight by line; bucket names or assets, STABLE and FUTURES always present; sums to exactly 1
    weights: dict[str, Decimal]
    #: assets of each bucket line; an asset line stands for itself
    members: dict[str, tuple[str, ...]]
    #: target net futures notional / V (f* of domain 2.1)
    futures_net: Decimal
    #: share of the futures base by contract; sums to 1
    futures_split: dict[str, Decimal]
    #: band by line; FUTURES has none
    bands: dict[str, BandRule]
    #: half-width of the net exposure's own band, points
    futures_band_pp: Decimal
    #: 1 target, 0.5 midpoint, 0 nearest edge
    theta: Decimal = Decimal(1)
    #: article, inclusive or strict
    band_mode: str = "article"
    #: largest one-way turnover of one plan, as a share of V; None: no limit (domain 9.10)
    turnover_budget: Decimal | None = None
    #: kappa, the share of a coin's drift that a futures position bets on while the coin is brought back; 0: off (domain 9.3)
    tilt: Decimal = Decimal(0)
    gross_cap: Decimal = Decimal("1.25")
    sleeve_cap: Decimal = Decimal(3)
    #: Confirm asks again when a price has moved by more than this many per cent since the card
    move_limit_pct: Decimal = Decimal(1)
    #: None: only the bands ask for a rebalance
    schedule: ScheduleRule | None = None
    #: of the triggers of the market; one that is not named is off
    triggers: dict[Cause, TriggerSetting] = field(default_factory=dict)
    #: quantities that the person keeps out (domain 2.3); None: all that is there of the coin, now and later
    kept: dict[str, Decimal | None] = field(default_factory=dict)

    def setting(self, trigger: Cause) -> TriggerSetting:
        """Return how this portfolio uses a trigger."""
        return self.triggers.get(trigger, TriggerSetting())

    def mode_of(self, trigger: Cause) -> str:
        """Return what a trigger does where there is a choice: what was chosen, or the usual; empty where there is none."""
        return self.setting(trigger).mode or next(iter(INFO[trigger].modes), "")

    def can_move(self, trigger: Cause) -> bool:
        """Tell whether a trigger has anything to move: without futures only what cuts coins."""
        info = INFO[trigger]
        if info.effect is Effect.NEUTRALISE and self.mode_of(trigger) != info.modes[0]:
            return bool(self.contracts)  # it hedges coins too (domain 8.3), also beside a book that is to be flat
        return self.net_target != 0 or not (info.effect.needs_futures or info.effect is Effect.NEUTRALISE)

    def acts_on(self, trigger: Cause) -> bool:
        """Tell whether a trigger is on and has something to move."""
        return self.setting(trigger).on and self.can_move(trigger)

    def line_of(self, asset: str) -> str:
        """Return the line that an asset belongs to; a coin that no line names counts as ALT, and without such a line stands for itself."""
        for line, members in self.members.items():
            if asset in members:
                return line
        return ALT if asset not in self.weights and ALT in self.weights else asset

    @property
    def spot_assets(self) -> tuple[str, ...]:
        """Return every risky asset that the strategy names and may trade, sorted."""
        named = {asset for members in self.members.values() for asset in members}
        named |= {line for line in self.weights if line not in self.members and line not in (STABLE, FUTURES)}
        return tuple(sorted(asset for asset in named if not self.keeps_all(asset)))

    def keeps_all(self, asset: str) -> bool:
        """Tell whether all that there is of an asset is kept out: it is never traded, and has no target."""
        return asset in self.kept and self.kept[asset] is None

    @property
    def contracts(self) -> tuple[str, ...]:
        """Return the perpetuals of the futures base; none when the strategy has no futures."""
        uses_futures = self.weights.get(FUTURES, Decimal(0)) > 0 or self.futures_net != 0
        return tuple(sorted(self.futures_split)) if uses_futures else ()

    @property
    def net_target(self) -> Decimal:
        """Return f*, the net exposure that plans aim at: 0 where there is no contract to reach another one with."""
        return self.futures_net if self.contracts else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySince:
    """A strategy, and when it came to be a portfolio's, by the clock of its person."""

    at: datetime
    strategy: Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """One portfolio of one person."""

    id: int
    person_id: int
    name: str
    mode: Mode
    #: name of the exchange or price source behind it
    exchange: str
    #: the dollar that it is kept in: it counts as one, every order pays or receives it, futures settle in it; never changed
    quote: str = USUAL_QUOTE
    strategy: Strategy
    answer: AnswerMode = AnswerMode.ASK
    #: limits of auto, and what becomes of a plan that nobody answers
    answering: Answering = field(default_factory=Answering)
    #: the consent to trade with real money, kept while it is only watched again; None: never given
    live: LiveTerms | None = None
    #: the exchange key by which its account is read and traded; None: it stands on no real account
    key_id: int | None = None
    #: that account among those of all exchanges, which is that of one open portfolio; None: there is none, or its exchange does not say
    account: str | None = None
    paused: bool = False
    #: no alerts before this time
    snoozed_until: datetime | None = None
    #: when the first trigger opened the present batching window (domain 9.9); None when none is open
    window_opened_at: datetime | None = None
    #: number of the last plan
    last_plan_number: int = 0
    created_at: datetime
    #: since when it does nothing any more and is only read; None: it is open
    closed_at: datetime | None = None
    #: the account of its key: exchange, key and when that was given; told by the store, and no part of the row
    stands_on: str = ""
    #: its person has another open one, so that every message about it says its name; told by the store, and no part of the row
    is_one_of_several: bool = False

    @property
    def is_test(self) -> bool:
        """Tell whether it stands on a test account, in which no real money is."""
        return is_test(self.exchange)

    @property
    def is_watched(self) -> bool:
        """Tell whether it stands on a real account that is only looked at: nobody has agreed to trading there."""
        return self.mode is Mode.LIVE and self.live is None

    @property
    def acts_alone(self) -> bool:
        """Tell whether it acts by itself with real money."""
        return self.mode is Mode.LIVE and self.live is not None and self.live.acts_alone

    @property
    def is_by_hand(self) -> bool:
        """Tell whether its person trades it: the bot makes plans, and sends no order."""
        return self.mode is Mode.MANUAL or self.is_watched

    @property
    def is_open(self) -> bool:
        """Tell whether it may do anything at all."""
        return self.closed_at is None
