"""Template tags of the design system; built in (no ``{% load %}`` needed). Examples of each: the gallery page."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

from nengtan.ui import charts, components, formats
from nengtan.ui.components import Change, Crumb, Definition, EvidenceItem, KeyFigure, Progress, Step, Tab
from nengtan.ui.tables.columns import Column, resolve
from nengtan.ui.tables.table import Heading, Table

register = template.Library()


@register.simple_tag
def safe_url(name: str, default: str = "", *args: Any, **kwargs: Any) -> str:
    """The address of a named page, or ``default`` where that room is not installed."""
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        return default


@register.filter
def can(actor: Any, capability: str) -> bool:
    """``{% if actor|can:"write_activity" %}``: whether the actor holds a right somewhere."""
    return actor is not None and bool(actor.can(capability))


@register.simple_tag
def icon(name: str) -> SafeString:
    """An inline icon, hidden from screen readers: always beside a word or an aria-label."""
    return _icon(name)


@functools.cache
def _icon(name: str) -> SafeString:
    return mark_safe(render_to_string(f"ui/icons/{name}.html").strip())


@register.simple_tag
def figure(value: Any, unit: str = "", **options: Any) -> SafeString:
    """``{% figure value unit="kWh" href=url decimals=0 estimate=True reason="…" compact=False exact=True %}``."""
    return components.figure_html(value, unit, **options)


@register.filter
def fixed(value: Any, decimals: int = 0) -> str:
    """``{{ value|fixed:2 }}``: thousands separated, so many decimals."""
    return formats.fixed(value, decimals)


@register.filter
def plain(value: Any) -> str:
    """``{{ value|plain }}``: thousands separated, decimals by size."""
    return formats.plain(value)


@register.filter
def exact(value: Any) -> str:
    """``{{ value|exact }}``: thousands separated, every digit that is known: what is checked against paper."""
    return formats.exact(value)


@register.filter
def percent(ratio: Any, decimals: int = 1) -> str:
    """``{{ ratio|percent }}``."""
    return formats.percent(ratio, decimals)


@register.simple_tag
def change(
    new: Any, old: Any, against: str = "", good: str | None = "down", brief: bool = False, words: bool = False
) -> SafeString:
    """``{% change new old against=_("on last year") good="down" words=True %}``; good=None gives no judgement."""
    return components.change_html(Change(new, old, against, good or None), brief, words)  # type: ignore[arg-type]


@register.simple_tag
def badge(judgement: str, word: str) -> SafeString:
    """``{% badge "bad" _("over quota") %}``: bad, warn, good or muted."""
    return components.badge_html(judgement, word)


@register.simple_tag
def carrier(code: str, label: str) -> SafeString:
    """A carrier's colour with its name."""
    return format_html('<span class="carrier carrier-{}">{}</span>', code, label)


@register.simple_tag
def peers(values: Sequence[Any], own: Any, judgement: str = "muted", unit: str = "", width: int = 160) -> SafeString:
    """One institution within its peers."""
    return components.peers_svg(values, own, judgement, unit, width)


@register.simple_tag
def sparkline(values: Sequence[Any], label: str = "", width: int = 96) -> SafeString:
    """A line as tall as a row."""
    return components.sparkline_svg(values, label, width)


@register.simple_block_tag
def finding(content: str, note: str = "") -> SafeString:
    """``{% finding note=… %}sentence with figures{% endfinding %}``: the first thing on a page."""
    extra = format_html('<p class="finding-note">{}</p>', note) if note else ""
    return format_html('<div class="finding"><h1>{}</h1>{}</div>', _one_line(content), extra)


_AFTER_A_WIDE_MARK = re.compile(r"([\u3001\u3002\uff0c\uff1b\uff1a\uff09](?:</\w+>)*) ")


def _one_line(content: str) -> SafeString:
    """A sentence put together from parts: single spaces, none after a full-width mark."""
    return mark_safe(_AFTER_A_WIDE_MARK.sub(r"\1", " ".join(content.split())))


