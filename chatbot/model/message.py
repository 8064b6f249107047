"""A message on its way to a chat."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass


class Urgency(StrEnum):
    """Whether a message may wait for the morning."""

    ROUTINE = "routine"
    ALWAYS = "always"


class MessageKind(StoredWord):
    """What a message says; handlers/transport/rendering.py has a view for each."""

    ACCESS_REQUEST = "access_request"
    ACCESS_GRANTED = "access_granted"
    #: an answer that Telegram did not take for too long
    ANSWER_LOST = "answer_lost"
    #: the machine's clock is wrong; only operators hear of it
    CLOCK_OFF = "clock_off"
    #: what came of an exchange key, and what has become wrong with it
    EXCHANGE_KEY = "exchange_key"
    #: several that were held back, in one
    DIGEST = "digest"
    DRIFT = "drift_alert"
    #: triggers of the market stand differently
    SIGNALS = "trigger_alert"
    MARGIN = "margin_alert"
    #: with real money: so much was lost today that the portfolio was paused
    LOSS = "loss"
    #: with real money: it no longer acts by itself
    ALONE_ENDED = "alone_ended"
    #: a portfolio cannot be evaluated, and can be evaluated again
    PROBLEM = "problem"
    EVALUATED_AGAIN = "evaluated_again"
    #: a coin's price is many times what it was: the person is asked what happened
    LEAP = "leap"
    #: a stablecoin has left its dollar
    DEPEG = "depeg"
    #: the exchange has halted or delisted a coin that is held; it is traded again
    COIN_STOPPED = "coin_stopped"
    COIN_TRADED_AGAIN = "coin_traded_again"
    #: a fault on our side keeps a portfolio from being checked
    STUMBLED = "stumbled"
    MISSED_CHECKS = "missed_checks"
    SCHEDULE_DUE = "schedule_due"
    SCHEDULE_SKIPPED = "schedule_skipped"
    #: what is held after a plan that was done by hand at other amounts; what came and went at an exchange
    AMOUNTS = "amounts"
    #: the exchange closed a position, or a part of it, without an order
    EXCHANGE_ACTED = "exchange_acted"
    #: orders of a plan that has ended are not what was booked of them
    ORDERS_DIFFER = "orders_differ"
    #: a week, or a month, looked back at
    REVIEW = "review"
    #: what became of /panic where no plan tells it
    PANIC = "panic"
    HEDGE_OVER = "hedge_over"
    HEDGE_FUNDING = "hedge_funding"
    #: the operator has stopped all trading; it goes on
    TRADING_HALTED = "trading_halted"
    TRADING_LET_GO = "trading_let_go"
    #: the operator says something to everybody; all of it has left
    BROADCAST = "broadcast"
    BROADCAST_DONE = "broadcast_done"
    #: the database is a copy of an earlier day
    RESTORED = "restored"
    PLAN_CARD = "plan_card"
    PLAN_PROGRESS = "plan_progress"
    PLAN_RESULT = "plan_result"
    PLAN_PARKED = "plan_parked"
    #: nobody has answered: ring once more; what was done, or not done, about it
    PLAN_REMINDER = "plan_reminder"
    PLAN_UNANSWERED = "plan_unanswered"


#: what tells something of a portfolio and asks for nothing: several that wait may be told in one message
TELLS_ONLY = frozenset(
    {
        MessageKind.DRIFT,
        MessageKind.SIGNALS,
        MessageKind.MISSED_CHECKS,
        MessageKind.EVALUATED_AGAIN,
        MessageKind.COIN_TRADED_AGAIN,
        MessageKind.SCHEDULE_SKIPPED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message on its way to a chat: values, not text, so that it is rendered in the person's language when it is sent."""

    id: int
    chat_id: int
    kind: MessageKind
    #: JSON values for the view
    facts: dict[str, Any]
    #: the same key is never written twice
    key: str
    urgency: Urgency = Urgency.ROUTINE
    #: True: no sound
    silent: bool = False
    attempts: int = 0
    #: set to True when Telegram refused the markup: send as plain text
    plain: bool = False


class Verdict(StrEnum):
    """What Telegram said to a message."""

    SENT = "sent"
    #: try again later
    RETRY = "retry"
    #: the markup was refused: send again as plain text
    PLAIN = "plain"
    #: the person blocked the bot or is gone: mark and stop
    UNREACHABLE = "unreachable"
    #: Telegram will never take it: keep the row for the operator
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outcome of one attempt to deliver."""

    verdict: Verdict
    #: seconds that Telegram asked us to wait; None where it did not say
    retry_after_s: float | None = None
    #: the message that now shows it; None where there is none
    message_id: int | None = None
    detail: str = ""
