"""The tree of cells: each of them stands in it, with its year, below those that it comes from."""

import re
from xml.etree import ElementTree

from rnn_dynamics.content import languages, sentences
from rnn_dynamics.course.lineage import YEARS, edges, picture, tree
from rnn_dynamics.engine.cells import CELLS
from tests.every import every

SVG = "{http://www.w3.org/2000/svg}"
_HEIGHT = 48.0


def boxes() -> dict[str, tuple[float, float]]:
    """Name of a cell -> middle of its box."""
    found = ElementTree.fromstring(picture())
    names, years = (found.findall(f"{SVG}text")[k::2] for k in (0, 1))
    assert [(name.text, year.text) for name, year in zip(names, years, strict=True)] == [
        (CELLS[cell].short, str(year)) for cell, year in YEARS.items()
    ]
    places = [
        (float(box.attrib["x"]) + float(box.attrib["width"]) / 2, float(box.attrib["y"]) + _HEIGHT / 2)
        for box in found.findall(f"{SVG}rect[@class='box']")
    ]
    return dict(zip(YEARS, places, strict=True))


def test_every_cell_stands_in_the_tree_and_a_later_one_lower() -> None:
    places = boxes()
    assert set(YEARS) == set(CELLS)
    by_year = sorted(YEARS, key=lambda cell: YEARS[cell])
    assert [places[cell][1] for cell in by_year] == sorted(places[cell][1] for cell in by_year)
    for one in places:
        for other in places:
            across, down = (abs(a - b) for a, b in zip(places[one], places[other], strict=True))
            assert one == other or across >= 92.0 or down >= _HEIGHT


def test_each_line_leads_from_an_older_cell_down_to_a_younger_and_through_no_other() -> None:
    places, lines = boxes(), ElementTree.fromstring(picture()).findall(f"{SVG}line")
    assert len(lines) == len(edges())
    for line, (older, cell) in zip(lines, edges(), strict=True):
        assert YEARS[older] < YEARS[cell]
        x1, y1, x2, y2 = (float(line.attrib[name]) for name in ("x1", "y1", "x2", "y2"))
        assert (x1, y1) == (places[older][0], places[older][1] + _HEIGHT / 2)
        assert (x2, y2) == (places[cell][0], places[cell][1] - _HEIGHT / 2)
        for other, (x, y) in places.items():
            for share in range(1, 20):
                along = (x1 + (x2 - x1) * share / 20, y1 + (y2 - y1) * share / 20)
                inside = abs(along[0] - x) < 46.0 and abs(along[1] - y) < _HEIGHT / 2
                assert other in (older, cell) or not inside, (other, older, cell)


@every("language", languages())
def test_what_the_drawing_shows_stands_in_words_beside_it(language: str) -> None:
    words = sentences("family_tree", language)
    alt, named = words["tree"]["alt"], [f"{CELLS[cell].short} {year}" for cell, year in YEARS.items()]
    assert all(name in alt for name in named)
    assert len(re.findall(r"(?:19|20)\d\d", alt)) == len(YEARS)
    assert alt in tree(words["tree"])
    assert all(str(year) in words["prose"] for year in YEARS.values())
