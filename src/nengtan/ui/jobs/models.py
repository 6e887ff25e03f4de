"""What is asked of the background, and what became of it."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.identity.models import ApiKey, AuditEvent, User


class Job(models.Model):
    """A piece of long work (后台任务). Its outcome is stored in the transaction that does the work."""

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    kind = models.CharField(pgettext_lazy("job", "kind"), max_length=40)
    title = models.CharField(pgettext_lazy("job", "title"), max_length=200)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("owner"))
    via = models.CharField(_("via"), max_length=8, choices=AuditEvent.Via.choices)
    address = models.CharField(_("network address"), max_length=64, blank=True)
    key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", verbose_name=_("API key"))
    language = models.CharField(_("language"), max_length=8)
    state = models.CharField(
        pgettext_lazy("job", "state"), max_length=10, choices=State.choices, default=State.QUEUED, db_index=True
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    params = models.JSONField(_("parameters"), default=dict)
    result = models.JSONField(_("result"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("job")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.pk])

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}
