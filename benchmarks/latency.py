"""What one visitor waits for in a browser: a key press, a held key, and the pointer on the map.

    python -m benchmarks.latency --write README.md

The peer is a page that writes the value of one slider and draws nothing: what any Streamlit page costs. Both are served
and pressed in turn, so that a drifting machine slows both. The server answers nothing in advance; the same keys have
been pressed once before they count, unless the row says "computed".
"""

import math
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.pressing import Knob, launched, measured, opened, rest, scrub, served
from benchmarks.report import Benchmark, main

ROOT = Path(__file__).resolve().parents[1]
PEER = 'import streamlit as st; st.fragment(lambda: st.write("value", st.slider("Value", 0, 100, key="value")))()'
#: The app without what works in the background: what is remembered is what this program has asked before, and no
#: training goes on beside what is measured.
QUIET = """
from rnn_dynamics.dashboard import seat, warm
from streamlit.web import cli
warm.warm_up = seat.opening_job = lambda *_: None
cli.main()
"""
#: Keys of the sliders of the home page, which has rows of its own.
HOME = ("weight_scale", "sequence_length")
#: Page -> keys of the sliders that are pressed there, in the order of the bar.
SLIDERS = {
    "jacobians": ("weight_scale", "sequence_length"),
    "phase_diagram": ("weight_scale", "input_scale"),
    "cliff": ("clip_at", "descent_rate", "descent_steps"),
    "initialisation": ("sequence_length", "weight_scale"),
    "additive_path": ("forget_bias", "weight_scale", "sequence_length"),
    "losses": ("truncation", "weight_scale", "sequence_length"),
    "shapes": ("stop", "weight_scale", "sequence_length"),
    "depth": ("num_layers", "weight_scale", "sequence_length"),
    "family_tree": ("weight_scale", "sequence_length"),
    "curse_of_memory": ("memory", "rho"),
    "own_network": ("forget_bias", "weight_scale", "sequence_length"),
    "by_hand": ("step", "sequence_length", "batch_size", "input_size", "hidden_size"),
    "blank": ("gap",),
    "atlas": ("weight_scale", "forget_bias"),
}
#: The slider that a page has once something has been trained there; what stands before that paints nothing.
TRAINED = ("learning", ("look",))
#: Page -> key of the slider that is held there, where it is not that of the weight scale: a long one.
HELD_ON = {"cliff": "start_w", "curse_of_memory": "memory", "by_hand": "step", "blank": "gap"}
#: Of these pages those on which another seed is no other picture while the visitor waits: one trains it first, one
#: shows many seeds together, and one begins with laws, whatever the seed.
UNSEEDED = ("blank", "atlas", "curse_of_memory")
#: What a row's ratio shall be at most; pictures of a held key, and milliseconds from its release to the last of them;
#: milliseconds of a move of the pointer.
FIRST, LENGTH, BUSY, PAGES = 2.5, 3.3, 3.0, 3.3
PICTURES, LATE = 15, 400
SCRUBBED = 30
LENGTHS = ("home: sequence length, computed", "home: sequence length, remembered")
HELD = tuple(f"home: arrow key held 2 s, {what}" for what in ("weight scale", "length, remembered", "length, computed"))
SCRUB = "home: pointer on the map, median / 90 %"
WHILE_TRAINING = "home: weight scale, idle (as peer) and while another visitor trains"

Row = tuple[str, ...]

#: Keys that are pressed one way and back, first to have the answers remembered.
_STEPS = 2


def words(key: str) -> str:
    """A key as the table shows it."""
    return key.replace("_", " ")


def page_row(page: str, keys: Sequence[str]) -> str:
    """What the sliders of a page are called in the table."""
    return f"{words(page)}: {' / '.join(map(words, keys))}"


def held_row(page: str) -> str:
    """What a key that is held on a page is called in the table."""
    return f"{words(page)}: arrow key held 2 s, {words(HELD_ON.get(page, HOME[0]))}"


def seed_row(page: str) -> str:
    """What a new seed is called in the table."""
    return f"{words(page)}: new seed, computed"


