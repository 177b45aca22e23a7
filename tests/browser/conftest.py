"""A real Chromium, and pages in it that fail a test by themselves when a script fails.

The server runs in this process (pytest-django's `live_server`), so that a test makes its
world with tests.make; what people run is driven in tests/client.
"""

from collections.abc import Callable
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SIZES = {"wide": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}


@pytest.fixture
def open_page(chromium, live_server):
    """`open_page("/p/vision/", theme="dark", size="phone", script=False)`."""
    complaints: list[str] = []
    contexts = []

    def go(
        path: str, *, theme: str = "light", size: str = "wide", script: bool = True
    ) -> Page:
        width, height = SIZES[size]
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=script,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type == "error" else None
            ),
        )
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()
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
