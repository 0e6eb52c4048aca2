"""Which cell comes from which, and when each was published, drawn from the oldest above to the youngest, as HTML."""

from collections.abc import Mapping
from itertools import starmap

from rnn_dynamics.course.feedback import figure, sheet
from rnn_dynamics.pictures.kit.theme import CELL_NAMES

#: Cell -> the year of its paper; the references stand in the docstrings of the cells, and on the page.
YEARS = {
    **{"jordan": 1986, "rnn": 1990, "lstm": 1997, "gru": 2014, "cornn": 2021},
    **{"lru": 2023, "ssm": 2023, "slstm": 2024, "minlstm": 2024, "mingru": 2024},
}
#: Cell -> those from which it takes what it is made of; one that is not here comes from elsewhere.
FROM = {
    **{"lstm": ("jordan", "rnn"), "gru": ("lstm",), "lru": ("rnn",)},
    **{"slstm": ("lstm",), "minlstm": ("lstm",), "mingru": ("gru",)},
}
#: Where each stands, in pixels; a year further down is later.
_PLACES = {
    **{"jordan": (270, 32), "rnn": (90, 92), "lstm": (180, 172), "gru": (310, 252), "cornn": (250, 308)},
    **{"lru": (50, 368), "ssm": (250, 368), "slstm": (90, 448), "minlstm": (195, 448), "mingru": (310, 448)},
}
#: Beside the style of the drawings in `feedback`.
_STYLE = "<style>line{stroke:#12161c;stroke-dasharray:none}.box{fill:#eef1f5;stroke:#12161c}</style>"
#: Half the width and the height of a cell's box, and the width and height of the whole.
_HALF, _WHOLE = (46, 24), (360, 480)


def tree(words: Mapping[str, str]) -> str:
    """The drawing below its head, and what each cell took from those above it; `words`: head, alt and note."""
    drawn = figure(picture(), words["alt"])
    return f'<h2>{words["head"]}</h2><div class="feedback">{drawn}</div><p class="note">{words["note"]}</p>'


def picture() -> str:
    """The same as SVG."""
    return sheet(*_WHOLE, "".join([_STYLE, *starmap(_line, edges()), *map(_box, YEARS)]))


def edges() -> list[tuple[str, str]]:
    """The older and the younger cell of each line."""
    return [(older, cell) for cell, others in FROM.items() for older in others]


def _line(older: str, cell: str) -> str:
    (x1, y1), (x2, y2) = _PLACES[older], _PLACES[cell]
    return f'<line x1="{x1}" y1="{y1 + _HALF[1]}" x2="{x2}" y2="{y2 - _HALF[1]}"/>'


def _box(cell: str) -> str:
    (x, y), (across, up) = _PLACES[cell], _HALF
    box = f'<rect class="box" x="{x - across}" y="{y - up}" width="{2 * across}" height="{2 * up}" rx="8"/>'
    return (
        f'{box}<text class="name" x="{x}" y="{y - 3}">{CELL_NAMES[cell]}</text>'
        f'<text class="name" x="{x}" y="{y + 16}">{YEARS[cell]}</text>'
    )
