"""The small values that components are drawn from, and the components that Python code may also need as text.

Pages usually write template tags (``templatetags/ui.py``); a page that composes a sentence in Python uses
``figure_html`` and ``change_html`` with ``format_html``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from nengtan.ui import formats
from nengtan.ui.formats import Number

__all__ = [
    "JUDGEMENTS",
    "Change",
    "Crumb",
    "Definition",
    "EvidenceItem",
    "Judgement",
    "KeyFigure",
    "Progress",
    "Step",
    "Tab",
    "badge_html",
    "change_html",
    "figure_html",
    "peers_svg",
    "sparkline_svg",
]

Text = str | Promise
Judgement = Literal["bad", "warn", "good", "muted"]
JUDGEMENTS: tuple[Judgement, ...] = ("bad", "warn", "good", "muted")
STEADY = Decimal("0.0005")
"""A change that would print as 0.0 % is called steady."""


@dataclass(frozen=True)
class Crumb:
    """A place above this one; without an address it is the place itself."""

    label: Text
    url: str = ""


@dataclass(frozen=True)
class Tab:
    """One of several views of the same thing."""

    label: Text
    url: str
    active: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Step:
    """A station on the path of a document (entered, signed, sent …)."""

    label: Text
    state: Literal["done", "current", "todo"] = "todo"
    note: Text = ""


@dataclass(frozen=True)
class Definition:
    """A term and its value (already text, or markup marked safe)."""

    term: Text
    value: object
    note: Text = ""


@dataclass(frozen=True)
class EvidenceItem:
    """A fact or file behind a figure, with who entered it and when."""

    text: Text
    note: Text = ""
    url: str = ""
    badge: Text = ""
    judgement: Judgement = "muted"


@dataclass(frozen=True)
class Progress:
    """So many of so many."""

    label: Text
    done: int
    total: int
    note: Text = ""
    url: str = ""


@dataclass(frozen=True)
class Change:
    """A value against an earlier or expected one.

    ``against`` says what it is compared with, in words ("on last year"). ``good`` says which way is an improvement;
    with None the change carries no judgement.
    """

    new: Number | None
    old: Number | None
    against: Text
    good: Literal["down", "up"] | None = "down"
    decimals: int = 1

    @property
    def ratio(self) -> Decimal | None:
        """(new - old) / |old|; None when either is unknown or the base is zero."""
        new, old = formats.to_decimal(self.new), formats.to_decimal(self.old)
        if new is None or old is None or old == 0:
            return None
        return (new - old) / abs(old)

    @property
    def direction(self) -> Literal["up", "down", "steady", "unknown"]:
        """Which way the value went, as far as can be printed."""
        ratio = self.ratio
        if ratio is None:
            return "unknown"
        if abs(ratio) < STEADY:
            return "steady"
        return "up" if ratio > 0 else "down"

    @property
    def judgement(self) -> Judgement:
        """Good, bad, or no judgement."""
        if self.good is None or self.direction in ("steady", "unknown"):
            return "muted"
        return "good" if self.direction == self.good else "bad"


@dataclass(frozen=True)
class KeyFigure:
    """One figure of the strip under the finding."""

    label: Text
    value: Number | None
    unit: Text = ""
    href: str = ""
    change: Change | None = None
    note: Text = ""
    judgement: Judgement = "muted"
    decimals: int | None = None
    estimate: bool = False
    reason: Text = ""


def figure_html(
    value: Number | str | None,
    unit: Text = "",
    href: str = "",
    decimals: int | None = None,
    estimate: bool = False,
    reason: Text = "",
    compact: bool = True,
    exact: bool = False,
) -> SafeString:
    """A figure in running text: short, exact on hover, opening its lineage; "—" with the reason when unknown.

    ``compact=False`` keeps thousands whole; ``exact`` shows every digit, for what is checked against paper.
    """
    number = formats.to_decimal(value)
    if number is None:
        return _missing(reason)
    short = formats.compact(number, decimals) if compact and not exact else None
    whole = formats.exact(number) if exact else formats.plain(number, decimals)
    digits = short.digits if short else whole
    label = formats.join_unit(short.scale if short else "", str(unit))
    title = f"{formats.exact(number)} {unit}".strip()
    mark = _estimate_mark() if estimate else ""
    body = format_html(
        "<b>{}</b>{}{}", digits, format_html('<span class="unit">{}</span>', label) if label else "", mark
    )
    if not href:
        return format_html('<span class="figure" title="{}">{}</span>', title, body)
    return format_html(
        '<a class="figure" href="{}" title="{}" data-drawer hx-get="{}" hx-target="#drawer-body" hx-swap="innerHTML">'
        "{}</a>",
        href,
        title,
        href,
        body,
    )


def change_html(change: Change, brief: bool = False, words: bool = False) -> SafeString:
    """An arrow, the size, and against what; colour repeats what arrow and hidden word say.

    ``brief`` is for table columns whose heading says against what: only the signed size. ``words`` is for sentences.
    """
    direction, against = change.direction, str(change.against)
    if direction == "unknown":
        reason = gettext("nothing to compare with: %(against)s") % {"against": against}
        return format_html('<span class="change is-muted" title="{}">{}</span>', reason, formats.DASH)
    size = formats.percent(change.ratio, change.decimals, signed=brief)
    if brief:
        return format_html('<span class="change is-{}" title="{}">{}</span>', change.judgement, against, size)
    if direction == "steady":
        level = gettext("level %(against)s") % {"against": against}
        return format_html('<span class="change is-muted">{}</span>', level)
    if words:
        return _change_in_words(change, size.lstrip(formats.MINUS))
    word = pgettext("change", "up") if direction == "up" else pgettext("change", "down")
    return format_html(
        '<span class="change is-{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span> '
        "{} {}</span>",
        change.judgement,
        "↑" if direction == "up" else "↓",
        word,
        size.lstrip(formats.MINUS),
        against,
    )


def _change_in_words(change: Change, size: str) -> SafeString:
    """For a sentence: coloured words instead of an arrow."""
    pattern = gettext("up %(size)s %(against)s") if change.direction == "up" else gettext("down %(size)s %(against)s")
    text = pattern % {"size": size, "against": change.against}
    return format_html('<span class="change is-{}">{}</span>', change.judgement, text)


def badge_html(judgement: str, word: Text) -> SafeString:
    """A judgement: colour and always a word."""
    if judgement not in JUDGEMENTS:
        raise ValueError(f"judgement is one of {', '.join(JUDGEMENTS)}, not {judgement!r}")
    return format_html('<span class="judgement is-{}">{}</span>', judgement, word)


def peers_svg(
    peers: Sequence[Number], own: Number | None, judgement: str = "muted", unit: str = "", width: int = 160
) -> SafeString:
    """Where one institution stands among its kind: small dots for peers, one large dot for itself."""
    if own is None or not peers:
        return _missing(gettext("no peers with a known value"))
    values = [float(value) for value in peers]
    low, high = min([*values, float(own)]), max([*values, float(own)])
    span = (high - low) or 1.0

    def x(value: float) -> str:
        return f"{8 + (value - low) / span * (width - 16):.1f}"

    places = dict.fromkeys(round(float(x(value))) for value in values)
    dots = "".join(f'<circle class="peer" cx="{place}" cy="10" r="2.4"/>' for place in places)
    rank = sum(1 for value in values if value > float(own)) + 1
    words = gettext("%(own)s; number %(rank)s from the top among %(count)s of its kind, %(low)s to %(high)s") % {
        "own": f"{formats.plain(own)} {unit}".strip(),
        "rank": rank,
        "count": len(values),
        "low": formats.plain(low),
        "high": formats.plain(high),
    }
    return format_html(
        '<svg class="peers" viewBox="0 0 {} 20" width="{}" height="20" role="img" aria-label="{}"><title>{}</title>{}'
        '<circle class="own is-{}" cx="{}" cy="10" r="4.6"/></svg>',
        width,
        width,
        words,
        words,
        SafeString(dots),
        judgement,
        x(float(own)),
    )


def sparkline_svg(values: Sequence[Number | None], label: str = "", width: int = 96, height: int = 24) -> SafeString:
    """A line as tall as a row; gaps where a value is unknown."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return _missing(gettext("no values"))
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = (width - 4) / max(len(values) - 1, 1)
    path, pen = [], "M"
    for position, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{2 + position * step:.1f} {height - 3 - (float(value) - low) / span * (height - 6):.1f}")
        pen = "L"
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}"><title>{}</title>'
        '<path d="{}"/></svg>',
        *(width, height, width, height, label, label, " ".join(path)),
    )


def _missing(reason: Text) -> SafeString:
    if not reason:
        return format_html('<span class="figure is-missing">{}</span>', formats.DASH)
    return format_html(
        '<span class="figure is-missing" title="{}">{}<span class="visually-hidden"> {}</span></span>',
        reason,
        formats.DASH,
        reason,
    )


def _estimate_mark() -> SafeString:
    return format_html('<span class="estimate" title="{}">{}</span>', gettext("an estimate"), pgettext("mark", "est."))
