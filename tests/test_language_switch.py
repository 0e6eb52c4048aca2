"""The visitor's language: the browser's at first, then that of a link or of the switch, on every page."""

from streamlit.testing.v1 import AppTest

from rnn_dynamics.content import languages, sentences
from rnn_dynamics.dashboard.settings_words import Names, in_link
from tests.every import every
from tests.handed_out import frame_of
from tests.test_address import address
from tests.test_chinese import english
from tests.test_made_up_language import texts
from tests.test_pages import ALL, PAGES, ROOT, not_taken, open_page, shown

#: What browsers call a language -> that of the pages.
BROWSERS = {"zh-CN": "zh", "zh-TW": "zh", "zh": "zh", "ZH": "zh", "en-GB": "en", "fr-FR": "en", "zha": "en"}


def start(locale: str = "", **params: str) -> AppTest:
    """The app as a browser of that language opens it."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.context = {"locale": locale} if locale else {}
    app.query_params.update(params)
    return app.run()


def reads(app: AppTest, page: str = "vanish_or_explode") -> str:
    """The language of the page's title."""
    (title,) = (title.value for title in app.title)
    (found,) = (language for language in languages() if sentences(page, language)["title"] == title)
    return found


def choose(app: AppTest, language: str) -> AppTest:
    return app.button(key=f"language_{language}").click().run()


@every(("locale", "language"), BROWSERS.items())
def test_a_browser_sees_its_own_language_at_first_and_the_one_of_a_link_before_it(locale: str, language: str) -> None:
    app = start(locale)
    assert (reads(app), address(app)) == (language, {"lang": "zh"} if language == "zh" else {})
    assert not app.exception
    for asked in languages():
        app = start(locale, lang=asked)
        assert reads(app) == asked
        assert address(app) == {"lang": asked}


def test_a_browser_that_says_nothing_reads_english() -> None:
    assert reads(start()) == "en"


@every("page", ALL)
def test_every_page_has_a_switch_that_keeps_what_is_set_and_leads_to_no_english_sentence(page: str) -> None:
    settings = frame_of(page).settings if page in PAGES else {}
    scale, seed = ({"weight_scale": "1.4"} if "weight_scale" in settings else {}), {"seed": "much", "lecture": "none"}
    app = open_page(page, scale | seed)
    assert not_taken(app) != []
    before, values = shown(app), {one.key: one.value for one in app.select_slider}
    assert app.button(key="language_zh").label == "中文"
    assert reads(choose(app, "zh"), page) == "zh"
    assert not app.exception
    assert address(app)["lang"] == "zh"
    assert {where: runs for where, text in texts(app) if (runs := english(text))} == {}
    assert any("lecture = none" in caption.value for caption in app.caption)  # what was not taken, in the same language
    assert {one.key: one.value for one in app.select_slider} == values
    assert app.button(key="language_en").label == "English"
    assert reads(choose(app, "en"), page) == "en"
    assert address(app)["lang"] == "en"
    assert shown(app) == before


@every(("page", "key"), [("vanish_or_explode", "cell"), ("losses", "below"), ("own_network", "weights")])
def test_a_list_stands_where_it_stood_when_a_name_of_the_language_that_was_left_comes_across(
    page: str, key: str
) -> None:
    setting = frame_of(page).settings[key]
    app = open_page(page, {key: in_link(key, setting.values[1])})
    at = app.selectbox(key=key).proto.id
    for language in ("zh", "en"):
        choose(app, language)
        states = app._tree.get_widget_states()
        (sent,) = (state for state in states.widgets if state.id == at)
        sent.string_value = "a name of another language"
        app = app._run(states)
        assert not app.exception
        assert reads(app, page) == language
        assert app.selectbox(key=key).value == setting.values[1]


@every(("page", "key"), [("losses", "below"), ("own_network", "weights"), ("atlas", "map_x")])
def test_a_list_is_told_the_name_of_what_is_chosen_in_the_other_language(page: str, key: str) -> None:
    app = open_page(page)
    chosen = app.selectbox(key=key).value
    for language in ("zh", "en"):
        choose(app, language)
        told = app.selectbox(key=key).proto
        assert (told.set_value, told.raw_value) == (True, Names(page, language).shown(key, chosen))


def test_the_choice_goes_along_to_other_pages_against_the_browser_s_own_language() -> None:
    app = choose(start("zh-CN"), "en")
    assert (reads(app), address(app)) == ("en", {"lang": "en"})
    app.switch_page("pages/depth.py").run()
    assert (reads(app, "depth"), address(app)) == ("en", {"lang": "en"})
    app.switch_page("pages/shapes.py").run()
    assert (reads(app, "shapes"), not_taken(app)) == ("en", [])


def test_the_bar_has_the_titles_and_menus_of_the_language() -> None:
    assert {sentences(page, "zh").get("menu") for page in ALL} == {None, "为什么", "网络", "学习"}
