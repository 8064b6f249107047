"""Refusals of the Bot API, in Telegram's words."""

from __future__ import annotations


class Refused(Exception):
    """The Bot API refuses: ``code`` is the HTTP status, ``description`` Telegram's sentence."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def to_json(self) -> dict[str, object]:
        """Return the body of the answer."""
        body: dict[str, object] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad(what: str) -> Refused:
    """Return a 400: the request can never succeed as it is."""
    return Refused(400, f"Bad Request: {what}")


def forbidden(what: str) -> Refused:
    """Return a 403: the person or the group does not want the bot."""
    return Refused(403, f"Forbidden: {what}")


def too_many(retry_after: int) -> Refused:
    """Return a 429: ask again after ``retry_after`` seconds."""
    return Refused(429, f"Too Many Requests: retry after {retry_after}", retry_after)


def conflict() -> Refused:
    """Return the 409 that an older waiting poll gets when a newer one arrives."""
    return Refused(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")


def delivering() -> Refused:
    """Return the 409 of a poll while updates are delivered to an address."""
    return Refused(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
