"""The migration tool, set up in code: no ini file has to be found at run time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from chatbot.errors import InternalError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def config(connection: Connection | None = None) -> Config:
    """Return the settings of the tool, working on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("recursive_version_locations", "true")
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection, revision: str) -> None:
    """Run every step up to ``revision``; raises ``InternalError`` when the database was made by a newer program."""
    try:
        command.upgrade(config(connection), revision)
    except CommandError as error:
        raise InternalError(f"the database fits another version of the program ({error}): use that one, or restore a backup") from None
