"""What people type, before a service judges it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity import throttle
from nengtan.identity.access import Actor
from nengtan.identity.middleware import address_of
from nengtan.identity.models import User
from nengtan.identity.places import find, institutions_in_reach, regions_in_reach
from nengtan.identity.roles import NEEDS_INSTITUTION, NEEDS_REGION, Capability, Role
from nengtan.identity.services import GrantInput, UserInput, roles_for
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import choices


class SignInForm(AuthenticationForm):
    """User name and password; says the same whether the name is unknown, the password wrong or the user locked out."""

    error_messages = {"invalid_login": _("User name or password is not right."), "inactive": ""}
    wait = 0
    """Seconds until another try is allowed, once there were too many."""

    def clean(self) -> dict[str, Any]:
        """The user, unless there were too many failures under this name or from this address."""
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not username or not password or self.request is None:
            return self.cleaned_data
        address = address_of(self.request)
        self.wait = throttle.sign_in(username, address).take()
        if self.wait:
            raise ValidationError(_too_many(self.wait))
        self.user_cache = authenticate(self.request, username=username, password=password)
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        throttle.signed_in(username, address)
        return self.cleaned_data


class LinkForm(forms.Form):
    """Where a link to choose a new password goes."""

    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"}))

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_email(self) -> str:
        """The address, unless too many links were asked for."""
        email = str(self.cleaned_data["email"])
        if wait := throttle.mail(email, address_of(self.request)).take():
            raise ValidationError(_too_many(wait))
        return email


class PasswordForm(forms.Form):
    """A new password, typed twice; with the one in use unless a mailed link stands for it."""

    old_password = forms.CharField(
        label=_("Password in use"), widget=forms.PasswordInput({"autocomplete": "current-password"})
    )
    new_password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 10 characters, not only digits, not a common one, unlike your name."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("New password again"), widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    def __init__(self, user: User, *args: Any, by_link: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if by_link:
            del self.fields["old_password"]

    def clean_old_password(self) -> str:
        """The password in use must be known, or an open screen would be enough to take an account over."""
        password = str(self.cleaned_data["old_password"])
        if not self.user.check_password(password):
            raise ValidationError(_("This is not the password in use."))
        return password

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        if self.cleaned_data.get("new_password") != self.cleaned_data.get("repeated"):
            self.add_error("repeated", _("The two are not the same."))
        return self.cleaned_data


class AccountForm(forms.Form):
    """What one may change of one's own account."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=64, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, help_text=_("Links to choose a new password go there."))
    phone = forms.CharField(label=_("Telephone"), max_length=32, required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("as the platform is set"))]
        + [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES],
    )


class PlaceField(forms.CharField):
    """A region or an institution by code or name, found among those in reach; suggests while one types."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.kind = kind
        self.places: QuerySet[Any] | None = None

    def reach(self, places: QuerySet[Any], name: str) -> None:
        """Look among ``places``, and suggest from them."""
        self.places = places
        self.widget.attrs |= {
            "list": f"{name}-suggestions",
            "autocomplete": "off",
            "hx-get": f"{reverse('place_suggestions')}?kind={self.kind}&field={name}",
            "hx-trigger": "input changed delay:250ms",
            "hx-target": f"#{name}-suggestions",
            "hx-swap": "innerHTML",
        }

    def clean(self, value: Any) -> Any:
        """The place, or None where nothing was typed."""
        typed = str(super().clean(value))
        return find(self.places, typed) if typed and self.places is not None else None


class GrantForm(forms.Form):
    """A role and where it holds; the page hides what a role does not take."""

    role = forms.ChoiceField(label=_("Role"))
    region = PlaceField("region", label=_("Region"), help_text=_("Code or name; the role reaches all below it."))
    system = forms.ChoiceField(label=_("System"), required=False)
    institution = PlaceField("institution", label=_("Institution"), help_text=_("Code or name."))
    valid_until = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=DayInput(),
        help_text=_("Empty: without an end."),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [("", _("choose a role")), *((role.value, role.label) for role in roles_for(actor))]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]
        self.fields["system"].choices = [("", _("choose a system")), *choices(reference.systems())]  # type: ignore[attr-defined]
        for name, reach in (("region", regions_in_reach), ("institution", institutions_in_reach)):
            field = self.fields[name]
            if isinstance(field, PlaceField):
                field.reach(reach(actor, Capability.MANAGE_USERS), name)

    def grant(self) -> GrantInput | None:
        """What was chosen, without what the page hides for the role; None without a role."""
        data = self.cleaned_data
        role = data.get("role", "")
        if not role:
            return None
        return GrantInput(
            role=role,
            region=data.get("region") if role in NEEDS_REGION else None,
            system=data.get("system", "") if role == Role.SYSTEM_DEPARTMENT else "",
            institution=data.get("institution") if role in NEEDS_INSTITUTION | {Role.VERIFIER} else None,
            valid_until=data.get("valid_until"),
        )


class UserForm(AccountForm):
    """A user's particulars as an administrator sees them."""

    username = forms.CharField(
        label=_("User name"),
        max_length=64,
        help_text=_("Letters, digits and @ . + - _"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    field_order = ("username", "name", "phone", "email", "language")

    def user(self) -> UserInput:
        """What was typed."""
        return UserInput(**{name: self.cleaned_data[name] for name in self.field_order})


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(label=_("Name"), max_length=64, help_text=_("What it is for: the program or the machine."))
    expires_on = forms.DateField(
        label=_("Last day"),
        widget=DayInput(),
        help_text=_("A year from now at most."),
    )
    region = PlaceField(
        "region", label=_("Only within"), help_text=_("Code or name of a region; empty: wherever the user may.")
    )
    capabilities = forms.MultipleChoiceField(label=_("May do"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, actor: Actor, holder: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = [(item.value, item.label) for item in Capability if actor.can(item) and holder.can(item)]
        self.fields["capabilities"].choices = allowed  # type: ignore[attr-defined]
        region = self.fields["region"]
        if isinstance(region, PlaceField):
            region.reach(regions_in_reach(holder, Capability.VIEW), "region")

    def expires_at(self) -> datetime:
        """The end of the last day, where the platform stands."""
        day: date = self.cleaned_data["expires_on"]
        return timezone.make_aware(datetime.combine(day, time.max.replace(microsecond=0)))


def take_errors(form: forms.BaseForm, error: ValidationError, names: Mapping[str, str] | None = None) -> None:
    """Show a service's errors beside the fields; ``names`` maps its field names to the form's."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, found in error.message_dict.items():
        field = (names or {}).get(name, name)
        form.add_error(field if field in form.fields else None, ValidationError(found))


def _too_many(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many failures. Try again in %(minutes)s minute.",
        "Too many failures. Try again in %(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}
