"""What an Elman and what a Jordan network is fed back: both unrolled over three steps, side by side, as HTML."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

#: Cell -> its equations, in the letters of its docstring.
EQUATIONS = {
    "elman": "aₜ = W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh",
    "jordan": "aₜ = W_ih xₜ + b_ih + W_hh yₜ₋₁ + b_hh",
}
#: What both share.
SHARED = "hₜ = tanh(aₜ), yₜ = W_ho hₜ"
#: Height of each kind of node, and how far steps are apart, in pixels.
_LEVELS, _PACE, _RADIUS = {"y": 40, "h": 130, "x": 220}, 120, 20
_STEPS = (1, 2, 3)
#: A picture has no colours of the page, whose theme may be dark, so it has a background of its own.
_STYLE = (
    "text{font:14px sans-serif;fill:#12161c}.name{font-size:16px;text-anchor:middle}circle{fill:none;stroke:#12161c;"
    "stroke-width:1.5}line{stroke:#5b6573;stroke-dasharray:5 4;marker-end:url(#tip)}"
    ".way{stroke:#c2500a;stroke-dasharray:none;stroke-width:5}"
)
_TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="13" markerHeight="13" orient="auto"'
    ' markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z" fill="#12161c"/></marker>'
)
#: What an address within quotation marks may hold as it is, which is shorter than base64.
_AS_THEY_ARE = " '=:;,./()"
Edge = tuple[str, str]


def edges(cell: str) -> dict[Edge, str]:
    """The edges of three steps, each with its matrix: "h1" → "y1" and so on."""
    source = "h" if cell == "elman" else "y"
    within = {(f"x{t}", f"h{t}"): "W_ih" for t in _STEPS} | {(f"h{t}", f"y{t}"): "W_ho" for t in _STEPS}
    return within | {(f"{source}{t}", f"h{t + 1}"): "W_hh" for t in _STEPS[:-1]}


def gradient_way(cell: str) -> list[Edge]:
    """The edges through which the loss of the last output reaches the first input, from there backwards."""
    way, node = [], "y3"
    while node != "x1":
        into = [edge for edge in edges(cell) if edge[1] == node]
        way.append(min(into, key=lambda edge: (edge[0][0] == "x" and edge[0] != "x1", edge[0])))
        node = way[-1][0]
    return way


def side_by_side(words: Mapping[str, str]) -> str:
    """Both networks; `words` has head, note, and of each its name and what the picture shows."""
    figures = "".join(_figure(cell, words) for cell in EQUATIONS)
    return f'<h2>{words["head"]}</h2><div class="feedback">{figures}</div><p class="note">{words["note"]}</p>'


def picture(cell: str) -> str:
    """One of them as SVG."""
    nodes = [f"{kind}{t}" for kind in "xhy" for t in _STEPS]
    drawn = "".join([*(_line(edge, cell) for edge in edges(cell)), *map(_node, nodes)])
    return sheet(360, 260, drawn)


def sheet(width: int, height: int, drawn: str) -> str:
    """A drawing of so many pixels as SVG, on a ground of its own."""
    ground = f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>'
    inside = f"<style>{_STYLE}</style>{_TIP}{ground}{drawn}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{inside}</svg>'


def figure(drawn: str, alt: str, caption: str = "") -> str:
    """SVG as HTML, with what it shows in words; as an image, for Streamlit takes SVG out of HTML."""
    source = "data:image/svg+xml," + quote(drawn.replace('"', "'"), safe=_AS_THEY_ARE)
    return f'<figure>{caption}<img src="{source}" alt="{escape(alt)}"></figure>'


def _figure(cell: str, words: Mapping[str, str]) -> str:
    caption = f"<figcaption><b>{words[cell]}</b><br>{EQUATIONS[cell]}<br>{SHARED}</figcaption>"
    return figure(picture(cell), words[f"{cell}_alt"], caption)


def _place(node: str) -> tuple[int, int]:
    return _PACE * int(node[1]) - _PACE // 2, _LEVELS[node[0]]


def _line(edge: Edge, cell: str) -> str:
    (x1, y1), (x2, y2) = map(_place, edge)
    far = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    dx, dy = _RADIUS * (x2 - x1) / far, _RADIUS * (y2 - y1) / far
    way = ' class="way"' if edge in gradient_way(cell) else ""
    line = f'<line{way} x1="{x1 + dx:.0f}" y1="{y1 + dy:.0f}" x2="{x2 - dx:.0f}" y2="{y2 - dy:.0f}"/>'
    aside = (8, 4) if x1 == x2 else (-16, -10) if y1 == y2 else (-34, 32)
    return (
        f'{line}<text x="{(x1 + x2) / 2 + aside[0]:.0f}" y="{(y1 + y2) / 2 + aside[1]:.0f}">{edges(cell)[edge]}</text>'
    )


def _node(name: str) -> str:
    x, y = _place(name)
    letter = f'{name[0]}<tspan dy="4" font-size="11">{name[1]}</tspan>'
    return f'<circle cx="{x}" cy="{y}" r="{_RADIUS}"/><text class="name" x="{x}" y="{y + 5}">{letter}</text>'
