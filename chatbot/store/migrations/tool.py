"""The migration tool, set up in code: no ini file has to be found at run time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from sqlalchemy import Connection


def config(connection: Connection | None = None) -> Config:
    """Return the settings of the tool, working on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection, revision: str) -> None:
    """Run every step up to ``revision``."""
    command.upgrade(config(connection), revision)
