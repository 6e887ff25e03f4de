"""Since when something holds, in words where nobody knows."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext as _

from nengtan.domain.overtime import SINCE_ALWAYS


def since_word(day: date | str) -> str:
    """A day, or that its beginning is not known; also of a day as the trail keeps it."""
    written = day if isinstance(day, str) else day.isoformat()
    return _("start unknown") if written == SINCE_ALWAYS.isoformat() else written


class Dated(models.Model):
    """What holds from ``valid_from`` on."""

    valid_from: models.DateField[date, date]

    class Meta:
        abstract = True

    @property
    def since(self) -> str:
        """From when on, as people read it."""
        return since_word(self.valid_from)

    @property
    def known_from(self) -> date | None:
        """From when on, as programs read it: None where nobody knows."""
        return None if self.valid_from == SINCE_ALWAYS else self.valid_from
