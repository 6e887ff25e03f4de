"""What the standard leaves open, as addresses, programs and commands write it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.utils.translation import gettext as _

from nengtan.carbon.words import SETTINGS
from nengtan.domain.carbon.inventory import Gwp, MarketGreen, Negative, SecondHand, Settings

__all__ = ["KINDS", "settings_from"]

KINDS: Mapping[str, type[StrEnum]] = {
    "market_green": MarketGreen,
    "negative": Negative,
    "gwp": Gwp,
    "second_hand": SecondHand,
}
"""Each open question with its answers."""


def settings_from(values: Mapping[str, str]) -> Settings:
    """The settings told, the usual ones where nothing is; other names are left alone.

    Raises:
        ValueError: says which question has no such answer, and those it has.
    """
    for name, kind in KINDS.items():
        found = values.get(name) or ""
        if found and found not in list(kind):
            raise ValueError(
                _("%(option)s: found “%(found)s”; allowed: %(allowed)s.")
                % {"option": SETTINGS[name], "found": found[:40], "allowed": ", ".join(kind)}
            )
    usual = Settings()
    return Settings(
        MarketGreen(values.get("market_green") or usual.market_green),
        Negative(values.get("negative") or usual.negative),
        Gwp(values.get("gwp") or usual.gwp),
        SecondHand(values.get("second_hand") or usual.second_hand),
    )