@register.simple_block_tag
def card(
    content: str,
    title: str = "",
    note: str = "",
    href: str = "",
    link: str = "",
    flush: bool = False,
    id: str = "",
    classes: str = "",
) -> SafeString:
    """``{% card title=… note=… href=… link=… flush=True %}…{% endcard %}``; flush lets a table touch the frame."""
    body = "card-flush" if flush else "card-body"
    more = (
        format_html('<a class="card-link" href="{}">{} <span aria-hidden="true">→</span></a>', href, link)
        if href
        else ""
    )
    head = format_html(
        '<header class="card-head"><h2>{}</h2>{}{}</header>',
        *(title, format_html('<span class="card-note">{}</span>', note) if note else "", more),
    )
    anchor = format_html(' id="{}"', id) if id else ""
    return format_html(
        '<section class="card {}"{}>{}<div class="{}">{}</div></section>',
        *(classes, anchor, head if title or more else "", body, content),
    )


@register.simple_block_tag
def headed(content: str, crumbs: Sequence[Crumb | tuple[str, str]] = ()) -> SafeString:
    """The content of a page; one without a heading gets where it stands, for those who move from heading to heading."""
    if "<h1" in content or not crumbs:
        return mark_safe(content)
    here = crumbs[-1].label if isinstance(crumbs[-1], Crumb) else crumbs[-1][0]
    return format_html('<h1 class="visually-hidden">{}</h1>{}', here, mark_safe(content))


@register.simple_block_tag
def alert(content: str, judgement: str = "muted", title: str = "") -> SafeString:
    """``{% alert "warn" title=… %}what happened and what to do{% endalert %}``."""
    name = {"bad": "alert-circle", "warn": "alert-triangle", "good": "circle-check"}.get(judgement, "info-circle")
    head = format_html("<b>{}</b> ", title) if title else ""
    role = "alert" if judgement == "bad" else "status"
    return format_html(
        '<div class="notice is-{}" role="{}">{}<div>{}{}</div></div>', judgement, role, icon(name), head, content
    )


@register.simple_block_tag
def action_bar(content: str, note: str = "") -> SafeString:
    """Buttons that stay at the bottom of a phone's screen."""
    extra = format_html('<span class="action-note">{}</span>', note) if note else ""
    return format_html('<div class="action-bar">{}{}</div>', content, extra)


@register.simple_block_tag
def lineage_step(content: str, title: str, note: str = "") -> SafeString:
    """One stage of a lineage drawer: formula, factors, facts, corrections."""
    extra = format_html(' <span class="step-note">{}</span>', note) if note else ""
    return format_html('<section class="lineage-step"><h3>{}{}</h3>{}</section>', title, extra, content)


@register.inclusion_tag("ui/c/lineage_head.html")
def lineage_head(title: str, subject: str = "", value: Any = None, unit: str = "", decimals: int = 2) -> dict[str, Any]:
    """The head of a lineage drawer."""
    return {"title": title, "subject": subject, "digits": formats.plain(value, decimals), "unit": unit,
            "exact": formats.exact(value)}  # fmt: skip


@register.inclusion_tag("ui/c/key_figures.html")
def key_figures(items: Iterable[KeyFigure]) -> dict[str, Any]:
    """The strip of key figures under the finding."""
    return {"items": list(items)}


@register.simple_tag
def key_figure_value(item: KeyFigure) -> SafeString:
    """The figure of one cell of the strip."""
    return components.figure_html(item.value, item.unit, item.href, item.decimals, item.estimate, item.reason)


@register.simple_tag
def change_of(item: Change) -> SafeString:
    """A ``Change`` as text."""
    return components.change_html(item)


@register.inclusion_tag("ui/c/progress.html")
def progress(
    done: int, total: int, label: str = "", note: str = "", href: str = "", judge: bool = False
) -> dict[str, Any]:
    """``{% progress 38 40 label=… %}``: so many of so many; judge=True turns a bar short of full amber."""
    share = min(max(done / total, 0.0), 1.0) if total else 0.0
    judgement = "warn" if judge and done < total else "brand"
    return {"item": Progress(label, done, total, note, href), "share": f"{share * 100:.1f}%", "judgement": judgement}


