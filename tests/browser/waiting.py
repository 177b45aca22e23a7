"""Wait for what no element of a page shows."""

import time
from typing import Any

from playwright.sync_api import Page

PATIENCE = 20  # seconds


def until(page: Page, expression: str, arg: Any = None) -> None:
    """Until it is true in the page.

    `wait_for_function` evaluates an expression inside of the page when it was not true at
    once, which the content policy refuses.
    """
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(expression, arg):
        assert time.monotonic() < deadline, f"never came true: {expression}"
        page.wait_for_timeout(50)
