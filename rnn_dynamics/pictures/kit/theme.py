"""Colours, dashes and type of every picture: one cell has one colour and one dash everywhere, on light and on dark."""

from dataclasses import dataclass
from typing import Any, Literal
from unicodedata import east_asian_width

from rnn_dynamics.engine.cells import CELLS

Background = Literal["light", "dark"]

#: The dash of a line without gaps. With [1, 0] a browser draws a thousand pieces: 12 of the 65 ms of a press on "Which
#: loss", without a GPU.
SOLID: list[int] = []
#: The cells in the order of their colours; a legend names them like this.
CELL_NAMES = {cell.name: cell.short for cell in CELLS.values()}
#: A dash and a shape for each, so that no reader depends on colour.
CELL_DASHES = dict(
    zip(
        CELL_NAMES,
        (
            [7, 4],
            [9, 3, 2, 3],
            SOLID,
            [2, 3],
            [12, 3, 2, 3, 2, 3],
            [4, 2],
            [9, 2, 2, 2],
            [16, 3],
            [16, 3, 2, 3],
            [2, 6],
        ),
        strict=False,
    )
)
CELL_SHAPES = dict(
    zip(
        CELL_NAMES,
        (
            *("square", "diamond", "circle", "triangle-up", "cross"),
            *("triangle-down", "triangle-right", "triangle-left", "M-1,-1H1L-1,1H1Z", "M-1,-1V1L1,-1V1Z"),
        ),
        strict=False,
    )
)
#: The same for kinds of clipping; their colours are of `Theme.clippings`.
CLIPPING_DASHES = {"none": SOLID, "norm": [9, 5], "value": [2, 3]}
CLIPPING_SHAPES = {"none": "cross", "norm": "circle", "value": "square"}


def is_wide(letter: str) -> bool:
    """Whether it is a letter of East Asia, which is as wide as two."""
    return east_asian_width(letter) in "WF"


def width_of(text: str) -> int:
    """How wide a text is, in letters."""
    return sum(1 + is_wide(letter) for letter in text)


def _gate_dashes() -> dict[str, list[int]]:
    """The gate that keeps the state is solid; what is signed is no gate."""
    dashes: dict[str, list[int]] = {}
    for cell in CELLS.values():
        others = (gate for gate in cell.gates if gate not in (cell.keeps, *cell.signed))
        dashes |= dict(zip(others, ([7, 4], [2, 3], [12, 3, 2, 3]), strict=False))
    return dashes | {cell.keeps: SOLID for cell in CELLS.values() if cell.keeps}


#: Gate -> its dash.
GATE_DASHES = _gate_dashes()


@dataclass(frozen=True)
class Theme:
    """Colours on one background. `palette`: of the cells, in their order."""

    palette: tuple[str, ...]
    text: str
    quiet: str
    line: str
    panel: str
    horizon: str

    @property
    def cells(self) -> dict[str, str]:
        """Cell -> its colour."""
        return dict(zip(CELL_NAMES, self.palette, strict=False))

    @property
    def clippings(self) -> dict[str, str]:
        """Kind of clipping -> its colour."""
        return dict(zip(CLIPPING_DASHES, (self.palette[0], *self.palette[2:]), strict=False))


#: The map's colours on both backgrounds: blue below, orange above, equally light on both sides. The inner two are
#: almost grey, because a mixture of more coloured ones runs through pink.
DIVERGING = (
    *("#004885", "#276cb2", "#5b93d0", "#98b9df", "#d9dfe5"),
    *("#e2ddd7", "#dfa97e", "#cc763c", "#a74c14", "#74310c"),
)  # fmt: skip

#: The colours of a value from its smallest to its largest: cividis (Nuñez, Anderton & Renslow 2018), made to look the
#: same to readers with and without a weakness in red or green. Its middle is grey, so it serves a signed value too.
SEQUENTIAL = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")

#: A grey map on which coloured lines are drawn: nothing, and as much as there is.
HEIGHTS: dict[Background, tuple[str, str]] = {"light": ("#ffffff", "#a9b4c2"), "dark": ("#12161c", "#56647a")}

THEMES: dict[Background, Theme] = {
    "light": Theme(
        ("#bf4400", "#7d3c98", "#0059a5", "#0e7f61", "#806000", "#a3005a", "#577500", "#4b2ee0", "#00708a", "#7a3b2e"),
        "#12161c",
        "#4d5866",
        "#c3cad3",
        "#ffffff",
        "#12161c",
    ),
    "dark": Theme(
        ("#f08040", "#d3a6f2", "#7db8fa", "#62e0ba", "#e6c34a", "#ff9cc2", "#b5d334", "#8f86ff", "#3fd0ee", "#f4b6a0"),
        "#eef1f5",
        "#aeb8c5",
        "#465262",
        "#12161c",
        "#12161c",
    ),
}


#: The size of the pages' type to which the sizes in all pictures belong, in pixels.
BASE_SIZE = 17
#: What grows with the type of a specification: the type itself, and its distances from what it names.
_SIZES = frozenset(("fontSize", "labelFontSize", "titleFontSize", "dx", "dy", "limit", "titleLimit", "padding"))


@dataclass
class Type:
    """How much larger than BASE_SIZE the pages of this process are set."""

    zoom: float = 1.0


#: The app sets it before its first page; it is the same for all visitors of a server.
TYPE = Type()


def enlarged(part: Any, zoom: float) -> Any:
    """A specification whose type is so many times larger."""
    if isinstance(part, dict):
        return {key: (_larger if key in _SIZES else enlarged)(value, zoom) for key, value in part.items()}
    return [enlarged(value, zoom) for value in part] if isinstance(part, list) else part


def _larger(size: Any, zoom: float) -> Any:
    if isinstance(size, dict):
        return {key: f"({value}) * {zoom:g}" if key == "expr" else _larger(value, zoom) for key, value in size.items()}
    return size * zoom


def config(theme: Theme) -> dict[str, Any]:
    """Vega-Lite settings that all pictures share; sizes are for the back row of a hall."""
    text = {"labelColor": theme.quiet, "labelFontSize": 14, "titleColor": theme.text, "titleFontSize": 15}
    text |= {"titleFontWeight": "normal"}
    return {
        "axis": {**text, "grid": False, "domainColor": theme.line, "tickColor": theme.line},
        "legend": text,
        "view": {"stroke": None},
        "mark": {"aria": False, "tooltip": None},
        "text": {"color": theme.text},
        "rule": {"color": theme.text},
        "point": {"filled": True, "opacity": 1},
        "line": {"order": None},  # rows come in the order of the line
        "area": {"order": None},
    }