@register.inclusion_tag("ui/c/breadcrumb.html")
def breadcrumb(crumbs: Iterable[Crumb | tuple[str, str]]) -> dict[str, Any]:
    """Places above this one, the last being this one."""
    return {"crumbs": [item if isinstance(item, Crumb) else Crumb(*item) for item in crumbs]}


@register.inclusion_tag("ui/c/tabs.html")
def tabs(items: Iterable[Tab], label: str = "") -> dict[str, Any]:
    """Several views of the same thing."""
    return {"items": list(items), "label": label}


@register.inclusion_tag("ui/c/steps.html")
def steps(items: Iterable[Step]) -> dict[str, Any]:
    """The path of a document."""
    return {"items": list(items)}


@register.inclusion_tag("ui/c/empty.html")
def empty(
    title: str,
    text: str = "",
    href: str = "",
    action: str = "",
    icon_name: str = "info-circle",
    other_href: str = "",
    other_action: str = "",
) -> dict[str, Any]:
    """``{% empty title=… text=… href=… action=… other_href=… other_action=… %}``: why there is nothing, what to do."""
    return {"title": title, "text": text, "href": href, "action": action, "icon_name": icon_name,
            "other_href": other_href, "other_action": other_action}  # fmt: skip


@register.inclusion_tag("ui/c/evidence.html")
def evidence(items: Iterable[EvidenceItem]) -> dict[str, Any]:
    """Facts and files behind a figure."""
    return {"items": list(items)}


@register.inclusion_tag("ui/c/definitions.html")
def definitions(items: Iterable[Definition | tuple[str, Any]]) -> dict[str, Any]:
    """Terms and values, side by side."""
    return {"items": [item if isinstance(item, Definition) else Definition(*item) for item in items]}


