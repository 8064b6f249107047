"""Settings from the environment: read once, checked, frozen, with secrets masked."""

from __future__ import annotations

import difflib
import os
import re
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, InitSettingsSource, SettingsConfigDict

from chatbot.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "CHATBOT_"
_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,}")
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(?:/[^\s?#@]*)?")
_DATABASE = re.compile(
    r"sqlite(?:\+aiosqlite)?:///.*"
    r"|postgres(?:ql)?(?:\+asyncpg)?://(?:[^/@\s]*@)?(?:\[[0-9a-fA-F:]+\]|[^/:@\s\[\]]*)(?::\d{1,5})?(?:/.*)?"
)
#: the part of an address between name and host, and options whose value nobody else should read
_PASSWORD = re.compile(r"://[^:/@\s]*:([^/\s]+)@")
_SECRET_OPTION = re.compile(r"key|secret|pass|token|auth|private|cookie", re.IGNORECASE)
#: settings that empty switches off; everywhere else empty means the default
_EMPTY_IS_OFF = ("fear_greed_url",)
_MASTER_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_PUBLIC = re.compile(r"https://[A-Za-z0-9.\-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~\-/]*)?")


#: a Telegram user id; what Unicode calls a digit is no number for every reader
_PERSON = re.compile(r"[0-9]{1,18}")


class Settings(BaseSettings):
    """Every knob of the program; the names are the environment's without the prefix ``CHATBOT_``.

    A new one has its lines in ``.env.example`` and in the README, in this order and in the same words.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    telegram_token: SecretStr = Field(SecretStr(""), description="The bot's token from BotFather; not needed for the demo.")
    telegram_api_url: str = Field("https://api.telegram.org", description="Server root of the Bot API, without /bot.")
    data_dir: Path = Field(Path("data"), description="Folder for the database; one process per folder.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    operator_ids: str = Field("", description="Telegram user ids of the operators, separated by commas; empty: pair by code.")
    market: str = Field("live:binance", description="Prices: live:<exchange>, simulated, or replay:<folder>.")
    market_speed: float = Field(1.0, gt=0, le=100_000, description="Market seconds per second (simulated and replay).")
    market_start: datetime | None = Field(None, description="Where the replay or simulation starts, e.g. 2020-02-15.")
    exchange_options: dict[str, dict[str, Any]] = Field({}, description="JSON per exchange, merged into ccxt's constructor.")
    fear_greed_url: str = Field(
        "https://api.alternative.me/fng/", description="Address of the daily Fear & Greed index for live prices; empty: off."
    )
    max_spread_pct: float = Field(3.0, gt=0, le=100, description="Bid and ask further apart than this, in percent, are no price.")
    check_interval_s: float = Field(60.0, ge=0.2, le=3600, description="Seconds between two checks of all portfolios.")
    plan_expiry_s: float = Field(300.0, ge=10, le=86_400, description="Seconds a plan waits for an answer.")
    batch_window_s: float = Field(60.0, ge=0, le=600, description="Seconds between the first alert and the plan that joins all reasons.")
    allow_live: bool = Field(False, description="Let people trade with real money, each by a consent that is typed; off: keys only read.")
    secret_keys: SecretStr = Field(
        SecretStr(""), description="Master keys that seal exchange keys, separated by commas, newest first; see `keys new`."
    )
    public_url: str = Field("", description="Address at which your proxy serves this bot, https://...; empty: keys are typed in the chat.")
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="What Telegram says at the webhook of `web`, 16 to 256 of A-Z a-z 0-9 _ -; `run` needs none."
    )
    port: int = Field(8080, ge=0, le=65_535, description="Port of the bot's own web server; 0: any free one, shown at start.")
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="Port for Prometheus to read /metrics from, on this machine alone, one for each process; 0: none."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, environment and .env in this order; see to it that empty switches off what it should."""
        file = getattr(dotenv_settings, "env_file", None)
        written: dict[str, str | None] = {
            **DotEnvSettingsSource(settings_cls, env_file=file, env_ignore_empty=False).env_vars,
            **EnvSettingsSource(settings_cls, env_ignore_empty=False).env_vars,
        }
        off = {name: "" for name in _EMPTY_IS_OFF if written.get(f"{PREFIX}{name}".lower()) == ""}
        return init_settings, InitSettingsSource(settings_cls, off), env_settings, dotenv_settings, file_secret_settings

    @field_validator("fear_greed_url")
    @classmethod
    def _index_address(cls, value: str) -> str:
        if value and not _URL.fullmatch(value):
            raise ValueError("give an address with http:// or https:// and without a question mark, or nothing to switch the index off")
        return value

    @field_validator("telegram_api_url")
    @classmethod
    def _no_bot_suffix(cls, value: str) -> str:
        root = value.rstrip("/")
        if not _URL.fullmatch(root) or root.endswith("/bot"):
            raise ValueError("give the server root with http:// or https:// and without /bot")
        return root

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not _DATABASE.fullmatch(value):
            raise ValueError("use sqlite:///<file> or postgresql://<user>:<password>@<host>:<port>/<database>; write % as %25 and @ as %40")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _token_shape(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("this is not a bot token; copy it from BotFather, it looks like digits, a colon and 35 characters")
        return value

    @field_validator("secret_keys")
    @classmethod
    def _master_keys(cls, value: SecretStr) -> SecretStr:
        parts = [part.strip() for part in value.get_secret_value().split(",")]
        if value.get_secret_value().strip() and not all(map(_MASTER_KEY.fullmatch, parts)):
            raise ValueError("use what `python -m chatbot keys new` prints, several separated by commas and the newest first")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _sayable(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _WEBHOOK_SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("give 16 to 256 of A-Z a-z 0-9 _ and -, which nobody can guess: `openssl rand -hex 32`")
        return value

    @field_validator("public_url")
    @classmethod
    def _https_only(cls, value: str) -> str:
        if value and not _PUBLIC.fullmatch(value):
            raise ValueError("give an address with https:// and without a question mark: exchange keys are sent to it")
        return value.rstrip("/")

    @field_validator("market")
    @classmethod
    def _known_market(cls, value: str) -> str:
        kind, _, rest = value.partition(":")
        if value == "simulated" or (kind == "replay" and rest) or (kind == "live" and _is_exchange(rest)):
            return value
        raise ValueError("use simulated, replay:<folder> or live:<exchange> with an exchange that ccxt has, live:binance for instance")

    @field_validator("market_start")
    @classmethod
    def _start_in_utc(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    @field_validator("operator_ids")
    @classmethod
    def _digits(cls, value: str) -> str:
        if any(part.strip() and not _PERSON.fullmatch(part.strip()) for part in value.split(",")):
            raise ValueError("use Telegram user ids, digits separated by commas")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def operators(self) -> frozenset[int]:
        """Return the operators' Telegram user ids."""
        return frozenset(int(part) for part in self.operator_ids.split(",") if part.strip())

    @property
    def database(self) -> str:
        """Return the SQLAlchemy URL: the given one, or SQLite in the data folder."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'ballast.sqlite'}"

    @property
    def master_keys(self) -> tuple[str, ...]:
        """Return the keys that seal exchange keys, newest first."""
        return tuple(part.strip() for part in self.secret_keys.get_secret_value().split(",") if part.strip())

    @property
    def secrets(self) -> frozenset[str]:
        """Return what must stand in no log: the token, the webhook's secret, the master keys, and passwords in addresses and options."""
        written = {self.telegram_token.get_secret_value(), self.webhook_secret.get_secret_value(), *self.master_keys}
        for text in (self.database_url, *_texts_of(self.exchange_options)):
            written |= set(_PASSWORD.findall(text))
        written |= set(_texts_of(self.exchange_options, secret=True))
        return frozenset(written | {unquote(text) for text in written}) - {""}

    @property
    def is_live_market(self) -> bool:
        """Tell whether prices come from a real exchange."""
        return self.market.startswith("live:")


def _is_exchange(name: str) -> bool:
    """Tell whether there is an exchange of this name; what it lacks is found out when it is opened."""
    ccxt = find_spec("ccxt") if name.isalnum() and name.islower() else None
    folders = ccxt.submodule_search_locations if ccxt is not None and ccxt.submodule_search_locations else ()
    return any((Path(folder) / "async_support" / f"{name}.py").is_file() for folder in folders)


def _texts_of(options: Any, *, secret: bool = False, named: bool = False) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the texts in options of exchanges; with ``secret``, those alone whose name says that they are one."""
    if isinstance(options, dict):
        for name, value in options.items():
            yield from _texts_of(value, secret=secret, named=named or _SECRET_OPTION.search(str(name)) is not None)
    elif isinstance(options, list):
        for value in options:
            yield from _texts_of(value, secret=secret, named=named)
    elif isinstance(options, str) and (named or not secret):
        yield options


def unknown_names() -> tuple[str, ...]:
    """Return a sentence for every name in the environment or .env that looks like a setting of ours and is none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    file = Settings.model_config.get("env_file")
    written = {**DotEnvSettingsSource(Settings, env_file=file, env_ignore_empty=False).env_vars, **os.environ}
    names = sorted({name.upper() for name in written if name.upper().startswith(PREFIX)} - known)
    nearest = {name: difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0] for name in names}
    return tuple(f"{name}: there is no such setting, it changes nothing; did you mean {nearest[name]}?" for name in names)


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - settings are of many types
    """Read the settings; raises :class:`SettingError` naming the first wrong one and its cure."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else PREFIX
        raise SettingError(name, first["msg"].removeprefix("Value error, ")) from None
    except RecursionError:  # the only one that is written as JSON
        raise SettingError(PREFIX + "EXCHANGE_OPTIONS", "this is nested too deep to be an exchange's options") from None
    except ValueError as error:  # a JSON setting that is no JSON
        match = re.search(r'field "(\w+)"', str(error))
        raise SettingError(PREFIX + (match.group(1).upper() if match else ""), "this is not valid JSON") from None
