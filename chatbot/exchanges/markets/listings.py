"""What a made-up exchange lists: instruments can be halted, delisted and renamed while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chatbot.exchanges.base import PERP, asset_of, is_perp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.base import Market


@dataclass(slots=True)
class Listings:
    """How a list differs from what the market was made with; nothing in it: not at all."""

    #: listed, and not traded
    halted: set[str] = field(default_factory=set)
    #: not listed any more
    gone: set[str] = field(default_factory=set)
    #: new name of a coin -> the one that it was made with
    names: dict[str, str] = field(default_factory=dict)

    def rename(self, old: str, new: str) -> None:
        """Give a coin another name, one for one, in spot and futures; the old one is gone."""
        self.names[new] = self.names.pop(old, old)
        self.gone |= {old, old + PERP}

    def origin(self, instrument: str) -> str:
        """Return the name that an instrument was made with."""
        asset = self.names.get(asset_of(instrument), asset_of(instrument))
        return asset + PERP if is_perp(instrument) else asset

    def is_traded(self, instrument: str) -> bool:
        """Tell whether an instrument has a price."""
        return instrument not in self.halted and instrument not in self.gone

    def of(self, rules: Mapping[str, Market]) -> Mapping[str, Market]:
        """Return the rules as the exchange lists them now."""
        if not (self.halted or self.gone or self.names):
            return rules
        ends = [(new + end, old + end) for new, old in self.names.items() for end in ("", PERP) if old + end in rules]
        renamed = {new: replace(rules[old], instrument=new) for new, old in ends}
        listed = {name: market for name, market in {**rules, **renamed}.items() if name not in self.gone}
        return {name: replace(market, trading=name not in self.halted) for name, market in listed.items()}