@register.inclusion_tag("ui/c/form.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Every field of a form: label, control, help, errors beside it."""
    return {"form": form}


@register.inclusion_tag("ui/c/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """One field of a form."""
    widget = bound.field.widget
    kind = "check" if getattr(widget, "input_type", "") == "checkbox" else "control"
    described = [f"{bound.auto_id}-help"] if bound.help_text else []
    described += [f"{bound.auto_id}-error"] if bound.errors else []
    attrs: dict[str, Any] = {"class": _control_class(widget, bool(bound.errors))}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    many = type(widget).__name__ in ("RadioSelect", "CheckboxSelectMultiple")
    control = bound.as_widget() if many else bound.as_widget(attrs=attrs)
    return {"field": bound, "kind": "many" if many else kind, "control": control}


def _control_class(widget: Any, invalid: bool) -> str:
    kind = getattr(widget, "input_type", "")
    base = {"checkbox": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    own = str(widget.attrs.get("class", ""))
    return " ".join(part for part in (own, base, "is-invalid" if invalid else "") if part)


@register.inclusion_tag("ui/c/confirm_form.html", takes_context=True)
def confirm_form(
    context: Mapping[str, Any],
    action: str,
    label: str,
    question: str,
    detail: str = "",
    danger: bool = True,
    fields: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A button that asks once, then posts: ``{% confirm_form action=url label=… question=… detail=… %}``."""
    return {"action": action, "label": label, "question": question, "detail": detail, "danger": danger,
            "fields": fields or {}, "csrf_token": context.get("csrf_token")}  # fmt: skip


@register.inclusion_tag("ui/c/job.html")
def job(item: Any, url: str = "") -> dict[str, Any]:
    """Live progress of a long piece of work; the fragment asks ``url`` again until it is finished."""
    total, done = resolve(item, "total") or 0, resolve(item, "done") or 0
    return {"job": item, "url": url, "share": f"{min(done / total, 1) * 100:.1f}%" if total else ""}


@register.inclusion_tag("ui/c/picker.html", takes_context=True)
def picker(
    context: Mapping[str, Any], name: str, options: Iterable[Any], value: Any, label: str = ""
) -> dict[str, Any]:
    """``{% picker "year" years year label=… %}``: a menu that reloads the page with ``?name=value``."""
    request: HttpRequest = context["request"]
    choices = []
    for option in options:
        code, word = option if isinstance(option, (tuple, list)) else (option, _in_a_menu(name, option))
        query = request.GET.copy()
        query[name] = str(code)
        query.pop("page", None)
        choices.append({"word": word, "url": f"?{query.urlencode()}", "active": str(code) == str(value)})
    current = next((choice["word"] for choice in choices if choice["active"]), _in_a_menu(name, value))
    return {"choices": choices, "current": current, "label": label}


def _in_a_menu(name: str, option: Any) -> Any:
    """A year says that it is one, where the language has a word for it."""
    return pgettext("menu", "%(year)s") % {"year": option} if name == "year" else option


@register.simple_tag(takes_context=True)
def table(context: Mapping[str, Any], item: Any) -> SafeString:
    """A bound ``nengtan.ui.tables.Table`` with its filters, paging and export."""
    return mark_safe(item.render(context["request"]))


@register.inclusion_tag("ui/chart.html")
def chart(item: charts.Chart, height: int = 300, id: str = "", heading: bool = True) -> dict[str, Any]:
    """``{% chart chart height=300 id="monthly" %}``: the picture, its caption, its data."""
    return {"chart": item, "height": height, "id": id or f"chart-{item.key}", "heading": heading}


@register.filter
def chart_body(rows: Iterable[tuple[str, Iterable[tuple[str, bool]]]]) -> SafeString:
    """The rows of a chart's data table; put together here, since a page has hundreds of such cells."""
    return mark_safe(
        "".join(
            f'<tr><th scope="row">{conditional_escape(heading)}</th>{"".join(_figures(cells))}</tr>'
            for heading, cells in rows
        )
    )


def _figures(cells: Iterable[tuple[str, bool]]) -> Iterable[str]:
    for place, (text, numeric) in enumerate(cells):
        kind = ' class="is-end"' if numeric or place else ""
        yield f"<td{kind}>{conditional_escape(text)}</td>"


@register.filter
def table_head(table: Table) -> SafeString:
    """The heads of a table's columns, those that sort as links."""
    return mark_safe("".join(_head(table, head) for head in table.headings))


_SORTED = {"descending": "▼", "ascending": "▲"}


def _head(table: Table, head: Heading) -> str:
    column = head.column
    shown: str = escape(str(column.heading))
    if column.unit:
        shown += f' <span class="unit">{escape(str(column.unit))}</span>'
    if head.url:
        mark = _SORTED.get(head.direction)
        drawn = f'<span class="sort-mark" aria-hidden="true">{mark}</span>' if mark else _icon("selector")
        url = escape(head.url)
        shown = f'<a href="{url}" hx-get="{url}" id="{table.id}-by-{column.key}">{shown}{drawn}</a>'
    sort = f' aria-sort="{head.direction}"' if head.direction else ""
    title = f' title="{escape(str(column.help))}"' if column.help else ""
    return f'<th scope="col" class="{column.classes}"{sort}{title}>{shown}</th>'


@register.filter
def table_body(rows: Iterable[Sequence[tuple[Column, str]]]) -> SafeString:
    """The rows of a table, the first cell of each its heading."""
    heads: dict[str, tuple[SafeString, SafeString]] = {}
    return mark_safe("".join(f"<tr>{''.join(_cells(row, heads))}</tr>" for row in rows))


def _cells(row: Sequence[tuple[Column, str]], heads: dict[str, tuple[SafeString, SafeString]]) -> Iterable[str]:
    for place, (column, text) in enumerate(row):
        if column.key not in heads:
            heads[column.key] = (conditional_escape(column.classes), conditional_escape(column.title))
        classes, title = heads[column.key]
        shown = conditional_escape(text)
        if place:
            yield f'<td class="{classes}" data-label="{title}">{shown}</td>'
        else:
            yield f'<th scope="row" class="{classes} is-first">{shown}</th>'
