"""What axe-core finds wrong with a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE = Axe().axe_script
#: Runs when all that fades or moves, and does not go on for ever, has come to its end.
_STANDS = """() => Promise.allSettled(
  document.getAnimations().filter(one => one.effect.getComputedTiming().endTime < Infinity).map(one => one.finished)
)"""
_VIOLATIONS = "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)"


def faults(page: Page) -> list[str]:
    """What is wrong once nothing moves: rule, place, and what is wrong there."""
    if not page.evaluate("'axe' in window"):  # to parse it takes longer than to run it
        page.evaluate(_AXE)
    page.evaluate(_STANDS)
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in page.evaluate(_VIOLATIONS)
        for node in found["nodes"]
    ]
