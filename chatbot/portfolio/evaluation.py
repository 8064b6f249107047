"""A portfolio at one moment: account, prices, value, figures and targets, or the reason why they are unknown."""

from __future__ import annotations

from dataclasses import field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import Mode
from chatbot.portfolio import targets, valuation
from chatbot.portfolio.amounts import not_managed
from chatbot.portfolio.anchors import anchor_spikes, rearm, spikes
from chatbot.portfolio.layers import Layers, Memory
from chatbot.portfolio.states import PortfolioStates
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chatbot.engine.portfolio import Snapshot, Valuation
    from chatbot.exchanges.base import Market, Quote
    from chatbot.model import OpenHedge, Portfolio, PortfolioFigures, Problem
    from chatbot.model.life import Stop
    from chatbot.portfolio.layers import Effective
    from chatbot.portfolio.valuation import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A portfolio as it stands; ``held``, ``shape`` and ``effective`` are None exactly when there are problems."""

    portfolio: Portfolio
    problems: tuple[Problem, ...] = ()
    account: Account | None = None
    #: how often that account had been saved when it was read
    saves: int = 0
    #: everything that is owned, measured once
    held: Valuation | None = None
    figures: PortfolioFigures | None = None
    #: what the quote coin costs in dollars; None: its market does not show it
    quote_price: Decimal | None = None
    #: what is not traded stands here with its last price
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    #: what is held or wanted and its exchange does not trade
    stops: Mapping[str, Stop] = field(default_factory=dict)
    markets: Mapping[str, Market] = field(default_factory=dict)
    #: beta to BTC by asset, the same before and after a plan (domain 1.7)
    betas: Mapping[str, Decimal] = field(default_factory=dict)
    #: what was remembered when it was looked at
    states: PortfolioStates = field(default_factory=PortfolioStates)
    #: with real money: what was traded today, quote
    used_today: Decimal = Decimal(0)
    #: what moves the targets away from the strategy, where they stand with it, and what the portfolio will remember of it
    layers: Layers = field(default_factory=Layers)
    effective: Effective | None = None
    memory: Memory = field(default_factory=Memory)
    #: something came or went at the exchange, and nobody knows yet what: the value tells no gain and no loss
    unsettled: bool = False
    #: contracts that an account at an exchange holds by all that its history explains; None: nobody but us keeps it, or it is not known
    accounted: frozenset[str] | None = None
    #: funding received less paid since such an account was first looked at, quote; None: nobody but us keeps it, or it is not known
    funding: Decimal | None = None

    @property
    def known_value(self) -> Decimal | None:
        """Return what returns are told by, quote; None: unknown."""
        return None if self.figures is None or self.unsettled else self.figures.value

    @property
    def held_stops(self) -> tuple[Stop, ...]:
        """Return what is held and its exchange does not trade, by name."""
        return tuple(stop for name, stop in sorted(self.stops.items()) if name in self.managed)

    @property
    def managed(self) -> frozenset[str]:
        """Return the instruments of which something is held and not kept out wholly."""
        return valuation.managed_instruments(self.account, self.portfolio.strategy) if self.account is not None else frozenset()

    @property
    def lost(self) -> tuple[OpenHedge, ...]:
        """Return the hedges whose position has vanished: nothing is opened for them any more."""
        return lost_hedges(self.states, self.account) if self.account is not None else ()

    @property
    def lost_for_sure(self) -> tuple[OpenHedge, ...]:
        """Return those of them that have ended: an exchange may answer with nothing where there is something; its history explains it."""
        if self.portfolio.mode is not Mode.LIVE:
            return self.lost
        return tuple(hedge for hedge in self.lost if self.accounted is not None and hedge.contract not in self.accounted)

    @property
    def fresh(self) -> tuple[str, ...]:
        """Return the instruments whose prices are of now."""
        return tuple(name for name in self.quotes if name not in self.stops)

    @property
    def snapshot(self) -> Snapshot | None:
        """Return what is owned, without its value."""
        return self.held.snapshot if self.held is not None else None


def lost_hedges(states: PortfolioStates, account: Account) -> tuple[OpenHedge, ...]:
    """Return the hedges whose contract was held at the last look and is not now, although no plan has traded it since.

    It was liquidated, settled, or closed by the person.
    """
    held = {position.instrument for position in account.positions if position.qty}
    return tuple(hedge for hedge in states.hedges if hedge.settled and states.shorts.get(hedge.contract) and hedge.contract not in held)


def measured(seen: Evaluation, snapshot: Snapshot, betas: Mapping[str, Decimal], joined: datetime) -> Evaluation:
    """Return an evaluation with value, figures and targets of what is owned; raises ``engine.errors.Refused``.

    ``seen`` has the portfolio, its states, the rules of its markets and the signals of its layers. ``joined`` is the market time at
    which the portfolio was opened.
    """
    strategy, states = seen.portfolio.strategy, seen.states
    held = valuation.value_of(snapshot, strategy)
    begun = spikes(seen.layers.signals, held, strategy)
    mix = targets.unreached(states.mix, held, strategy, begun)
    memory = rearm(anchor_spikes(states, begun, held, strategy, mix, joined), seen.layers.signals)
    hedges = tuple(hedge for hedge in states.hedges if hedge not in seen.lost)
    layers = replace(seen.layers, anchors=memory.anchors, mix=mix, hedges=hedges, tilts=states.tilts)
    effective = targets.effective(held, strategy, layers, betas)
    figures = valuation.figures(held, strategy, seen.markets, betas, effective)
    figures = replace(figures, stopped=seen.held_stops, waiting=targets.waiting(held, strategy), quote_price=seen.quote_price)
    if seen.account is not None and seen.portfolio.mode is Mode.LIVE:
        figures = replace(figures, beside=not_managed.beside(seen.account))
    return replace(seen, held=held, figures=figures, betas=betas, layers=layers, effective=effective, memory=memory)
