"""What a chat consists of: people, messages, files, button taps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.loopback.keyboards import Keyboard
    from handlers.loopback.markup import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramUser:
    """A simulated person in Telegram."""

    #: Telegram's number of the person; also the number of the private chat.
    id: int
    #: First name.
    name: str = "Ada"
    #: Without @; None when the person chose none.
    username: str | None = None
    #: IETF tag of the person's app.
    language: str = "en"

    def to_json(self) -> dict[str, object]:
        """Return the person as the Bot API writes it."""
        known = {"username": self.username} if self.username else {}
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language, **known}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A photo or a document inside a message."""

    #: "photo" or "document".
    kind: str
    #: Under this id it can be sent again and downloaded.
    file_id: str
    #: File name as the sender gave it.
    name: str
    #: Media type.
    media_type: str
    #: The bytes.
    data: bytes
    #: Pixels; 0 for documents.
    width: int = 0
    #: Pixels; 0 for documents.
    height: int = 0

    def to_json(self) -> dict[str, object]:
        """Return the fields that a message gets from this attachment."""
        common = {"file_id": self.file_id, "file_unique_id": f"u{self.file_id}", "file_size": len(self.data)}
        if self.kind == "photo":
            return {"photo": [{**common, "width": self.width, "height": self.height}]}
        return {"document": {**common, "file_name": self.name, "mime_type": self.media_type}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it stands now."""

    #: Number, increasing over all chats.
    id: int
    #: The chat it stands in.
    chat_id: int
    #: Who wrote it; None for the bot.
    sender: TelegramUser | None
    #: When it was sent.
    sent_at: datetime
    #: Text, or the caption of the attachment, as a reader sees it.
    text: str = ""
    #: How stretches of the text look.
    entities: tuple[Entity, ...] = ()
    #: Photo or document.
    attachment: Attachment | None = None
    #: Buttons below.
    keyboard: Keyboard = ()
    #: When it was last edited; None if never.
    edited_at: datetime | None = None
    #: Number of the message it answers.
    reply_to: int | None = None
    #: Sent without a sound.
    silent: bool = False

    @property
    def buttons(self) -> tuple[str, ...]:
        """Labels of all buttons, in reading order."""
        return tuple(str(button["text"]) for row in self.keyboard for button in row)

    @property
    def picture(self) -> bytes | None:
        """Bytes of the photo, if the message has one."""
        return self.attachment.data if self.attachment and self.attachment.kind == "photo" else None

    def button(self, label_or_data: str) -> dict[str, object]:
        """Return the button with this callback data or label; LookupError when a person could not see it."""
        everything = [dict(button) for row in self.keyboard for button in row]
        for key in ("callback_data", "text"):
            for button in everything:
                if button.get(key) == label_or_data:
                    return button
        raise LookupError(f"message {self.id} has no button {label_or_data!r}, only {self.buttons}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The bot's answer to a tap: a toast, or an alert that must be closed; the text may be empty."""

    #: At most 200 characters.
    text: str
    #: Shown as a window.
    alert: bool
    #: A link to open; None usually.
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A tap that waits for its answer."""

    #: Telegram's id of the tap.
    id: str
    #: Who tapped.
    user_id: int
    #: The chat of the message.
    chat_id: int
    #: The message with the button.
    message_id: int
    #: When it was tapped; too old after 150 s.
    tapped_at: datetime
    #: None until the bot answers.
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line of the "/" menu."""

    #: Without the slash.
    command: str
    #: What it does, in the person's language.
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that a reader sees happen."""

    #: sent, edited, deleted, typing, answered, menu, cleared.
    kind: str
    #: Where; 0 when it concerns every chat.
    chat_id: int
    #: The message as it stands now, for sent and edited.
    message: Message | None = None
    #: The message that is gone, for deleted.
    message_id: int | None = None
    #: The tap and its answer, for answered.
    query: Query | None = None
