"""Who talks to the bot, and how real the money is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from chatbot.model.alerts import AlertSettings


class Mode(StrEnum):
    """How real a portfolio is; every message about money starts with its mark."""

    DEMO = "demo"
    PAPER = "paper"
    MANUAL = "manual"
    LIVE = "live"


class AnswerMode(StrEnum):
    """What a trigger does: ask with a plan card, only tell, or act inside limits."""

    ASK = "ask"
    NOTIFY = "notify"
    AUTO = "auto"


class Role(StrEnum):
    """What a person may do with this bot."""

    OPERATOR = "operator"
    MEMBER = "member"
    PENDING = "pending"
    BLOCKED = "blocked"


#: who may use the bot
LET_IN = frozenset({Role.OPERATOR, Role.MEMBER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who talks to the bot."""

    #: Telegram user id
    id: int
    chat_id: int
    name: str = ""
    role: Role = Role.PENDING
    #: catalogue language: en, es, ru
    language: str = "en"
    #: IANA time zone; UTC until the person has said where they live (``clock.UNKNOWN_ZONE``)
    zone: str = "UTC"
    #: display currency
    currency: str = "USD"
    #: the portfolio that commands speak of; None before the first
    portfolio_id: int | None = None
    #: the person blocked the bot: nothing is sent until they write again
    unreachable: bool = False
    alerts: AlertSettings = field(default_factory=AlertSettings)

    @property
    def is_let_in(self) -> bool:
        """Tell whether this person may use the bot; nobody else's portfolio is looked at or traded."""
        return self.role in LET_IN
