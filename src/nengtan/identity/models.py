"""Users, what they are granted, their API keys, and the trail of what was done."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.identity.roles import Capability, Role


class UserManager(BaseUserManager["User"]):
    """Creates users; services call this, nothing else does."""

    def create_user(self, username: str, password: str | None = None, **values: Any) -> User:
        user = self.model(username=self.model.normalize_username(username), **values)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person, or a machine that holds keys (用户)."""

    username = models.CharField(_("user name"), max_length=64, unique=True, validators=[UnicodeUsernameValidator()])
    name = models.CharField(pgettext_lazy("person", "name"), max_length=64, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=32, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(pgettext_lazy("account", "active"), default=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    class Meta:
        ordering = ("username",)
        constraints = [models.UniqueConstraint(Lower("username"), name="one_user_a_name")]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)


class Grant(models.Model):
    """A role given to a user over a region, a system within it, or an institution (授权)."""

    user = models.ForeignKey(User, models.PROTECT, related_name="grants", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=24, choices=Role.choices)
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    system = models.CharField(_("system"), max_length=24, blank=True)
    institution = models.ForeignKey(
        "registry.Institution", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("institution")
    )
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("granted by"))
    granted_at = models.DateTimeField(_("granted at"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        ordering = ("user_id", "id")
        constraints = [
            models.UniqueConstraint(
                "user", "role", Coalesce("region", 0), "system", Coalesce("institution", 0),
                condition=models.Q(revoked_at=None), name="one_live_grant",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class ApiKey(models.Model):
    """A key a program signs its requests with (接口密钥); only its hash is kept."""

    user = models.ForeignKey(User, models.PROTECT, related_name="api_keys", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=64)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    capabilities = models.JSONField(_("may do"), default=list)
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def digest_of(secret: str) -> str:
        """The hash a secret is kept as; secrets are random, so one round is enough."""
        return hashlib.sha256(secret.encode()).hexdigest()

    @property
    def capability_labels(self) -> list[str]:
        """What the key may do, in words."""
        return [str(Capability(value).label) for value in self.capabilities]


class Tries(models.Model):
    """How often something was tried (尝试次数): the hash of what and by whom; counts until so many epoch seconds."""

    what = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    until = models.PositiveBigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} × {self.what[:8]}"


class AuditEvent(models.Model):
    """One write: who, when, from where, what before, what after (审计记录). The database refuses any change."""

    class Via(models.TextChoices):
        """The door the write came through."""

        PAGE = "page", _("page")
        API = "api", _("API")
        COMMAND = "command", _("command")
        SYSTEM = "system", _("system")

    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("user"))
    who = models.CharField(_("who"), max_length=80)
    via = models.CharField(_("via"), max_length=8, choices=Via.choices)
    address = models.CharField(pgettext_lazy("network address", "from"), max_length=64, blank=True)
    action = models.CharField(_("action"), max_length=40, db_index=True)
    subject_type = models.CharField(_("kind of record"), max_length=40)
    subject_id = models.CharField(_("record"), max_length=64)
    subject = models.CharField(_("subject"), max_length=200)
    region_path = models.CharField(max_length=120, blank=True, db_index=True)
    institution = models.ForeignKey(
        "registry.Institution", models.PROTECT, null=True, related_name="+", verbose_name=_("institution")
    )
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["subject_type", "subject_id"])]

    def __str__(self) -> str:
        return f"{self.who} {self.action} {self.subject}"
