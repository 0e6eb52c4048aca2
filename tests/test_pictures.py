"""What holds for every picture, whatever it shows: a new one is tested by being registered."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from rnn_dynamics import content, pictures
from rnn_dynamics.content import LANGUAGE, languages, sentences
from rnn_dynamics.pictures.clipping import answer as clipping
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from rnn_dynamics.remembered import MEMORY
from tests.claims import assert_fits_a_phone, assert_readable, plain
from tests.every import every
from tests.handed_out import covering, presets_of
from tests.pictured import drawn_by, said_by

#: Bytes of a picture's tables: each step of a held key sends them.
LARGEST_MESSAGE = 40_000
#: Texts of numbers, which buy speed where the picture's table.py says how much.
TEXT_CODED = {("vanish_or_explode", "curves", column) for column in ("steps", "points")}
every_picture = every("name", pictures.NAMES)
#: How to point at something, which no paper can answer.
POINTING = re.compile(r"\b(point|click|tap)(: | at | or )|可?指向|点击|点按")
Spec = dict[str, Any]


def settings_of(name: str) -> Iterator[tuple[Any, dict[str, str]]]:
    """The presets of the picture's page: experiment, and the views that are the picture's; at first all its panels."""
    one, presets = pictures.picture(name), [*presets_of(PAGE_OF.get(name, name)).values()]
    if "panels" in one.settings:
        opening, asked = presets[0]
        presets.insert(0, (opening, asked | {"panels": "all"}))
    for preset, asked in presets:
        views = asked | BRIEFLY.get(name, {})
        yield preset, {view: views.get(view, opening) for view, opening in one.views.items()}


#: Of a training a few updates are enough to see how its picture is made.
BRIEFLY = {"blank": {"updates": "3"}, "learning": {"iterations": "5"}}


@pytest.fixture(autouse=True)
def few_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of a picture whose page asks for no number of them."""
    monkeypatch.setattr(clipping, "UPDATES", 40)


#: Picture -> the page that shows it below its own.
PAGE_OF = {
    "before_after": "vanish_or_explode",
    "clipping": "cliff",
    "cost": "losses",
    "latch": "jacobians",
}


#: What shows trainings or times, which are no function of an experiment to be drawn twice here.
TRAINED = {"before_after", "blank", "clipping", "cost", "learning"}


def layers(spec: Spec) -> Iterator[Spec]:
    """All layers that draw, each with what it inherits from its groups."""
    for layer in spec["layer"]:
        inherited = {key: spec[key] for key in ("data",) if key in spec} | layer
        yield from layers(inherited) if "layer" in layer else [inherited]


def specifications(one: Picture) -> Iterator[tuple[dict[str, str], Background, Spec]]:
    """In light and in dark, at so few views that each value of one meets each of each other."""
    (_, views), *_ = settings_of(one.name)
    charted = {name: setting.values for name, setting in one.settings.items() if setting.charted}
    for values, background in product(covering(charted, 2), THEMES):
        asked = views | values
        yield asked, background, json.loads(one.specification(asked, background, LANGUAGE))


@every_picture
def test_on_paper_no_picture_says_how_to_point_at_something(name: str) -> None:
    one, (asked, views) = pictures.picture(name), next(settings_of(name))
    answer = one.answer(asked, views)
    for language in languages():
        screen, paper = (
            str(one.draw_from(answer, views, "light", language, on_paper=on_paper).to_dict(validate=False))
            for on_paper in (False, True)
        )
        assert not POINTING.search(paper)
        marked = "<screen>" in (content._CONTENT / language / f"{name}.toml").read_text(encoding="utf-8")
        assert bool(POINTING.search(screen)) == marked


@every_picture
def test_a_chart_is_valid_plain_constant_and_without_values(name: str) -> None:
    one = pictures.picture(name)
    for views, background, spec in specifications(one):
        assert json.loads(json.dumps(spec, allow_nan=False)) == spec
        if background == "light":  # dark, the same is drawn in other colours
            chart = one.charted(sentences(name), views, background)
            assert chart.to_dict()["layer"] == spec["layer"]  # which checks it against Vega-Lite's schema
        assert "datasets" not in spec
        assert all(set(layer.get("data", {})) <= {"name"} for layer in layers(spec))


@every_picture
def test_every_table_is_drawn_and_every_drawn_table_is_there(name: str) -> None:
    one = pictures.picture(name)
    (experiment, _), *_ = settings_of(name)
    for views, _, spec in specifications(one):
        assert {layer["data"]["name"] for layer in layers(spec)} == set(drawn_by(one, experiment, **views))


