"""Components: judgement in words, missing values with reasons, nothing unescaped, no inline scripts."""

import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.utils import translation

from nengtan.ui import nav, pages
from nengtan.ui.components import Change, Crumb, badge_html, change_html, figure_html, peers_svg, sparkline_svg
from nengtan.ui.context import shell
from nengtan.ui.middleware import LanguageMiddleware

UI = Path(pages.__file__).parent


def render(source: str, **context: Any) -> str:
    request = RequestFactory().get("/somewhere/?a=1")
    with translation.override("en"):
        return Template(source).render(Context({"request": request, **context}))


def test_a_figure_opens_its_lineage_and_keeps_its_exact_value() -> None:
    with translation.override("en"):
        markup = figure_html(Decimal("7846.2"), "tce", "/lineage/?a=1&b=2")
    assert 'title="7,846.2 tce"' in markup
    assert 'hx-get="/lineage/?a=1&amp;b=2"' in markup


def test_a_missing_figure_says_why() -> None:
    assert "no factor" in figure_html(None, "tce", reason="no factor for this place")
    assert ">—<" in figure_html(None)


def test_estimates_are_marked() -> None:
    with translation.override("en"):
        assert "est." in figure_html(1, estimate=True)


@pytest.mark.parametrize(
    ("new", "old", "judgement", "words"),
    [
        (97, 100, "good", "down"),
        (103, 100, "bad", "up"),
        (100, 100, "muted", "level"),
        (1, None, "muted", "—"),
        (1, 0, "muted", "—"),
    ],
)
def test_a_change_is_judged_by_arrow_word_and_colour(new: int, old: int | None, judgement: str, words: str) -> None:
    with translation.override("en"):
        markup = change_html(Change(new, old, "on last year"))
    assert f"is-{judgement}" in markup
    assert words in markup


def test_a_change_without_judgement_is_grey() -> None:
    assert Change(103, 100, "x", good=None).judgement == "muted"


def test_a_badge_needs_a_known_judgement() -> None:
    with pytest.raises(ValueError, match="bad, warn, good, muted"):
        badge_html("red", "late")


def test_pictures_in_rows_speak() -> None:
    with translation.override("en"):
        assert 'aria-label="9; number 1 from the top among 3' in peers_svg([1, 2, 3], 9)
    assert sparkline_svg([1, None, 3], "power").count("M") == 2


def test_names_are_escaped_everywhere() -> None:
    evil = "<img src=x onerror=alert(1)>"
    source = (
        "{% card title=evil note=evil %}{{ evil }}{% endcard %}{% alert 'bad' title=evil %}x{% endalert %}"
        "{% empty title=evil text=evil %}{% badge 'bad' evil %}{% breadcrumb crumbs %}"
        "{% finding note=evil %}x{% endfinding %}"
    )
    assert "<img" not in render(source, evil=evil, crumbs=[(evil, "")])


def test_a_picker_keeps_the_rest_of_the_address() -> None:
    assert "?a=1&amp;year=2022" in render("{% picker 'year' years 2023 %}", years=[2023, 2022])


def test_an_address_of_an_absent_room_is_empty() -> None:
    assert render("[{% safe_url 'no_such_room' %}]") == "[]"


def test_form_errors_stand_beside_their_field() -> None:
    from nengtan.ui.samples import SampleForm

    markup = render("{% form_fields form %}", form=SampleForm({"area": "-3"}))
    assert 'aria-invalid="true"' in markup
    assert re.search(r'aria-describedby="id_name-help id_name-error"', markup)


def test_jobs_ask_again_only_while_they_run() -> None:
    job = {"id": 1, "title": "Import", "state": "running", "done": 1, "total": 4}
    assert 'hx-trigger="every 1s"' in render("{% job item url='/j/' %}", item=job)
    assert "hx-trigger" not in render("{% job item url='/j/' %}", item={**job, "state": "done"})


def test_the_gallery_shows_everything_to_maintainers_only() -> None:
    from django.http import Http404

    request = RequestFactory().get("/ui/gallery/")
    request.actor = SimpleNamespace(can=lambda capability: False, user=None)  # type: ignore[attr-defined]
    with override_settings(DEBUG=True), translation.override("en"):
        response = pages.gallery(request)
    assert b"data-chart" in response.content  # type: ignore[attr-defined]
    with override_settings(DEBUG=False), pytest.raises(Http404):
        pages.gallery(request)


def test_templates_carry_no_script_and_no_handler() -> None:
    for template in UI.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template
        assert not re.search(r"\son(click|change|submit|load|input)=", text), template
        assert "style=" not in text, template


def test_a_page_without_a_heading_is_headed_by_where_it_stands() -> None:
    crumbs = [Crumb("Ledger", "/ledger/"), Crumb("Add <one>")]
    page = Template("{% headed crumbs %}{{ content }}{% endheaded %}")
    told = page.render(Context({"crumbs": crumbs, "content": "words"}))
    assert told == '<h1 class="visually-hidden">Add &lt;one&gt;</h1>words'
    own = Template("{% headed crumbs %}<h1>Own</h1>{% endheaded %}").render(Context({"crumbs": crumbs}))
    assert own == "<h1>Own</h1>"
    assert page.render(Context({"crumbs": None, "content": "words"})) == "words"


def test_the_menu_shows_what_the_actor_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nav, "_groups", {"top": nav.Group("top", "", 0)})
    monkeypatch.setattr(nav, "_url", lambda name: {"a": "/a/", "ab": "/a/b/", "d": "/d/"}.get(name, ""))
    nav.register("top", "A", "a", badge=lambda request: 5)
    nav.register("top", "B", "ab", capability="secret")
    nav.register("top", "C", "not_installed")
    nav.register("top", "D", "d", when=lambda actor: actor.keeps_regions)
    request = RequestFactory().get("/a/b/c/")
    request.actor = SimpleNamespace(can=lambda capability: False, keeps_regions=False)  # type: ignore[attr-defined]
    (group,) = nav.groups_for(request)
    assert [(link.label, link.badge, link.active) for link in group.links] == [("A", 5, True)]
    request.actor = SimpleNamespace(can=lambda capability: True, keeps_regions=True)  # type: ignore[attr-defined]
    (group,) = nav.groups_for(request)
    assert [link.active for link in group.links] == [False, True, False]
    with pytest.raises(ValueError, match="no menu group"):
        nav.register("nowhere", "X", "x")


def test_the_language_is_the_visitors_choice_then_the_accounts_then_chinese() -> None:
    from django.http import HttpResponse

    seen = LanguageMiddleware(lambda request: HttpResponse(translation.get_language()))
    plain = RequestFactory().get("/", headers={"Accept-Language": "en"})
    assert seen(plain).content == b"zh-hans"
    plain.user = SimpleNamespace(language="en")  # type: ignore[attr-defined]
    assert seen(plain).content == b"en"
    plain.COOKIES["django_language"] = "zh-hans"
    assert seen(plain).content == b"zh-hans"


def test_an_unknown_theme_is_the_browsers() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = '"><script>'
    assert shell(request)["theme"] == "auto"
