"""The headers of forms at the console: ``nengtan returns headers``."""

from __future__ import annotations

import click
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.reference import scheme
from nengtan.ui.cli import Words, die, emit, format_option, one_of

COLUMNS = {
    "edition": gettext_lazy("Edition"),
    "form": gettext_lazy("Form"),
    "field": gettext_lazy("Header field"),
    "value": gettext_lazy("Value"),
    "state": gettext_lazy("State"),
    "source": gettext_lazy("Read in"),
    "by": gettext_lazy("By"),
}


@click.command(
    "headers",
    help=_("What the headers of the forms say, or enter one mark with --field and --value; --drop undoes it."),
)
@click.option("--edition", help=one_of(_("Edition of the scheme."), scheme.editions()))
@click.option("--field", help=_("Which mark, as the list names it."))
@click.option("--form", type=click.IntRange(1, 8), help=_("Which form, for its number."))
@click.option("--value", help=_("What the document says."))
@click.option("--source", default="", help=_("The document it was read in."))
@click.option("--reason", default="", help=_("Why."))
@click.option("--drop", is_flag=True, help=_("Let what is shipped hold again."))
@format_option
def headers(
    edition: str | None, field: str | None, form: int | None, value: str | None, source: str, reason: str, drop: bool,
    format: str,
) -> None:  # fmt: skip
    """Without --field every mark is listed."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.header_wording import STATES, field_word, form_word, header_dict
    from nengtan.reporting.services.headers import Headers, drop_header, set_header

    asked = field is not None or value is not None or drop
    if asked and (field is None or edition is None or (value is not None) == drop):
        die(_("Name --edition and --field with --value and --source, or with --drop and --reason; or nothing to list."))
    if edition is not None and edition not in scheme.editions():
        words = _("Unknown edition “%(found)s”; allowed: %(allowed)s.")
        die(words % {"found": edition, "allowed": " ".join(scheme.editions())})
    try:
        if edition is None or field is None:
            held = Headers()
            lines = [line for code in ([edition] if edition else scheme.editions()) for line in held.lines(code)]
        elif value is None:
            lines = [drop_header(system_actor(), edition, field, reason, form or 0)]
        else:
            lines = [set_header(system_actor(), edition, field, value, source, reason, form or 0)]
    except ValidationError as error:
        die(" ".join(error.messages))
    shown: Words = {"form": form_word, "field": field_word, "state": lambda code: STATES[code]}
    emit([header_dict(line) for line in lines], COLUMNS, format, shown)