@every_picture
def test_a_reader_of_the_data_sees_named_columns_of_numbers(name: str) -> None:
    for experiment, views in settings_of(name):
        for table, rows in drawn_by(pictures.picture(name), experiment, **views).items():
            for row in rows:
                for key, value in row.items():
                    coded = re.fullmatch(r"(x|-?[\d.]+)(,(x|-?[\d.]+))+", str(value))
                    assert not coded or (name, table, key) in TEXT_CODED, (table, key)
                    assert not str(value).startswith("#"), (table, key)


@every_picture
def test_titles_labels_and_findings_are_readable_at_every_preset(name: str) -> None:
    one = pictures.picture(name)
    for experiment, views in settings_of(name):
        tables = drawn_by(one, experiment, **views)
        texts = [value for rows in tables.values() for row in rows for value in row.values() if isinstance(value, str)]
        assert_readable("\n".join([*texts, plain(said_by(one, experiment, **views))]))
        (whole,) = tables["whole"]
        assert_fits_a_phone(*(value for value in whole.values() if isinstance(value, str)))


@every_picture
def test_a_message_is_small_and_made_once_for_all(name: str) -> None:
    one = pictures.picture(name)
    for experiment, views in settings_of(name):
        datasets, _ = one.drawn(experiment, views, LANGUAGE)
        assert sum(map(len, datasets.values())) < LARGEST_MESSAGE
        again, _ = one.drawn(experiment, views, LANGUAGE)
        assert all(again[name] is table for name, table in datasets.items())


@every_picture
def test_what_stands_still_while_something_moves_is_the_very_same(name: str) -> None:
    one = pictures.picture(name)
    for experiment, views in settings_of(name):
        here, _ = one.drawn(experiment, views, LANGUAGE)
        there, _ = one.drawn(*one.apart(experiment, views), LANGUAGE)
        assert {name for name, table in here.items() if there[name] is not table} < set(here)


@every_picture
def test_a_drawn_chart_holds_its_data_and_has_a_width(name: str) -> None:
    (experiment, views), *_ = settings_of(name)
    drawn = pictures.draw(name, experiment, **views).to_dict()
    assert drawn["width"] > 300
    assert set(drawn["datasets"]) == set(drawn_by(pictures.picture(name), experiment, **views))
    json.dumps(drawn, allow_nan=False)


@every_picture
def test_a_file_has_a_label_and_rows(name: str) -> None:
    one = pictures.picture(name)
    (experiment, views), *_ = settings_of(name)
    for file, frame in pictures.frames(name, experiment, **views).items():
        assert sentences(name)["files"][file]
        assert len(frame)
    assert set(sentences(name).get("files", {})) >= set(one.files)


@every(
    ("asked", "said"),
    [
        ({"name": "dept"}, "name = 'dept' is not one of "),
        ({"name": "depth", "axes": "lag"}, "setting = 'axes' is not one of axis"),
        ({"name": "depth", "background": "grey"}, "background = 'grey' is not one of light, dark"),
    ],
)
def test_what_cannot_be_drawn_is_named(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pictures.draw(**asked)


def kept_beside_the_memory() -> dict[str, int]:
    """Name -> how many answers each further cache of the library has."""
    rooms = [module for name, module in tuple(sys.modules.items()) if name.startswith("rnn_dynamics")]
    caches = {
        f"{of.__module__}.{of.__qualname__}": of
        for room in rooms
        for of in vars(room).values()
        if hasattr(of, "cache_info")
    }
    return {name: cache.cache_info().currsize for name, cache in caches.items()}


@pytest.mark.usefixtures("forgotten")
@every("name", sorted({*pictures.NAMES} - TRAINED))
def test_all_that_is_kept_of_a_picture_is_in_the_one_memory(name: str) -> None:
    picture = pictures.picture(name)
    (first, views), *_ = presets_of(PAGE_OF.get(name, name)).values()
    own = {view: views.get(view, opening) for view, opening in picture.views.items()}

    def seen(seed: int, background: Background) -> None:
        picture.drawn(replace(first, seed=seed), own, "en")
        picture.specification(own, background, "en")

    seen(0, "light")
    beside, before = kept_beside_the_memory(), MEMORY.bytes
    assert beside
    seen(1, "dark")
    assert kept_beside_the_memory() == beside
    assert MEMORY.bytes > before
