"""Every page in Chromium: the bar, links, and what the pointer and a held key do there."""

import re
from functools import partial

import pytest
from playwright.sync_api import BrowserContext, expect

from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.dashboard.navigation import menus
from tests.drawn import note_texts, texts_on_each_other
from tests.faults import faults
from tests.reader import Reader, running_app, visit, wait_until
from tests.test_pages import PAGES

pytestmark = pytest.mark.browser
TITLES = {page: str(sentences(page)["title"]) for page in PAGES}
#: The home page has the empty address, and a test module of its own.
FIRST_IN_A_MENU = [pages[0] for menu, pages in menus(LANGUAGE).items() if menu]
#: Pages with short sequences of their own, which leave the others theirs, and the length at which they open.
SHORT = {"by_hand": "5", "shapes": "6"}
#: The slider that leads through a page, its key, and what a link sets it to; where it is not the weight scale.
LEADING = {
    "by_hand": ("Step t", "step", "2"),
    "cliff": ("Clipping threshold", "clip_at", "1"),
    "curse_of_memory": ("Memory (steps)", "memory", "200"),
    "learning": ("Sequence length T", "sequence_length", "20"),
    "blank": ("Filler words", "gap", "2"),
    "own_network": ("W_hh ×", "weight_scale", "1.4"),
}
#: Pages whose link says nothing of a length beside that.
WITHOUT_LENGTH = ("cliff", "curse_of_memory", "learning", "blank", "atlas")


def leading(page: str) -> tuple[str, str, str]:
    return LEADING.get(page, ("Weight scale", "weight_scale", "1.4"))


def title(reader: Reader) -> str:
    return reader.page.locator("h1").first.inner_text()


def go_by_the_bar(reader: Reader, page: str) -> None:
    menu = sentences(page).get("menu")
    if menu is not None:
        reader.page.locator("header").get_by_text(menu, exact=True).click()
    reader.page.get_by_role("menuitem" if menu else "link", name=TITLES[page]).first.click()
    wait_until(lambda: title(reader) == TITLES[page], f"the bar does not lead to {page}")
    # The page that is left may stand beside the new one until the latter is complete.
    wait_until(lambda: reader.slider(leading(page)[0]).count() == 1, f"{page} does not come to rest")
    reader.rest()


def open_by_a_link(reader: Reader, address: str, page: str) -> None:
    """Open a page by a link that sets its slider, its seed and its length, and press a key."""
    slider, key, value = leading(page)
    length = None if page in WITHOUT_LENGTH else "4" if page in SHORT else "60"
    reader.open(f"{address}/{page}?{key}={value}&seed=3" + (f"&sequence_length={length}" if length else ""))
    assert title(reader) == TITLES[page]
    assert reader.value(slider) == value
    assert length is None or reader.value("Sequence length T") == length
    expect(reader.page.locator("header").get_by_role("link", name=TITLES["vanish_or_explode"])).to_have_count(1)
    assert reader.page.get_by_text("This link was adjusted").count() == 0
    assert re.search("not found", reader.page.locator("body").inner_text()) is None
    reader.assert_well()
    before = reader.finding()
    reader.slider(slider).press("ArrowRight")
    wait_until(lambda: reader.finding() != before, "the page does not react")
    after = {"1.4": "1.5", "2": "3", "1": "3", "20": "30"}[value]
    reader.wait_for_settings(**{key: after})
    line = reader.page.locator(".state")
    expect(line).to_have_count(1)
    expect(line).to_contain_text(f": {after}")  # it follows too
    reader.assert_well()


@pytest.mark.parametrize("page", FIRST_IN_A_MENU)
def test_a_link_to_a_page_may_be_the_first_visit_to_a_new_server(desk: BrowserContext, page: str) -> None:
    with running_app(quiet=True) as address, visit(desk) as reader:
        open_by_a_link(reader, address, page)


def test_the_settings_come_along_by_the_bar(reader: Reader) -> None:
    """To a page of each menu; `test_walks` holds it of all, and `test_browser_visits` goes to all by the bar."""
    reader.slider("Weight scale").press("ArrowRight")
    reader.wait_for_settings(weight_scale="1.1")
    reader.slider("Sequence length T").press("ArrowLeft")
    reader.wait_for_settings(sequence_length="90")
    for page in dict.fromkeys((*FIRST_IN_A_MENU, *SHORT, "vanish_or_explode")):
        go_by_the_bar(reader, page)
        if page not in WITHOUT_LENGTH:
            assert reader.value("Sequence length T") == SHORT.get(page, "90")
        if page not in LEADING:
            assert reader.value("Weight scale") == "1.1"
            reader.wait_for_settings(weight_scale="1.1")
        reader.assert_well()


