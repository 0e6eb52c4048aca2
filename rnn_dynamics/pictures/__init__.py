"""Pictures of what the engine answers: for each one folder with its numbers, tables, chart and words.

from rnn_dynamics import Experiment, pictures

pictures.draw("depth", Experiment(cell="lstm", num_layers=3))      # an Altair chart with its data inside
pictures.save("depth", "depth.svg", Experiment(cell="lstm", num_layers=3))    # a file with its settings below it
pictures.frames("depth", Experiment(cell="lstm", num_layers=3))    # the same numbers, tidy, by name
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import cast

import altair as alt
import pandas as pd

from rnn_dynamics.content import LANGUAGE, languages, sentences
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.limits import one_of
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.kit.saved import SUFFIXES, as_file, settings_caption, title_of
from rnn_dynamics.pictures.kit.theme import THEMES, Background

#: The pictures that can be drawn by name; each is PICTURE of the folder of that name.
NAMES = tuple(sorted(part.name for part in iter_modules(__path__) if part.name != "kit"))


def picture(name: str) -> Picture:
    """The picture of that name.

    Raises:
        ValueError: there is none.
    """
    found: Picture = import_module(f"{__name__}.{one_of('name', name, NAMES)}").PICTURE
    return found


def draw(
    name: str,
    experiment: Experiment | None = None,
    *,
    background: str = "light",
    language: str = LANGUAGE,
    **views: str,
) -> alt.LayerChart:
    """A picture with its data inside, which needs neither Streamlit nor a server.

    Args:
        name: in NAMES.
        experiment: what is asked; None for the defaults of Experiment.
        background: "light" or "dark".
        language: of its words, a folder of content/.
        views: the picture's own settings, such as axis="lag"; what is not named is as its page opens.

    Raises:
        ValueError: a name, or a value, is none of those that there are.
    """
    return _drawn(picture(name), experiment, background, language, views)


def save(
    name: str,
    path: str | Path,
    experiment: Experiment | None = None,
    *,
    address: str = "",
    background: str = "light",
    language: str = LANGUAGE,
    **views: str,
) -> None:
    """Write a picture into a file, its settings and its address below it; needs the extra "export".

    Args:
        name: in NAMES.
        path: of the file; what it ends with says what it is: .svg, .png or .pdf.
        experiment: what is asked; None for the defaults of Experiment.
        address: where the picture opens, if it does anywhere.
        background: "light" or "dark".
        language: of its words, a folder of content/.
        views: the picture's own settings, as of `draw`.

    Raises:
        ValueError: a name, a value, or what the path ends with is none of those that there are.
        NoExport: vl-convert-python is not installed.
        OSError: the file cannot be written.
    """
    file, one = Path(path), picture(name)
    suffix = one_of("path ends with", file.suffix.removeprefix("."), SUFFIXES)
    asked = experiment or Experiment()
    drawn = _drawn(one, asked, background, language, views, on_paper=True)
    used = {field: value for field, value in settings(asked).items() if not one.uses or field in one.uses}
    said = {field: str(value) for field, value in (used | _asked(one, views)).items()}
    caption = settings_caption(sentences("export", language), title_of(name, language), said, address)
    file.write_bytes(as_file(drawn, caption, suffix, cast(Background, background), language))


def frames(name: str, experiment: Experiment | None = None, **views: str) -> dict[str, pd.DataFrame]:
    """The numbers of a picture as tidy frames, by name, as its page hands them out; arguments as of `draw`."""
    one = picture(name)
    asked = _asked(one, views)
    answer = one.answer(experiment or Experiment(), asked)
    return {name: table(answer, asked) for name, table in one.files.items()}


def _drawn(
    one: Picture,
    experiment: Experiment | None,
    background: str,
    language: str,
    views: dict[str, str],
    on_paper: bool = False,
) -> alt.LayerChart:
    theme = cast(Background, one_of("background", background, tuple(THEMES)))
    there, asked = one_of("language", language, languages()), _asked(one, views)
    answer = one.answer(experiment or Experiment(), asked)
    return one.draw_from(answer, asked, theme, there, on_paper=on_paper)


def _asked(one: Picture, views: dict[str, str]) -> dict[str, str]:
    for name in views:
        one_of("setting", name, tuple(one.views), f", the settings of {one.name}")
    return {**one.views, **views}
