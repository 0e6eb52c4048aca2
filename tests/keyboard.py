"""Where the Tab key leads on a page, and whether one sees it."""

from playwright.sync_api import Page

#: Notes each place that has the focus, and what it and all beside it of the same control look like then. Of a group of
#: buttons of which one is chosen the Tab key reaches one, and the arrow keys the others.
_NOTES = r"""() => {
  const still = document.createElement("style");
  still.textContent = "*, *::before, *::after { transition: none !important }";
  document.head.append(still);
  const shown = ["outline", "boxShadow", "border", "backgroundColor", "color", "textDecoration", "opacity"];
  const looks = (one) => {
    const whole = one.closest("label, button, a, summary, [data-testid=stElementContainer]") ?? one;
    const parts = [one, whole.parentElement, whole, ...whole.querySelectorAll("*")].slice(0, 60);
    return parts.map((part) => shown.map((name) => getComputedStyle(part)[name])).join();
  };
  const called = (one) => {
    const key = one.closest("[class*=st-key-]")?.className.match(/st-key-(\w+)/)[1] ?? "";
    return `${one.tagName} ${key} ${(one.ariaLabel || one.innerText || "").slice(0, 40)}`.replace(/\s+/g, " ");
  };
  const stops = new Map();
  let lost = false;
  const group = (one) => one.closest("[role=radiogroup]");
  window.walk = {
    step: () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      // Streamlit takes the button that copies a block of code away as it gets the focus: one press leads nowhere.
      const one = document.activeElement, nowhere = one === document.body;
      const goes = nowhere ? !lost : !stops.has(one);
      if (goes && !nowhere) stops.set(one, looks(one));
      lost = nowhere;
      done(goes);
    }))),
    missed: () => {
      const reached = new Set([...stops.keys()].map(group).filter(Boolean));
      return [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
        .filter((one) => !one.closest("[data-testid=stCode] button"))  // which no key reaches: Streamlit's own
        .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }))
        .filter((one) => one.getClientRects().length && !stops.has(one) && !reached.has(group(one)))
        .map(called);
    },
    unseen: () => {
      document.activeElement.blur();
      const unseen = [...stops].filter(([one, then]) => one.isConnected && looks(one) === then);
      still.remove();
      return unseen.map(([one]) => called(one));
    },
    named: () => [...stops.keys()].map(called),
  };
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""
#: More stops than any page has: the focus is caught.
_MOST = 400


def walk(page: Page) -> dict[str, list[str]]:
    """Press Tab from the top of the page until it comes back to where it has been.

    Returns:
        named: the stops in their order. missed: the controls that were not reached. unseen: the stops at which nothing
        shows the focus.
    """
    page.evaluate(_NOTES)
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        if not page.evaluate("walk.step()"):
            break
    return {kind: page.evaluate(f"walk.{kind}()") for kind in ("named", "missed", "unseen")}
