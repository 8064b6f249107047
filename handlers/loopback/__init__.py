"""A Bot API in memory behind python-telegram-bot's request object, as strict as Telegram: the demo page and the stories run on it."""

from handlers.loopback.faults import Fault, bad_gateway, conflicted, flooded, lost_answer, reset
from handlers.loopback.loopback import TOKEN, Loopback
from handlers.loopback.markup import Entity
from handlers.loopback.memory import kept
from handlers.loopback.seat import Seat
from handlers.loopback.values import Answer, Attachment, Change, Command, Message, Query, TelegramUser

__all__ = [
    "TOKEN",
    "Answer",
    "Attachment",
    "Change",
    "Command",
    "Entity",
    "Fault",
    "Loopback",
    "Message",
    "Query",
    "Seat",
    "TelegramUser",
    "bad_gateway",
    "conflicted",
    "flooded",
    "kept",
    "lost_answer",
    "reset",
]