@pytest.mark.parametrize(
    ("page", "across", "downs"), [("additive_path?panels=all", 0.85, (0.3, 0.6)), ("losses", 0.15, (0.65, 0.75))]
)
def test_pointing_at_a_row_of_a_map_draws_its_curve_without_the_server(
    desk: BrowserContext, address: str, page: str, across: float, downs: tuple[float, float]
) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/{page}")
        reader.remember()
        sent = reader.sent
        for down in downs:
            reader.page.mouse.move(*reader.point(across, down), steps=3)
            reader.wait_for_change()
        reader.page.mouse.move(5, 5, steps=3)
        reader.wait_for_change(False)
        assert reader.sent == sent
        reader.assert_well()


def test_a_click_on_the_phase_diagram_goes_there(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/phase_diagram?sequence_length=20&hidden_size=8")
        before = (reader.value("Weight scale"), reader.value("Input scale"))
        reader.page.mouse.click(*reader.point(0.3, 0.3))
        wait_until(lambda: reader.value("Weight scale") != before[0], "the click sets no weight scale")
        reader.rest()
        there = (reader.value("Weight scale"), reader.value("Input scale"))
        assert float(there[0]) > float(before[0])
        assert float(there[1]) < float(before[1])
        reader.wait_for_settings(weight_scale=there[0], input_scale=there[1])
        reader.assert_well()


def test_a_click_beside_the_cliff_starts_a_descent_there(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/cliff")
        before, finding = (reader.value("Start w"), reader.value("Start b")), reader.finding()
        assert "Without clipping step" in finding
        reader.page.mouse.click(*reader.point(0.15, 0.3))
        wait_until(lambda: reader.value("Start w") != before[0], "the click sets no start")
        wait_until(lambda: reader.finding() != finding, "no descent starts there")
        reader.rest()
        there = (reader.value("Start w"), reader.value("Start b"))
        assert float(there[0]) > float(before[0])
        assert float(there[1]) < float(before[1])
        reader.wait_for_settings(start_w=there[0], start_b=there[1])
        reader.assert_well()


@pytest.mark.parametrize("tapped", [False, True])
def test_a_click_or_a_tap_on_a_number_by_hand_goes_to_its_step_and_the_way_back_leads_back(
    desk: BrowserContext, phone: BrowserContext, address: str, tapped: bool
) -> None:
    with visit(phone if tapped else desk) as reader:
        reader.open(f"{address}/by_hand")
        if tapped:
            reader.page.touchscreen.tap(*reader.point(0.6, 0.2))
        else:
            reader.page.mouse.click(*reader.point(0.25, 0.4))
        wait_until(lambda: reader.value("Step t") != "1", "the click goes to no step")
        reader.rest()
        there = reader.value("Step t")
        reader.wait_for_settings(step=there)
        expect(reader.page.get_by_role("heading", name=f"Forward, step t = {there}")).to_be_visible()
        reader.page.go_back()
        wait_until(lambda: reader.value("Step t") == "1", "the way back does not lead back")
        reader.rest()
        reader.assert_well()


def walk_until_changed(reader: Reader, places: list[tuple[float, float]]) -> None:
    """Point at one place of the picture after the other until it answers, and see that it stays so."""
    for place in places:
        reader.page.mouse.move(*reader.point(*place))
        reader.draw()
        if reader.changed():
            break
    reader.wait_for_change()


def test_pointing_at_an_eigenvalue_draws_its_line_without_the_server(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/jacobians?panels=all")
        reader.remember()
        sent = reader.sent
        # 64 eigenvalues lie in the unit circle: walk over it until one answers.
        walk_until_changed(reader, [(across / 200, down / 50) for down in range(13, 22) for across in range(152, 177)])
        assert reader.sent == sent
        reader.assert_well()


def stands_at(reader: Reader, stop: str) -> bool:
    return reader.value("Step") == stop


def test_each_key_press_is_one_step_of_the_walk_through_a_shape(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/shapes?sequence_length=2")
        step = reader.slider("Step")
        step.focus()
        for stop in ("forward 1", "forward 2", "loss", "back 2", "back 1"):
            before = reader.pixels()
            reader.page.keyboard.press("ArrowRight")
            wait_until(partial(stands_at, reader, stop), f"the player does not come to {stop}")
            wait_until(lambda before=before: reader.pixels() != before, "the picture stands still")  # type: ignore[misc]
            reader.rest()
        reader.wait_for_settings(stop="back 1")
        reader.page.keyboard.press("ArrowRight")
        reader.rest()
        assert reader.value("Step") == "back 1"
        reader.assert_well()


def test_a_held_key_walks_through_a_shape_and_back(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/shapes?shape=encoder-decoder&sequence_length=8")
        opening = reader.pixels()
        reader.slider("Step").focus()
        for key, end in {"ArrowRight": "back 1", "ArrowLeft": "all"}.items():
            reader.hold(key, 40)
            wait_until(partial(stands_at, reader, end), f"the walk does not end at {end}")
        wait_until(lambda: reader.pixels() == opening, "the walk back ends at another picture")
        reader.assert_well()


def test_pointing_at_an_edge_shows_what_shares_its_weights_without_the_server(
    desk: BrowserContext, address: str
) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/shapes")
        reader.remember()
        sent = reader.sent
        # Between two states, wherever they stand: walk down over the line that joins them.
        walk_until_changed(reader, [(0.4, down / 100) for down in range(50, 72)])
        assert reader.sent == sent
        reader.assert_well()


def test_a_training_is_watched_and_scrubbed_and_its_gradient_brought_home(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        note_texts(reader.page)
        small = "hidden_size=8&batch_size=8&sequence_length=20&iterations=100&gate_bias=constant"
        reader.open(f"{address}/learning?{small}")
        reader.page.get_by_role("button", name="Train", exact=True).click()
        reader.page.get_by_role("button", name="Train again").wait_for()
        wait_until(lambda: "not trained on" in reader.finding(), "nothing is said of other lengths")
        reader.rest()
        assert texts_on_each_other(reader.page) == []
        assert faults(reader.page) == []
        reader.page.set_viewport_size({"width": 390, "height": 844})
        table = reader.page.locator("table.verdict")
        right = "table => table.getBoundingClientRect().right"
        wait_until(lambda: table.evaluate(right) <= 390, "on a phone something is cut off")
        reader.rest()
        assert texts_on_each_other(reader.page) == []  # nor is a title that tells what came of it
        reader.page.set_viewport_size({"width": 1280, "height": 900})
        reader.rest()
        reader.remember()
        sent = reader.sent
        for down in (0.55, 0.7):  # the first looks of either network
            reader.page.mouse.move(*reader.point(0.8, down), steps=3)
            reader.wait_for_change()
        assert reader.sent == sent
        reader.page.mouse.click(*reader.point(0.8, 0.7))
        wait_until(lambda: reader.value("Look at") != "100 %", "a click on a look does not move the slider")
        reader.rest()
        reader.wait_for_settings(look=reader.value("Look at"))
        go_by_the_bar(reader, "vanish_or_explode")
        box, options = reader.page.locator(".st-key-trained input"), reader.page.get_by_role("option")

        def listed() -> bool:
            box.press("ArrowDown")
            return options.count() == 1

        wait_until(listed, "there is nothing to bring in")
        options.click()
        wait_until(lambda: reader.page.locator("canvas").count() == 2, "the trained network is not shown")
        reader.assert_well()


def test_a_closed_tab_gives_its_place_to_the_next_in_the_queue(desk: BrowserContext, address: str) -> None:
    stop = ".st-key-stop button"  # by its key, for on a busy server Streamlit shows a Stop of its own
    with visit(desk) as first, visit(desk) as second:
        for seed, page in enumerate((first.page, second.page)):  # the same would be shared
            page.goto(f"{address}/learning?hidden_size=8&batch_size=8&sequence_length=20&iterations=3000&seed={seed}")
        for page in (first.page, second.page):  # both are open before the first begins, which comes to an end
            page.get_by_role("button", name="Train", exact=True).wait_for()
        for page in (first.page, second.page):
            page.get_by_role("button", name="Train", exact=True).click()
            page.locator(stop).wait_for()
        second.page.get_by_text("1 before yours").wait_for()
        first.page.close()
        second.page.get_by_text("of 3,000 updates").first.wait_for()
        second.page.locator(stop).click()
        second.page.get_by_role("button", name="Go on").wait_for()


def test_own_sentences_are_trained_on_and_an_own_one_is_answered(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        reader.open(f"{address}/blank?gap=2&updates=50&hidden_size=8")
        reader.page.get_by_role("button", name="Edit the sentences").click()
        answers = reader.page.get_by_label("cue = answer, one a line")
        answers.fill("sea = ships")
        answers.press("Control+Enter")
        reader.page.get_by_text("cannot be used").wait_for()
        answers.fill("sea = ships\nair = planes")
        answers.press("Control+Enter")
        reader.page.get_by_text("cannot be used").wait_for(state="hidden")
        reader.close_popover()
        wait_until(lambda: "planes" in reader.finding(), "the own answers are not used")
        reader.wait_for_settings(answers="sea = ships\nair = planes")
        reader.page.get_by_role("button", name="Train", exact=True).click()
        reader.page.get_by_role("button", name="Train again").wait_for()
        wait_until(lambda: "chance is 50\u00a0%" in reader.finding(), "nothing is learned")
        own = reader.page.get_by_label("Your own sentence", exact=True)
        own.fill("I am an air student <b>and</b> I love machine ___")
        own.press("Enter")
        wait_until(lambda: "the cue is “air”" in reader.finding(), "the sentence is not answered")
        assert "<b>and</b>" in reader.finding()
        reader.rest()
        before = reader.pixels()
        reader.page.mouse.move(*reader.point(0.75, 0.3), steps=3)
        wait_until(lambda: reader.pixels() != before, "pointing at the picture changes nothing")
        reader.assert_well()
