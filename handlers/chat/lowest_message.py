"""Which message stands lowest in each chat, as far as this process has seen: an edit above newer messages would be seen by nobody.

It is kept in memory and known to the process alone that hears a chat and answers it; after a start nothing is known, and everything is
sent anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

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
    """The newest message of each chat, whoever wrote it, and the newest alert."""

    def __init__(self) -> None:
        self._messages: dict[int, int] = {}
        self._alerts: dict[int, Alert] = {}

    def note(self, chat_id: int, message_id: int) -> None:
        """Note a message that stands in a chat; an edited one stands where it stood."""
        self._messages[chat_id] = max(message_id, self._messages.get(chat_id, 0))

    def note_result(self, result: Any) -> None:  # noqa: ANN401 - whatever Telegram answers
        """Note what a call has put into a chat, where it has."""
        if isinstance(result, dict) and isinstance(result.get("chat"), dict) and isinstance(result.get("message_id"), int):
            chat_id, message_id = result["chat"]["id"], result["message_id"]
            self.note(chat_id, message_id)
            alert = self._alerts.get(chat_id)
            if alert is not None and alert.message_id == message_id and "edit_date" in result:
                self._alerts[chat_id] = replace(alert, view=None)

    def note_alert(self, chat_id: int, alert: Alert) -> None:
        """Note an alert that was just sent."""
        self._alerts[chat_id] = alert

    def alert(self, chat_id: int) -> Alert | None:
        """Return the newest alert of a chat; None where there was none, or its plan has been shown."""
        return self._alerts.get(chat_id)

    def answered(self, chat_id: int) -> None:
        """Note that the newest alert of a chat has its plan."""
        self._alerts.pop(chat_id, None)

    def is_buried(self, chat_id: int, message_id: int) -> bool:
        """Tell whether something is known to stand below a message."""
        return self._messages.get(chat_id, message_id) > message_id

    def is_newest(self, chat_id: int, message_id: int) -> bool:
        """Tell whether nothing stands below a message."""
        return self._messages.get(chat_id) == message_id
