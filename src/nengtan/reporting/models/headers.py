"""What an administrator enters where the scheme as shipped does not know, or is wrong: append-only."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.identity.models import User

FIELDS = [
    ("form_number", _("form number")),
    ("authority", _("issued by")),
    ("approver", _("approved by")),
    ("number_of_approval", _("number of approval")),
    ("valid_until", pgettext_lazy("form", "valid until")),
    ("document", _("document number")),
    ("first_year", _("first year")),
]


class HeaderSetting(models.Model):
    """A legal mark of an edition's forms as an administrator read it (表头设置): the last of each field and form holds.

    ``form`` is 0 for what all forms of the edition share; ``value`` is None where the shipped one holds again.
    """

    edition = models.CharField(_("edition"), max_length=8)
    form = models.PositiveSmallIntegerField(_("form"), default=0)
    field = models.CharField(_("field"), max_length=24, choices=FIELDS)
    value = models.CharField(_("value"), max_length=80, null=True)
    source = models.CharField(_("read in"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=400)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.edition}/{self.form} {self.get_field_display()}"
