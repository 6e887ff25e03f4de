"""What a person does in front of the screen, in their words; the selectors live here and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.journeys.site import Site


class Visitor:
    """Somebody at the browser. Forms are named by their fields, buttons and links by what is written on them."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site

    # coming and going

    def sign_in(self, name: str, password: str = "") -> None:
        """Through the page, as anybody does."""
        self.open("/sign-in/")
        self.fill(username=name, password=password or self.site.passwords[name])
        self.submit("Sign in", "登录")

    def sign_out(self) -> None:
        self.page.locator(".user-menu > button").click()
        self.submit("Sign out")

    def open(self, address: str) -> None:
        self.page.goto(address)

    def go(self, entry: str) -> None:
        """Choose an entry of the main menu, unfolding it first on a phone."""
        menu = self.page.locator(".sidebar")
        link = menu.get_by_role("link").filter(has=self.page.get_by_text(entry, exact=True))
        if not link.is_visible():
            self.page.locator(".topbar > button").click()
            expect(menu).to_have_class(re.compile(r"\bshow\b"))
        link.click()

    def waiting(self, entry: str) -> int:
        """How much the menu says waits behind an entry."""
        link = self.page.locator(".sidebar-link").filter(has=self.page.get_by_text(entry, exact=True))
        badge = link.locator(".count-badge")
        return int(re.sub(r"\D", "", badge.text_content() or "")) if badge.count() else 0

    @property
    def menu(self) -> list[str]:
        """The entries of the main menu."""
        return [text.strip() for text in self.page.locator(".sidebar-link > span:first-child").all_text_contents()]

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site.address).split("?")[0]

    # reading

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Every text stands on the page, or comes to."""
        for text in texts:
            expect(self.main.first).to_contain_text(text)

    def sees_not(self, *texts: str) -> None:
        for text in texts:
            expect(self.main.first).not_to_contain_text(text)

    def told(self, text: str) -> None:
        """What was done is said in a note."""
        expect(self.page.locator("#toasts")).to_contain_text(text)

    def key_figure(self, label: str) -> Locator:
        """The large figure under this label, with its unit."""
        block = self.page.locator(".key-figure").filter(has=self.page.get_by_text(label, exact=True))
        return block.locator(".key-value")

    def row(self, *texts: str) -> Locator:
        """The row of a table that has all these texts."""
        rows = self.main.locator("tbody tr")
        for text in texts:
            rows = rows.filter(has_text=text)
        return rows

    def card(self, title: str) -> Locator:
        """The block with this title."""
        return self.main.locator(".card").filter(has=self.page.get_by_role("heading", name=title, exact=True))

    # acting

    def press(self, *names: str | re.Pattern[str]) -> None:
        """Press the button with one of these words on it."""
        found = self.page.get_by_role("button", name=names[0], exact=isinstance(names[0], str))
        for name in names[1:]:
            found = found.or_(self.page.get_by_role("button", name=name, exact=True))
        found.click()

    def submit(self, *names: str) -> None:
        """Press the button and wait for the page it leads to."""
        with self.page.expect_navigation():
            self.press(*names)

    def confirm(self) -> None:
        """Say yes to the question in between."""
        self.page.locator("#confirm-yes").click()

    def follow(self, name: str, within: Locator | None = None) -> None:
        (within or self.main.or_(self.page.locator(".topbar"))).get_by_role("link", name=name, exact=True).first.click()

    def fill(self, **fields: Any) -> None:
        """Fill in a form; a path is a file, a choice is its value."""
        for name, value in fields.items():
            control = self.page.locator(f"form[method=post] [name={name}]:not([type=hidden])")
            if isinstance(value, Path):
                control.set_input_files(value)
            elif control.evaluate("element => element.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(str(value))

    def open_lineage(self, figure: Locator) -> Locator:
        """Press a figure; the drawer tells where it comes from."""
        figure.locator("a").first.click()
        drawer = self.page.locator("#drawer")
        expect(drawer.get_by_role("heading", name="Where this figure comes from")).to_be_visible()
        return drawer

    def download(self, link: Locator) -> bytes:
        """Press a link that hands over a file."""
        with self.page.expect_download() as waiting:
            link.click()
        return Path(waiting.value.path()).read_bytes()
