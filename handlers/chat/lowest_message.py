"""Which message stands lowest in each chat, as far as this process has seen: an edit above newer messages would be seen by nobody.

It is kept in memory and known to the process alone that hears a chat and answers it; after a start nothing is known, and everything is
sent again. Where another process sends what comes by itself, that one is told through the database.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from handlers.views.common import View


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was sent, and may become the card of its plan."""

    message_id: int
    portfolio_id: int
    at: datetime
    #: what it says; None once a tap on it has put something else in its place
    view: View | None


class Newest:
    """The newest message of each chat, whoever wrote it, and the alerts that announce a plan."""

    def __init__(self) -> None:
        self._messages: dict[int, int] = {}
        #: in the order in which they were sent, of all portfolios of a chat
        self._alerts: dict[int, tuple[Alert, ...]] = {}

    def note(self, chat_id: int, message_id: int) -> None:
        """Note a message that stands in a chat; an edited one stands where it stood."""
        self._messages[chat_id] = max(message_id, self._messages.get(chat_id, 0))

    def lowest(self, chat_id: int) -> int:
        """Return the number of the lowest message that is known; 0 where none is."""
        return self._messages.get(chat_id, 0)

    def note_touch(self, chat_id: int, at: datetime) -> None:
        """Note that a person wrote or tapped, elsewhere: whatever stood in alerts from before may have given way to something else."""
        standing = self._alerts.get(chat_id, ())
        self._alerts[chat_id] = tuple(replace(one, view=None) if one.at < at else one for one in standing)

    def note_result(self, result: Any) -> None:  # noqa: ANN401 - whatever Telegram answers
        """Note what a call has put into a chat, where it has."""
        if isinstance(result, dict) and isinstance(result.get("chat"), dict) and isinstance(result.get("message_id"), int):
            chat_id, message_id = result["chat"]["id"], result["message_id"]
            self.note(chat_id, message_id)
            if "edit_date" in result:
                standing = self._alerts.get(chat_id, ())
                self._alerts[chat_id] = tuple(replace(one, view=None) if one.message_id == message_id else one for one in standing)

    def note_alert(self, chat_id: int, alert: Alert, within: timedelta) -> None:
        """Note an alert that was just sent; those that are older than ``within`` announce nothing any more."""
        standing = (one for one in self._alerts.get(chat_id, ()) if alert.at - one.at <= within)
        self._alerts[chat_id] = (*standing, alert)

    def take_alerts(self, chat_id: int, portfolio_id: int) -> tuple[Alert, ...]:
        """Return the alerts of a portfolio whose plan is shown now, oldest first; from now on they have it."""
        standing = self._alerts.pop(chat_id, ())
        self._alerts[chat_id] = tuple(one for one in standing if one.portfolio_id != portfolio_id)
        return tuple(one for one in standing if one.portfolio_id == portfolio_id)

    def is_buried(self, chat_id: int, message_id: int) -> bool:
        """Tell whether something is known to stand below a message."""
        return self._messages.get(chat_id, message_id) > message_id

    def is_newest(self, chat_id: int, message_id: int) -> bool:
        """Tell whether nothing stands below a message."""
        return self._messages.get(chat_id) == message_id
