"""The app in Chromium: what only a browser shows, from the first paint to keys held down and a finger on the map."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.reader import PICTURE, Reader, running_app, visit, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visitor(desk: BrowserContext, address: str) -> Iterator[Reader]:
    """Who stays: to load a page takes longer than most of what is done there."""
    with visit(desk) as visitor:
        visitor.open(address)
        yield visitor


@pytest.fixture
def reader(visitor: Reader) -> Reader:
    """The visitor, at the opening."""
    if visitor.settings():
        visitor.page.mouse.move(5, 5)
        visitor.page.keyboard.press("Alt+0")
        wait_until(lambda: visitor.settings() == {}, "Alt+0 leaves settings in the address")
        visitor.rest()
    return visitor


@pytest.fixture(scope="module")
def finger(phone: BrowserContext, address: str) -> Iterator[Reader]:
    """A visitor with a phone, who stays too."""
    with visit(phone) as visitor:
        visitor.open(address)
        yield visitor


def test_the_page_opens_with_the_picture_drawn_and_without_an_error(reader: Reader) -> None:
    wait_until(lambda: reader.colours() > 50, "the picture is blank")
    assert "against step 100" in reader.words()
    reader.assert_well()


def test_dragging_the_weight_scale_moves_the_curves_and_the_verdict(reader: Reader) -> None:
    before = (reader.pixels(), reader.words())
    box = reader.slider("Weight scale").bounding_box()
    assert box is not None
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    reader.page.mouse.move(across, down)
    reader.page.mouse.down()
    reader.page.mouse.move(across + 60, down, steps=6)
    reader.page.mouse.up()
    wait_until(lambda: reader.words() != before[1], "the verdict stands still")
    wait_until(lambda: reader.pixels() != before[0], "the curves stand still")
    wait_until(lambda: float(reader.settings().get("weight_scale", 0)) > 1, "the address does not follow")
    reader.assert_well()


def test_pointing_at_the_map_moves_the_curves_without_the_server(reader: Reader) -> None:
    reader.remember()
    seen, sent = {reader.pixels()}, reader.sent
    assert sent > 0  # the counter works
    for down in (0.15, 0.3, 0.6):
        reader.page.mouse.move(*reader.point(0.85, down), steps=3)
        reader.wait_for_change()
        seen.add(reader.pixels())
    assert len(seen) == 4
    reader.page.mouse.move(5, 5, steps=3)
    reader.wait_for_change(False)  # the slider's curves come back
    assert reader.sent == sent
    reader.assert_well()


def test_a_click_on_the_map_goes_there_every_time(reader: Reader) -> None:
    for _ in range(2):  # the second time to the row that was the last one clicked
        reader.page.mouse.click(*reader.point(0.85, 0.15))
        wait_until(lambda: float(reader.value("Weight scale")) > 2, "the click sets no weight scale")
        reader.rest()
        reader.wait_for_settings(weight_scale=reader.value("Weight scale"))
        reader.page.mouse.move(5, 5, steps=3)
        for _ in range(8):
            reader.slider("Weight scale").press("ArrowLeft")
        wait_until(lambda: float(reader.value("Weight scale")) <= 2, "the keys do nothing")
        reader.rest()
    reader.assert_well()


def test_back_and_forward_lead_between_the_two_addresses_of_the_page(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        for path, value in (("/vanish_or_explode?weight_scale=0.5", "0.5"), ("/", "1.0")):
            reader.open(address + path)
            assert reader.value("Weight scale") == value
        for turn, value in ((reader.page.go_back, "0.5"), (reader.page.go_forward, "1.0")):
            turn()
            wait_until(lambda value=value: reader.value("Weight scale") == value, "no turn")  # type: ignore[misc]
            reader.rest()
            assert reader.value("Weight scale") == value
            reader.assert_well()


@pytest.mark.parametrize("path", ["/", "/vanish_or_explode"])
def test_a_link_may_be_the_first_visit_to_a_new_server(desk: BrowserContext, path: str) -> None:
    query = "cell=LSTM&weight_scale=1.4&sequence_length=60&forget_bias=1.0&seed=3&axis=lag"
    with running_app() as address, visit(desk) as reader:
        reader.open(f"{address}{path}?{query}")
        assert (reader.value("Weight scale"), reader.value("Sequence length T")) == ("1.4", "60")
        assert "against step 60" in reader.words()
        expect(reader.page.get_by_role("link", name="Vanish or explode?")).to_have_count(1)  # the bar is there too
        reader.page.get_by_role("button", name="More", exact=True).click()
        reader.page.get_by_text("Horizontal axis", exact=True).wait_for()
        chosen = reader.page.locator('[aria-checked="true"], [aria-pressed="true"], [kind="segmented_controlActive"]')
        wait_until(lambda: {"input", "lag"} <= set(chosen.all_inner_texts()), "the link's settings are not on")
        expect(reader.page.get_by_role("combobox", name="Cell in the map")).to_have_value("LSTM")
        expect(reader.page.get_by_text("forget bias of 1,")).to_have_count(1)
        assert reader.page.get_by_text("This link was adjusted").count() == 0
        reader.close_popover()
        assert re.search("not found", reader.page.locator("body").inner_text()) is None
        reader.assert_well()
        reader.rest()  # else Streamlit sends the closing together with the press, and complains of it
        before = reader.words()
        reader.slider("Weight scale").press("ArrowRight")
        wait_until(lambda: reader.words() != before, "the page does not react")
        reader.wait_for_settings(weight_scale="1.5")
        reader.assert_well()


def test_keys_held_down_over_values_already_seen_leave_the_page_alive(reader: Reader) -> None:
    slider = reader.slider("Sequence length T")  # the slider that leads through a page is held on every page
    slider.focus()
    for burst in range(4):  # after the first two over values already seen
        reader.hold(("ArrowRight", "ArrowLeft")[burst % 2], 18)
        reader.page.wait_for_timeout(120)
    reader.rest()
    before = reader.words()
    slider.press("ArrowRight")
    wait_until(lambda: reader.words() != before, "the page is dead")
    assert not [error for error in reader.errors if "ForwardMsg" in error]
    reader.assert_well()


def test_shortcuts_work_while_a_slider_has_the_focus(reader: Reader) -> None:
    opening = reader.words()
    reader.slider("Weight scale").focus()
    said = [opening]
    for key in ("2", "3", "4", "5", "1"):
        reader.page.keyboard.press(f"Alt+{key}")
        wait_until(lambda: reader.words() != said[-1], f"Alt+{key} does nothing")
        reader.rest()
        said.append(reader.words())
    assert said[-1] == opening
    assert len(set(said)) == 5
    reader.page.keyboard.press("Alt+n")
    wait_until(lambda: reader.words() != opening, "Alt+N does nothing")
    reader.rest()
    reader.wait_for_settings(seed="1")
    reader.page.keyboard.press("Alt+0")
    wait_until(lambda: reader.words() == opening, "Alt+0 does nothing")
    wait_until(lambda: reader.settings() == {}, "Alt+0 leaves settings in the address")
    reader.assert_well()


def fits(reader: Reader, width: int) -> bool:
    """Whether nothing scrolls sideways in a window of that width, and the picture takes most of it."""
    widest, window = reader.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    inner, own = reader.page.locator('[data-testid="stMain"]').evaluate("e => [e.scrollWidth, e.clientWidth]")
    canvas = reader.page.locator(PICTURE).bounding_box()
    whole = canvas is not None and canvas["x"] >= 0 and 0.8 * width < canvas["width"] <= width - canvas["x"]
    return bool(widest <= window == width and inner <= own and whole)


def is_dark(reader: Reader, dark: bool) -> bool:
    colour = reader.page.locator('[data-testid="stApp"]').evaluate("e => getComputedStyle(e).backgroundColor")
    return (sum(map(int, re.findall(r"\d+", colour)[:3])) < 200) is dark


def test_nothing_scrolls_sideways_and_the_page_follows_the_colour_scheme(desk: BrowserContext, address: str) -> None:
    with visit(desk) as reader:
        for width in (390, 1280, 1440):
            reader.page.set_viewport_size({"width": width, "height": 900})
            if width == 390:
                reader.open(address)
            wait_until(partial(fits, reader, width), f"the page does not fit {width} pixels")
        for dark in (False, True):
            reader.page.emulate_media(color_scheme="dark" if dark else "light")
            wait_until(partial(is_dark, reader, dark), f"the page is {'bright' if dark else 'dark'}")
        reader.assert_well()


def test_a_finger_drawn_along_the_map_moves_the_curves(finger: Reader) -> None:
    finger.remember()
    seen, sent = {finger.pixels()}, finger.sent
    touch = finger.page.context.new_cdp_session(finger.page)
    for down in (0.58, 0.64):
        for step, along in enumerate((0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)):
            x, y = finger.point(along, down)
            kind = "touchMove" if step else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
            finger.page.wait_for_timeout(30)
        finger.wait_for_change()
        seen.add(finger.pixels())
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert len(seen) == 3
    assert finger.sent == sent
    finger.assert_well()


def test_a_tap_on_the_map_goes_there(finger: Reader) -> None:
    values = [float(finger.value("Weight scale"))]
    for down in (0.58, 0.72):
        finger.page.touchscreen.tap(*finger.point(0.6, down))
        wait_until(lambda: float(finger.value("Weight scale")) != values[-1], "the tap sets no weight scale")
        finger.rest()
        values.append(float(finger.value("Weight scale")))
    assert values[1] > values[0] > values[2]
    finger.assert_well()


def test_a_picture_of_many_networks_can_be_stopped_goes_on_and_follows_its_sliders(
    desk: BrowserContext, address: str
) -> None:
    with visit(desk) as reader:
        reader.page.goto(f"{address}/initialisation?hidden_size=128&sequence_length=200&seed=9")
        stop = reader.page.get_by_test_id("stButton").get_by_role("button", name="Stop")  # Streamlit has one of its own
        go_on, missing = reader.page.get_by_role("button", name="Go on"), reader.page.locator(".note b").first
        stop.click()
        go_on.wait_for()
        reader.rest()
        stopped = missing.inner_text()
        assert stopped.endswith("lines have not been computed yet.")
        reader.page.wait_for_timeout(1500)
        assert missing.inner_text() == stopped
        go_on.click()
        stop.wait_for()
        wait_until(lambda: missing.inner_text() != stopped, "the picture does not go on")
        length = reader.slider("Sequence length T")
        length.focus()
        for _ in range(3):
            length.press("ArrowLeft")
        reader.wait_for_settings(sequence_length="170")  # without waiting for the picture
        stop.click()
        go_on.wait_for()
        assert reader.page.locator('[data-testid="stException"]').count() == 0