def rows_of(page: str, keys: Sequence[str]) -> Iterator[str]:
    """What all rows of a page are called."""
    yield from (page_row(page, keys), held_row(page))
    if page not in UNSEEDED:
        yield seed_row(page)


def home_row(key: str) -> str:
    """What a slider of the home page is called in the table."""
    return f"home: {words(key)}"


def median_pair(what: str, pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Medians of the peer's and our times, of those presses that painted something."""
    painted = [pair for pair in pairs if not any(map(math.isnan, pair))] or sys.exit(f"{what}: no picture changed")
    peer, ours = (statistics.median(column) for column in zip(*painted, strict=True))
    return peer, ours


def ratio_row(what: str, pairs: Sequence[tuple[float, float]], target: float) -> Row:
    """Peer, ours, ratio and target; several pairs stand side by side."""
    peers, ours = zip(*pairs, strict=True)
    ratios = [own / peer for peer, own in pairs]
    return what, shown(peers), shown(ours), f"{side_by_side(ratios, 1)}×{missed(max(ratios) > target)}", f"{target}×"


def shown(times: Sequence[float]) -> str:
    """Milliseconds, side by side."""
    return f"{side_by_side(times)} ms"


def side_by_side(values: Sequence[float], digits: int = 0) -> str:
    """Numbers, side by side."""
    return " / ".join(f"{value:.{digits}f}" for value in values)


def missed(it_is: bool) -> str:
    """The sign of a target that is missed."""
    return " ✗" if it_is else ""


@dataclass(frozen=True)
class Visit:
    """The browser, both servers, and how long to press."""

    browser: Browser | BrowserContext
    app: str
    text: str
    quick: bool

    def knob(self, path: str, key: str) -> Knob:
        """A slider of the app on a page of its own."""
        return self.on(opened(self.browser, f"{self.app}/{path}"), key)

    def peer(self) -> Knob:
        """The slider of the page that draws nothing."""
        return self.on(opened(self.browser, self.text), "value")

    def on(self, page: Page, key: str) -> Knob:
        """A slider of a page; a quick round takes the first picture for the last."""
        return Knob(page, key, 50 if self.quick else 250)


def compare(what: str, ours: Knob, peer: Knob, presses: int, target: float) -> Row:
    """Press both in turn."""
    pairs = [(peer.press()["waited"], ours.press()["waited"]) for _ in range(presses)]
    return ratio_row(what, [median_pair(what, pairs)], target)


def home_rows(visit: Visit) -> Iterator[Row]:
    """The home page: single presses, a held key, and the pointer on the map."""
    peer, scale = visit.peer(), visit.knob("", HOME[0])
    presses, held, moves = (1, 3, 6) if visit.quick else (15, 60, 60)
    if not visit.quick:
        scale.there_and_back(8)
    yield compare(home_row(HOME[0]), scale, peer, presses, FIRST)
    length = visit.knob("?sequence_length=10", HOME[1])
    for what in LENGTHS:  # up to 200, all but the opening's 100 new to the server; and back
        yield compare(what, length, peer, presses, LENGTH)
    fresh = visit.knob("?seed=1&sequence_length=10", HOME[1])
    for what, knob in zip(HELD, (scale, length, fresh), strict=True):
        yield hold(what, knob, held)
    times = scrub(scale.page, moves)
    found = [times[int(share * (len(times) - 1))] for share in (0.5, 0.9)]
    yield SCRUB, "", shown(found) + missed(found[0] > SCRUBBED), "", f"{SCRUBBED} ms"
    yield new_seeds(seed_row("home"), scale.page, visit.quick)


def hold(what: str, knob: Knob, times: int) -> Row:
    """Hold a key while the system repeats it so many times."""
    result = knob.press(count=times)
    count, late = result["shown"], result["late"]
    missing = missed(count < PICTURES or late > LATE)
    return what, "", f"{count:.0f} pictures, last {late:.0f} ms after release{missing}", "", f"{PICTURES}, {LATE} ms"


def training_rows(visit: Visit) -> Iterator[Row]:
    """A slider of the home page while another visitor's training runs, and that visitor's own, once it is stopped."""
    scale = visit.knob("", HOME[0])
    presses, updates = (1, 100) if visit.quick else (15, 3000)
    idle = [scale.press()["waited"] for _ in range(presses)]
    trains = opened(visit.browser, f"{visit.app}/learning?iterations={updates}&batch_size=64")
    trains.get_by_role("button", name="Train", exact=True).click()
    trains.get_by_text(re.compile(f"[1-9][0-9]* of {updates:,} updates")).first.wait_for(timeout=60_000)
    busy = [scale.press()["waited"] for _ in range(presses)]
    if not visit.quick:  # which ends soon by itself
        trains.get_by_role("button", name="Stop", exact=True).click()
    trains.get_by_role("button", name="Train again", exact=True).wait_for()
    yield ratio_row(WHILE_TRAINING, [median_pair(WHILE_TRAINING, list(zip(idle, busy, strict=True)))], BUSY)
    look = visit.on(trains, TRAINED[1][0])
    yield compare(page_row(*TRAINED), look, visit.peer(), 2 if visit.quick else 12, PAGES)


def page_rows(visit: Visit) -> Iterator[Row]:
    """The other pages' sliders, each from its opening and back to it."""
    peer = visit.peer()
    for page, keys in SLIDERS.items():
        here = opened(visit.browser, f"{visit.app}/{page}")
        pairs = [there_and_back(f"{page}: {key}", visit.on(here, key), peer, visit.quick) for key in keys]
        yield ratio_row(page_row(page, keys), pairs, PAGES)
        yield hold(held_row(page), visit.on(here, HELD_ON.get(page, HOME[0])), 3 if visit.quick else 60)
        if page not in UNSEEDED:
            yield new_seeds(seed_row(page), here, visit.quick)
        here.close()


def new_seeds(name: str, page: Page, quick: bool) -> Row:
    """The button "New seed", by its key: from the press to the last picture of an answer that is new."""
    times = []
    for _ in range(1 if quick else 5):  # a picture that grows is over when nothing has been painted for a while
        times.append(measured(page, lambda: page.keyboard.press("Alt+n"), calm=50 if quick else 1500)["waited"])
        rest(page)
    if any(map(math.isnan, times)):
        sys.exit(f"{name}: no picture changed")
    return name, "", shown([statistics.median(times)]), "", ""


def there_and_back(what: str, ours: Knob, peer: Knob, quick: bool) -> tuple[float, float]:
    """Medians of the peer's and our times: of one press if it shall be quick, else of those that are remembered."""
    if quick:
        return median_pair(what, [(peer.press()["waited"], ours.press()["waited"])])
    asked = [*ours.there_and_back(_STEPS), *ours.there_and_back(_STEPS)]
    return median_pair(what, [(peer.press()["waited"], result["waited"]) for result in asked[_STEPS:]])


def measure(quick: bool) -> Iterator[Row]:
    """Start browser and servers; all rows."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        launched(playwright, quick) as browser,
    ):
        shutil.copytree(ROOT / ".streamlit", Path(folder) / ".streamlit")
        (peer := Path(folder) / "peer.py").write_text(PEER, encoding="utf-8")
        with served(ROOT / "streamlit_app.py", "-c", QUIET) as app, served(peer, "-m", "streamlit") as text:
            visit = Visit(browser, app, text, quick)
            for rows in (home_rows, training_rows, page_rows):
                yield from rows(visit)


BENCHMARK = Benchmark(
    name="latency",
    head=("what", "peer", "ours", "ratio", "target"),
    rows=(
        home_row(HOME[0]),
        *LENGTHS,
        *HELD,
        SCRUB,
        seed_row("home"),
        WHILE_TRAINING,
        page_row(*TRAINED),
        *(row for page, keys in SLIDERS.items() for row in rows_of(page, keys)),
    ),
    measure=measure,
    used=("numpy", "streamlit"),
)

if __name__ == "__main__":
    main(BENCHMARK, __doc__)
