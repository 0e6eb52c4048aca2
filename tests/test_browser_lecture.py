"""A lecture before a hall in Chromium, in type for the back row: a clicker leads through it, and two phones vote."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from rnn_dynamics.content import sentences
from rnn_dynamics.course.lectures import Stop
from rnn_dynamics.dashboard.lecture import read
from tests.reader import PATIENCE, Reader, visit, wait_until
from tests.test_browser_stage import HIGH, WIDE, box_of_picture

pytestmark = pytest.mark.browser
WORDS = sentences("lecture")
BAR, QUESTION, COUNT = ".st-key-lecture", ".stop:visible", ".st-key-lecture .hall"


@contextmanager
def someone(browser: Browser, wide: int, high: int) -> Iterator[Reader]:
    """A person whose browser knows nothing of the others'."""
    context: BrowserContext = browser.new_context(viewport={"width": wide, "height": high})
    context.set_default_timeout(PATIENCE * 1000)
    with visit(context) as reader:
        yield reader
    context.close()


def stops(name: str) -> tuple[Stop, ...]:
    return read(name, "en").stops


def says(reader: Reader, text: str, where: str = QUESTION) -> None:
    expect(reader.page.locator(where).filter(has_text=text)).to_be_visible()


def test_a_clicker_walks_the_stops_from_the_address_of_one_on_a_fresh_server(browser: Browser, hall: str) -> None:
    _, _, third, fourth, fifth, _ = stops("short")
    asks = [stop.question.ask for stop in (third, fourth, fifth) if stop.question]
    highs: dict[str, float] = {}
    with someone(browser, WIDE, HIGH) as reader:
        reader.open(f"{hall}/additive_path?lecture=short&at=3")
        for key, at, text in (
            ("", "3", asks[0]),
            ("PageDown", "3", third.claim),
            ("PageDown", "4", asks[1]),
            ("PageDown", "4", fourth.claim),
            ("PageDown", "5", asks[2]),
            ("PageUp", "4", fourth.claim),
            ("PageUp", "3", third.claim),
        ):
            if key:
                reader.page.keyboard.press(key)
            says(reader, text)
            reader.wait_for_settings(lecture="short", at=at)
            reader.rest()
            bar = reader.page.locator(BAR).bounding_box()
            assert bar is not None
            assert abs(highs.setdefault(at, bar["height"]) - bar["height"]) < 1  # so nothing below it moves
        reader.page.locator(".st-key-place_of_the_picture").get_by_role("slider").first.focus()
        reader.page.keyboard.press("PageDown")  # which a slider would take for itself
        says(reader, fourth.claim)
        reader.assert_well()


def test_what_is_not_revealed_is_not_left_out_and_an_answer_says_of_which_settings_it_is(
    browser: Browser, hall: str
) -> None:
    _, second, *_ = stops("short")
    assert second.question is not None
    with someone(browser, WIDE, HIGH) as reader:
        reader.open(f"{hall}/?lecture=short&at=2")
        expect(reader.page.locator(".st-key-next_page")).to_be_hidden()  # which would leave the lecture; its key works
        reader.page.keyboard.press("Alt+PageDown")
        says(reader, WORDS["elsewhere"])
        expect(reader.page.locator(".st-key-next_page")).to_be_visible()
        reader.page.keyboard.press("PageDown")
        says(reader, second.question.ask)
        reader.rest()
        reader.page.keyboard.press("PageDown")
        says(reader, second.claim)
        says(reader, second.question.ask, ".asked:visible")
        says(reader, f"✓ A {second.question.choices[0]}", ".asked:visible b")
        slider, answer = reader.slider("Weight scale"), reader.page.locator(".stop .answer")
        slider.press("ArrowLeft")  # which repaints the picture alone, as the next key does
        expect(answer).to_contain_text(WORDS["of_question"])
        slider.press("ArrowRight")
        expect(answer).not_to_contain_text(WORDS["of_question"])
        reader.assert_well()


