"""A real Chromium, and pages in it that fail a test by themselves when a script fails.

The server runs in this process (pytest-django's `live_server`), so that a test makes its
world with tests.make; what people run is driven in tests/client.
"""

import time
from collections.abc import Callable
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.samples import rich_candidate

# A busy machine takes its time; a state that never comes still fails.
expect.set_options(timeout=20_000)

SIZES = {"wide": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}


class Window:
    """A browser context, with scripts or without, and pages that one test after another
    uses: to read and compile styles and scripts anew is most of what a page costs."""

    def __init__(self, context: BrowserContext):
        self.context = context
        self.idle: list[Page] = []
        self.used: list[Page] = []

    def page(self) -> Page:
        page = self.idle.pop() if self.idle else self.context.new_page()
        self.used.append(page)
        return page

    def clear(self) -> None:
        """Nothing of a test reaches the next one: pages keep cookies and no more."""
        for page in self.used:
            if not page.is_closed():
                page.unroute_all()
                page.goto("/livez")
                self.idle.append(page)
        self.used = []
        self.context.clear_cookies()


@pytest.fixture(scope="session")
def windows(chromium, live_server):
    """`windows(script=True)`: the window of this process."""
    made: dict[bool, Window] = {}

    def window(*, script: bool) -> Window:
        if script not in made:
            made[script] = Window(new_context(chromium, live_server, script))
        return made[script]

    yield window
    for one in made.values():
        one.context.close()


def new_context(chromium, live_server, script: bool) -> BrowserContext:
    context = chromium.new_context(
        base_url=live_server.url,
        java_script_enabled=script,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(60_000)
    return context


@pytest.fixture
def open_page(chromium, windows, live_server):
    """`open_page("/p/vision/", theme="dark", size="phone", script=False)`.

    `alone=True` opens it in a context of its own, for a clock or a script that would stay.
    """
    complaints: list[str] = []
    contexts: list[BrowserContext] = []
    opened: list[Page] = []

    def complain(error) -> None:
        complaints.append(str(error))

    def listen(message) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} {message.location['url']}")

    def refuse(dialog) -> None:
        complaints.append(f"A dialog came up: {dialog.message}")
        dialog.dismiss()

    heeded = {"pageerror": complain, "console": listen, "dialog": refuse}

    def go(
        path: str,
        *,
        theme: str = "light",
        size: str = "wide",
        script: bool = True,
        alone: bool = False,
    ) -> Page:
        if alone:
            contexts.append(new_context(chromium, live_server, script))
            page = contexts[-1].new_page()
        else:
            page = windows(script=script).page()
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme, reduced_motion="no-preference")
        for event, heed in heeded.items():
            page.on(event, heed)
        opened.append(page)
        page.goto(path)
        return page

    yield go
    for page in opened:
        for event, heed in heeded.items():
            page.remove_listener(event, heed)
    for context in contexts:
        context.close()
    for script in (True, False):
        windows(script=script).clear()
    assert not complaints


# The rules of axe that colours decide; nothing else differs between the themes.
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
# Else axe puts stylesheets that import others into the page itself, which the content
# policy refuses; no rule that runs here reads them.
AS_IT_IS = {"preload": False}


@pytest.fixture(scope="session")
def axe():
    return Axe()


@pytest.fixture
def is_accessible(axe) -> Callable[[Page], None]:
    """Run axe over a page: WCAG 2.2 A and AA, and best practice."""

    def check(page: Page) -> None:
        found = violations(axe, page)
        assert not found, "\n".join(found)

    return check


@pytest.fixture
def look(axe) -> Callable[[Page], list[str]]:
    """What is wrong with a page, in both themes, wide and on a phone, with its charts
    drawn. It begins in the light theme and ends in the dark one."""
    return partial(faults, axe)


def faults(axe: Axe, page: Page) -> list[str]:
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["wide"], strict=True)))
    draw(page)
    found = violations(axe, page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {one}" for one in violations(axe, page, COLOURS)]
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        if (beyond := settled_overflow(page)) > 0:
            found.append(f"{size}: {beyond} px sideways")
    return found + [f"phone: {one}" for one in violations(axe, page)]


def violations(axe: Axe, page: Page, options: dict | None = None) -> list[str]:
    found = axe.run(page, options=AS_IT_IS | (options or {})).response
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def draw(page: Page) -> None:
    """Scroll to each chart, and wait until it is drawn."""
    for frame in page.locator("[data-chart]").all():
        frame.scroll_into_view_if_needed()
        expect(frame.locator(".plot.drawn")).to_have_count(1)
    page.evaluate("scrollTo(0, 0)")


def settled_overflow(page: Page) -> int:
    # Plotly follows the size a moment later, and a busy machine's moments are long.
    deadline = time.monotonic() + 10
    while overflow(page) > 0 and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    return overflow(page)


def overflow(page: Page) -> int:
    """How many pixels the page could be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


@pytest.fixture
def candidate(vision, storage):
    return rich_candidate(vision)
