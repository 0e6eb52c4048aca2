"""The page "Check us": what of the laws it shows, and how it checks them while a visitor looks."""

import csv
import math
import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics.content import LANGUAGE, languages, sentences
from rnn_dynamics.dashboard import checking, growing
from rnn_dynamics.dashboard.checking import PAGES
from rnn_dynamics.laws import LAWS, Checked
from rnn_dynamics.laws.board import Board, Checking
from tests.every import every
from tests.test_address import address
from tests.test_growing import OnePiece
from tests.test_pages import not_taken, open_page

#: That of the server, which tests leave alone.
THE_BOARD = checking.the_board
FEW = ("latch_slope", "chi_2", "variance_0_9_0")


class Few(Board):
    """A board on which all laws are these few."""

    def begin(self, names: tuple[str, ...] = FEW) -> Checking:  # type: ignore[override]
        """Check them."""
        return super().begin(names)


@pytest.fixture(autouse=True)
def own_board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """The board of a server that has just started."""
    board = Few()
    monkeypatch.setattr(checking, "the_board", lambda: board)
    return board


def tables(app: AppTest) -> list[list[list[str]]]:
    """The tables of the page: rows of cells, without the head."""
    bodies = [str(element.proto.body) for element in app.get("html")]
    found = [body for body in bodies if 'class="verdict"' in body]
    rows = [re.findall(r"<tr>(<td.*?)</tr>", body) for body in found]
    return [[[plain(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in of] for of in rows]


def plain(html: str) -> str:
    return unescape(re.sub("<[^>]*>", "", html))


def claim(app: AppTest) -> str:
    (found,) = [match for one in app.get("html") for match in re.findall(r'id="claim">(.*?)</h2>', one.proto.body)]
    return plain(found)


def test_a_new_server_has_checked_nothing_and_shows_a_row_for_each_page_that_has_laws() -> None:
    app = open_page("check_us")
    assert claim(app) == f"Of {len(LAWS)} laws none has been checked on this server since it started. Press Check all."
    (rows,) = tables(app)
    assert [row[0] for row in rows] == [sentences(page)["title"] for page in PAGES]
    assert sum(int(row[1]) for row in rows) == len(LAWS)
    assert {(*row[2:],) for row in rows} == {("0", "–", "–", "–")}
    assert not app.get("download_button")


@every("of", ["all", *PAGES])
def test_every_law_has_its_row_with_a_link_to_itself(of: str) -> None:
    app = open_page("check_us", {"of": of})
    assert not_taken(app) == []
    asked = [name for name, law in LAWS.items() if of in ("all", law.page)]
    body = next(one.proto.body for one in app.get("html") if 'class="verdict"' in one.proto.body)
    assert re.findall(r'<a href="check_us\?law=(\w+)" target="_self">', body) == asked
    (rows,) = tables(app)
    assert len({row[0] for row in rows}) == len(asked)  # no two laws read alike
    assert not any("{" in cell for row in rows for cell in row)
    assert app.selectbox(key="of").value == of
    app.selectbox(key="of").set_value("depth").run()
    assert address(app) == {"of": "depth"}
    assert len(tables(app)[0]) == 3


def test_checking_shows_its_progress_until_it_is_stopped_and_goes_on_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(growing, "the_line", OnePiece)
        app = open_page("check_us", {"of": "phase_diagram"})
        app.button(key="begin_check_all").click().run()
        assert not app.exception
        assert claim(app) == f"So far 1 of {len(LAWS)} laws have been checked on this server, and all of these hold."
        (bar,) = app.get("progress")
        assert bar.proto.text == "1 of 3 checked, now: χ at weight scale 2, for an input variance of 0.1"
        app.button(key="stopcheck_all").click().run()
        assert app.button(key="stopcheck_all").label == "Go on"
        assert app.button(key="begin_check_all").label == "Check all again"
    app.button(key="stopcheck_all").click().run()
    assert not app.get("progress")
    assert claim(app).startswith("So far 3 of")
    (rows,) = tables(app)
    row = next(row for row in rows if row[2] != "–")
    assert row[:4] == ["χ at weight scale 2, for an input variance of 0.1", SOURCE, "1", "1.323"]
    assert float(row[4]) == pytest.approx(1.323, abs=6e-4)
    assert float(row[5]) < float(row[6]) == 6e-4
    assert row[7] == "✓"


SOURCE = "After Chen, Pennington & Schoenholz 2018"


def test_the_address_of_a_law_opens_it_checked_and_whoever_comes_later_sees_the_same_result(own_board: Board) -> None:
    app = open_page("check_us", {"law": "latch_slope"})
    assert not_taken(app) == []
    assert address(app) == {"law": "latch_slope"}
    one, _ = tables(app)
    assert one[0][0] == "Latch, w = 1.25: the slope at them"
    assert one[0][2:5] == ["1", "0.61914", "0.619144"]
    first = own_board.found["latch_slope"]
    open_page("check_us", {"law": "latch_slope"})
    assert own_board.found["latch_slope"] is first
    app.button(key="begin_check_one").click().run()
    assert own_board.found["latch_slope"] is not first
    notes = [plain(one.proto.body) for one in app.get("html") if "Computed on this server at" in one.proto.body]
    assert len(notes) == 1
    assert "A law of the page Why: a product of Jacobians." in notes[0]


def test_a_law_that_does_not_hold_is_named_above_all_others(own_board: Board) -> None:
    good = LAWS["chi_2"].check()
    own_board.found.update(dict.fromkeys(LAWS, good))
    share = round(100 * good.share)
    all_hold = (
        f"All {len(LAWS)} laws hold on this server. The one that comes closest to its limit uses {share} % of its"
    )
    assert claim(open_page("check_us")).replace("\xa0", " ").startswith(all_hold)
    own_board.found["latch_slope"] = Checked(**{**vars(good), "share": 2.0})
    app = open_page("check_us", {"of": "jacobians"})
    assert claim(app) == (
        f"On this server 1 law does not hold of {len(LAWS)} that were checked: Latch, w = 1.25: the slope at them."
    )
    (rows,) = tables(app)
    assert [row[0] for row in rows if row[7] == "✗ no"] == ["Latch, w = 1.25: the slope at them"]
    (pages,) = tables(open_page("check_us"))
    assert {row[0]: row[3] for row in pages}["Why: a product of Jacobians"] == "19 ✗ no"
    own_board.found["latch_slope"] = Checked(
        **{**vars(good), "computed": math.nan, "difference": math.nan, "share": math.inf}
    )
    (pages,) = tables(open_page("check_us"))
    assert {row[0]: row[3:5] for row in pages}["Why: a product of Jacobians"] == ["19 ✗ no", "–"]


@every("law", ["none of them", "<b>", "x" * 1000])
def test_an_address_of_no_law_is_told_so(law: str) -> None:
    app = open_page("check_us", {"law": law})
    assert not app.exception
    assert len(not_taken(app)) == 1
    assert len(tables(app)) == 1


@every("language", languages())
def test_a_page_is_shown_in_its_language_and_links_keep_it(language: str) -> None:
    app = open_page("check_us", {"lang": language, "of": "all"})
    body = next(one.proto.body for one in app.get("html") if 'class="verdict"' in one.proto.body)
    links = re.findall(r'href="check_us\?law=\w+(&amp;lang=\w+)?"', body)
    assert set(links) == {"" if language == LANGUAGE else f"&amp;lang={language}"}


def test_an_edit_of_the_words_leaves_what_was_found(own_content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "the_board", THE_BOARD)
    THE_BOARD().found["chi_2"] = LAWS["chi_2"].check()
    try:
        for language in ("en", "zh"):
            file = own_content / language / "check_us.toml"
            file.write_text(file.read_text(encoding="utf-8").replace("χ at", "Chi at"), encoding="utf-8")
        app = open_page("check_us", {"of": "phase_diagram"})
        assert claim(app).startswith("So far 1 of")
        assert any(row[0].startswith("Chi at") for row in tables(app)[0])
    finally:
        THE_BOARD.clear()


def test_what_was_found_is_handed_out_as_numbers(own_board: Board) -> None:
    own_board.found["chi_2"] = LAWS["chi_2"].check()
    (line,) = csv.DictReader(checking._as_csv(sentences("check_us"), own_board.found).splitlines())
    assert (line["law"], line["page"], line["source"], line["holds"]) == ("chi_2", "phase_diagram", SOURCE, "True")
    assert float(line["computed"]) == own_board.found["chi_2"].computed
    assert open_page("check_us").get("download_button")