def test_a_hall_votes_through_its_speakers_f5_and_sees_who_was_near(browser: Browser, hall: str) -> None:
    first, second, *_ = stops("short")
    assert first.question is not None
    assert second.question is not None
    with (
        someone(browser, WIDE, HIGH) as speaker,
        someone(browser, 390, 844) as one,
        someone(browser, 390, 844) as two,
    ):
        speaker.open(f"{hall}/?lecture=short")
        speaker.page.get_by_role("button", name=WORDS["vote"]).click()
        code = speaker.page.locator(f"{COUNT} b").inner_text()
        for phone, power, steps in ((one, "10⁻²⁹", 1), (two, "10⁻⁵⁰", -20)):
            phone.page.goto(f"{hall}/vote?code={code}")
            slider = phone.page.get_by_role("slider")
            slider.focus()
            for _ in range(abs(steps)):
                phone.page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
            expect(slider).to_have_attribute("aria-valuetext", power)
            phone.page.get_by_role("button", name=WORDS["cast"], exact=True).click()
            says(phone, WORDS["taken"].format(vote=power), ".hall")
        says(speaker, "2 votes so far", COUNT)

        speaker.page.reload()
        speaker.wait()
        says(speaker, first.question.ask)
        says(speaker, "2 votes so far", COUNT)
        assert speaker.page.locator(f"{COUNT} b").inner_text() == code
        speaker.wait_for_settings(lecture="short", at="1")

        speaker.page.keyboard.press("PageDown")
        near = WORDS["were_near"].format(count=2, near=1)
        says(speaker, near, COUNT)
        for phone, mine in ((one, "10⁻²⁹"), (two, "10⁻⁵⁰")):
            says(phone, WORDS["right"].format(answer="10⁻⁴⁹"), ".hall")
            says(phone, WORDS["mine"].format(answer=mine), ".hall")
            says(phone, near, ".hall")

        speaker.page.reload()  # the hall has seen the answer, and so it stays
        speaker.wait()
        says(speaker, first.claim)
        speaker.page.keyboard.press("PageDown")
        says(speaker, second.question.ask)
        for phone in (one, two):
            phone.page.get_by_text(second.question.ask).wait_for()
            phone.page.get_by_text(f"A · {second.question.choices[0]}").click()
            says(phone, WORDS["taken"].format(vote="A"), ".hall")
        says(speaker, "2 votes so far", COUNT)
        for person in (speaker, one, two):
            person.assert_well()


def test_the_picture_alone_has_the_question_and_the_ways_of_its_stop_above_it(browser: Browser, hall: str) -> None:
    with someone(browser, WIDE, HIGH) as reader:

        def fits() -> bool:
            bar = reader.page.locator(BAR).bounding_box()
            assert bar is not None
            top, bottom = box_of_picture(reader)
            return bar["y"] + bar["height"] <= top < 0.45 * HIGH and 0.95 * HIGH < bottom <= HIGH

        for number in (3, 6, 10, 11):
            stop = stops("long")[number - 1]
            reader.open(f"{hall}/{stop.page}?lecture=long&at={number}&view=picture")
            assert stop.question is not None
            says(reader, stop.question.ask)
            wait_until(fits, f"stop {number}: the picture is from {box_of_picture(reader)}")
            for shown in (QUESTION, ".st-key-reveal button", ".way.forward"):
                expect(reader.page.locator(shown)).to_be_in_viewport(ratio=1)
            for hidden in (".st-key-end_lecture", '[data-testid="stPopover"]'):
                expect(reader.page.locator(f"{BAR} {hidden}")).to_be_hidden()
        reader.page.get_by_role("button", name=WORDS["vote"]).click()
        says(reader, "0 votes so far", COUNT)
        wait_until(fits, "a vote leaves the picture no room")
        reader.page.keyboard.press("PageDown")
        says(reader, stops("long")[10].claim)
        wait_until(fits, "an answer leaves the picture no room")
        reader.page.keyboard.press("PageDown")
        reader.wait_for_settings(lecture="long", at="12", view="picture", forget_bias="0.0")
        reader.rest()
        reader.page.keyboard.press("Alt+p")
        expect(reader.page.locator(".st-key-end_lecture")).to_be_visible()
        reader.assert_well()


def test_on_a_phone_a_stop_leaves_the_screen_to_its_page_until_all_of_its_sentence_is_asked_for(
    phone: BrowserContext, address: str
) -> None:
    with visit(phone) as reader:
        high = reader.page.viewport_size["height"]  # type: ignore[index]
        reader.open(f"{address}/?lecture=ten")
        said, bar = reader.page.locator(QUESTION), reader.page.locator(BAR)
        expect(said).to_contain_text(stops("ten")[0].claim)
        hidden = "e => e.scrollHeight - e.clientHeight"
        assert said.evaluate(hidden) > 0
        assert bar.evaluate("e => e.offsetHeight") < high / 6
        reader.page.get_by_label(WORDS["whole"]).check()
        assert said.evaluate(hidden) == 0
        assert bar.evaluate("e => e.offsetHeight") > high / 6
        reader.assert_well()
