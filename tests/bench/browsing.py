"""What Chromium says of a page: when it is painted, whether it moves, and what it holds."""

import os
from dataclasses import dataclass, field
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

VISITS = 5
MENUS = 4
SETTLE_MS = 1500
BYTES_A_SECOND = 10_000_000 / 8  # 10 Mbit/s
LATENCY_MS = 20

WATCH = """
window.seen = {paint: 0, shift: 0, slow: 0};
const watch = (type, act, more = {}) => new PerformanceObserver(
  (list) => list.getEntries().forEach(act)).observe({type, buffered: true, ...more});
watch("largest-contentful-paint", (one) => { seen.paint = one.startTime; });
watch("layout-shift", (one) => { if (!one.hadRecentInput) seen.shift += one.value; });
watch("event", (one) => { seen.slow = Math.max(seen.slow, one.duration); },
  {durationThreshold: 16});
"""


@dataclass
class Seen:
    cold: list[float] = field(default_factory=list)
    repeated: list[float] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)
    interactions: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)


def browsing(url: str, table: str, charts: str) -> Seen:
    seen = Seen()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for _ in range(VISITS):
            context = new_context(browser, url)
            page = slow_page(context)
            for paints in (seen.cold, seen.repeated):
                page.goto(table, wait_until="load")
                told = after_a_while(page)
                paints.append(told["paint"])
                seen.shifts.append(told["shift"])
            seen.interactions.append(open_menus(page))
            context.close()
        seen.megabytes.append(memory_of(browser, url, charts))
        browser.close()
    return seen


def new_context(browser: Browser, url: str) -> BrowserContext:
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    return context


def slow_page(context: BrowserContext) -> Page:
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    return page


def after_a_while(page: Page) -> dict[str, Any]:
    page.wait_for_timeout(SETTLE_MS)
    told: dict[str, Any] = page.evaluate("seen")
    return told


def open_menus(page: Page) -> float:
    """The slowest answer to a click; what takes less than a frame is told of as 0."""
    for menu in page.locator("main details.menu > summary:visible").all()[:MENUS]:
        menu.click()
        page.wait_for_timeout(200)
        page.keyboard.press("Escape")
    return float(after_a_while(page)["slow"])


def memory_of(browser: Browser, url: str, charts: str) -> float:
    """What the page's process has of its own, once every chart is drawn."""
    context = new_context(browser, url)
    page = context.new_page()
    page.goto(charts, wait_until="load")
    for frame in page.locator("[data-chart]").all():
        frame.scroll_into_view_if_needed()
        frame.locator(".plot.drawn, .plot.nothing").wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLE_MS)
    drawn = page.locator(".plot.drawn").count()
    if drawn < 12:
        raise SystemExit(f"Only {drawn} of 12 charts are drawn.")
    held = max(process.memory_full_info().uss for process in renderers())
    context.close()
    return held / 1e6


def renderers() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "--type=renderer" in process.cmdline()
    ]
