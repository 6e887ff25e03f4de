"""Signing in and out, and passwords."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import LoginView, LogoutView, PasswordResetConfirmView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from nengtan.identity.access import Actor, actor_for
from nengtan.identity.audit import record
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.middleware import address_of
from nengtan.identity.models import AuditEvent, User
from nengtan.identity.pages.forms import LinkForm, PasswordForm, SignInForm, take_errors
from nengtan.identity.queries import home_of
from nengtan.identity.services import set_password


class SignIn(LoginView):
    """Name and password; then back to the page that was asked for, if it is one of ours."""

    form_class = SignInForm
    template_name = "identity/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Open the session and leave a trace of it."""
        user: User = form.get_user()
        with transaction.atomic():
            response = super().form_valid(form)
            actor = actor_for(user, AuditEvent.Via.PAGE, address_of(self.request))
            record(actor, "user.sign_in", user, **home_of(user))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say what to do; 429 while there are too many failures."""
        response = super().form_invalid(form)
        if form.wait:
            response.status_code = 429
            response.headers["Retry-After"] = str(form.wait)
        return response


class SignOut(LogoutView):
    """Ends the session (POST only)."""

    http_method_names = ["post", "options"]


@sensitive_post_parameters()
@page(while_password_is_due=True)
def password_change(request: ActorRequest) -> HttpResponseBase:
    """A new password for oneself; the session goes on, all others of the user end."""
    due = request.user.must_change_password
    form = PasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and _chosen(request.actor, request.user, form):
        update_session_auth_hash(request, request.user)
        messages.success(request, _("Your password is changed."))
        return redirect("home" if due else "account")
    return render(request, "identity/password_change.html", {"form": form, "due": due})


def password_reset(request: HttpRequest) -> HttpResponse:
    """Mail a link to choose a new password; the answer is the same whether the address is known or not."""
    form = LinkForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        mail = PasswordResetForm({"email": form.cleaned_data["email"]})
        if mail.is_valid():
            mail.save(
                request=request,
                use_https=request.is_secure(),
                subject_template_name="identity/mail_subject.txt",
                email_template_name="identity/mail_body.txt",
            )
        return redirect("password_reset_sent")
    return render(request, "identity/password_reset.html", {"form": form})


def password_reset_sent(request: HttpRequest) -> HttpResponse:
    """What to do now."""
    return render(request, "identity/password_reset_sent.html")


class PasswordResetLink(PasswordResetConfirmView):
    """The page a mailed link opens, once and for an hour."""

    template_name = "identity/password_reset_link.html"
    token_generator = default_token_generator

    def get_form(self, form_class: Any = None) -> Any:
        """The new password, twice."""
        known = isinstance(self.user, User)
        return PasswordForm(self._holder(), self.request.POST or None, by_link=True) if known else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it, as the holder of the mailbox."""
        user = self._holder()
        if not _chosen(actor_for(user, AuditEvent.Via.PAGE, address_of(self.request)), user, form):
            return self.form_invalid(form)
        del self.request.session["_password_reset_token"]
        messages.success(self.request, _("Your password is changed. Sign in with it."))
        return redirect("sign_in")

    def _holder(self) -> User:
        """Whom the link was mailed to; the form is not asked for when the link is no good."""
        if not isinstance(self.user, User):
            raise Http404
        return self.user


def _chosen(actor: Actor, user: User, form: PasswordForm) -> bool:
    try:
        set_password(actor, user, form.cleaned_data["new_password"])
    except ValidationError as error:
        take_errors(form, error, {"password": "new_password"})
        return False
    return True
