"""A real Chromium, and pages in it that fail a test by themselves when a script fails.

The server runs in this process (pytest-django's `live_server`), so that a test makes its
world with tests.make; what people run is driven in tests/client.
"""

from collections.abc import Callable
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

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
    return chromium.new_context(
        base_url=live_server.url,
        java_script_enabled=script,
        permissions=["clipboard-read", "clipboard-write"],
    )


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
            complaints.append(message.text)

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


@pytest.fixture
def is_accessible() -> Callable[[Page], None]:
    """Run axe over a page: WCAG 2.2 A and AA, and best practice."""
    return partial(check, Axe())


def check(axe: Axe, page: Page) -> None:
    found = axe.run(page).response["violations"]
    assert not found, "\n".join(
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found
        for node in violation["nodes"]
    )


def overflow(page: Page) -> int:
    """How many pixels the page could be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
