"""The keys of one account, kept out of everything that is written."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs the requests of one account; no field stands in its ``repr``, so none gets into a log or a traceback."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    #: the passphrase of exchanges that have one
    password: str = field(default="", repr=False)
