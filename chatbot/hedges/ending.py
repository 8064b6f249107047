"""What the end of a plan leaves behind: hedges and tilts as large as its fills made them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.hedges import life
from chatbot.triggers import tilt

if TYPE_CHECKING:
    from chatbot.model import Plan
    from chatbot.portfolio.states import PortfolioStates


def after(before: PortfolioStates, plan: Plan) -> PortfolioStates:
    """Return what is remembered once a plan has come to its end: its hedges and tilts as large as its fills made them."""
    hedges = life.ended(before.hedges, plan)
    hedges = life.closed_out(hedges, plan) if plan.is_panic else hedges
    return replace(before, hedges=hedges, tilts=tilt.ended(before.tilts, plan), shorts=life.shorts_left(before.shorts, plan))


def corrected(before: PortfolioStates, booked: Plan, shown: Plan) -> PortfolioStates:
    """Return what is remembered once other fills came to light than were ``booked`` of a plan that has ended."""
    return replace(before, hedges=life.corrected(before.hedges, booked, shown), tilts=tilt.corrected(before.tilts, booked, shown))
