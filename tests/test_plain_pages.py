"""What holds for every page without a picture; that of the others is in test_pages and its like."""

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics.content import sentences
from tests.test_address import address
from tests.test_pages import HOSTILE, PLAIN, ROOT, not_taken, open_page
from tests.unmarked import unmarked

every_plain_page = pytest.mark.parametrize("page", PLAIN)


@every_plain_page
def test_a_page_opens_with_its_title_and_its_prose_and_goes_on_after_its_first_run(page: str) -> None:
    app = open_page(page)
    for _ in range(2):
        assert not app.exception
        assert [title.value for title in app.title] == [sentences(page)["title"]]
        assert sentences(page)["prose"].strip() in [unmarked(text.value) for text in app.markdown]
        assert not_taken(app) == []
        assert address(app) == {}
        app.run()


@every_plain_page
def test_a_hostile_link_opens_the_page_and_is_told_so(page: str) -> None:
    app = open_page(page, {f"key_{number}": value for number, value in enumerate(HOSTILE)} | {"lang": "tlh"})
    assert not app.exception
    assert len(not_taken(app)) == 1
    assert address(app) == {}


@every_plain_page
def test_what_a_visitor_has_set_elsewhere_passes_by(page: str) -> None:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["weight_scale"] = "1.4"
    app.run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    assert address(app) == {}
    app.switch_page("pages/jacobians.py").run()
    assert app.select_slider(key="weight_scale").value == 1.4
    assert address(app)["weight_scale"] == "1.4"
