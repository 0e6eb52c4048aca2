"""The datasets of the picture "Shapes of recurrence": nodes and edges, where each stands, and what is lit at a step.

Places are shares of the picture: x and y on a wide screen, time from left to right; u and v on a phone, time downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.engine.trace import Edge, ShapeTrace
from rnn_dynamics.pictures.kit.frames import arrow_bytes, hundredths

#: The whole picture, and the player's stop between forwards and backwards.
ALL, LOSS = "all", "loss"
#: How far the picture goes on after its last column, in columns, and on a phone, with the legend, in rows.
_AFTER, _BELOW = 0.45, 0.85
#: Where h0 and the start symbol stand, in steps.
_START = 0.3
#: Heights of inputs, states, outputs and loss on a wide screen.
_LEVELS = {"x": 0.86, "h": 0.595, "s": 0.595, "y": 0.27, "L": 0.04}
#: The same lanes on a phone, from left to right; with a decoder, and without one.
_LANES = {"x": 0.09, "h": 0.38, "y": 0.67, "L": 0.94}
_LANES_WITH_DECODER = {"x": 0.06, "h": 0.28, "s": 0.52, "y": 0.75, "L": 0.95}
#: The colours reach at least over so many orders of magnitude.
_LEAST_DECADES = 2
#: What is 0 for good, and its radius in those of other nodes.
_ZEROS = ("h0", "y0")
_SMALL = 0.6
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def positions(steps: int) -> tuple[str, ...]:
    """The stops of the step player for so many steps: the whole picture, forwards, the loss, backwards."""
    forwards = tuple(f"forward {step}" for step in range(1, steps + 1))
    return (ALL, *forwards, LOSS, *(f"back {step}" for step in range(steps, 0, -1)))


def subscripted(node: str) -> str:
    """A node's name as a reader knows it: h₃."""
    return node.translate(_SUBSCRIPT)


@dataclass(frozen=True, kw_only=True)
class ShapePicture:
    """What the picture shows.

    Attributes:
        trace: the answer.
        position: one of `positions`.
        colour: of the cell.
        titles: the claim, what the position shows, and what stands in the loss; a phone breaks a line at each "¦".
    """

    trace: ShapeTrace
    position: str
    colour: str
    titles: dict[str, str]

    @property
    def length(self) -> int:
        """T."""
        return self.trace.experiment.sequence_length

    @cached_property
    def steps(self) -> int:
        """S, the columns."""
        return len(self.trace.hidden_states) - 1

    @cached_property
    def has_decoder(self) -> bool:
        """Whether there are two cells."""
        return self.steps > self.length

    @property
    def at(self) -> int:
        """The step at which the player stands, 0 where it stands at none."""
        return int(self.position.split()[1]) if " " in self.position else 0

    def step_of(self, node: str) -> int:
        """The column to which a node belongs, from 1; 0 of what is there before the first."""
        return int(node[1:]) + self.length * (self.has_decoder and node[0] in "syL")

    def step_of_edge(self, edge: Edge) -> int:
        """The column whose forward step computes an edge."""
        return self.step_of(edge.source if edge.target == "L" else edge.target)

    def lit(self, node: str) -> bool:
        """Whether a node has its value yet."""
        forward = self.position.startswith("forward")
        return not forward or self.step_of(node) <= self.at

    def state(self, edge: Edge) -> int:
        """0: not computed yet; 1: computed; 2: its gradient has arrived."""
        step = self.step_of_edge(edge)
        if self.position == ALL or (self.position.startswith("back") and step >= self.at):
            return 2
        return int(
            self.position.startswith("back") or self.position == LOSS or (edge.target != "L" and step <= self.at)
        )

    def place(self, node: str) -> dict[str, float]:
        """Where a node stands, and its radius; "L3" is the place of the loss beside y3."""
        kind, across, down = node[0], float(self.step_of(node)), float(node[1:])
        lanes = _LANES_WITH_DECODER if self.has_decoder else _LANES
        return {
            "x": (across or _START) / (self.steps + _AFTER),
            "y": _LEVELS[kind],
            "u": lanes[kind],
            "v": (down or _START) / (self.length + _BELOW),
            "r": _SMALL if node in _ZEROS or kind == "L" else 1.0,
        }


def shape_datasets(picture: ShapePicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {"nodes": node_rows(picture), "edges": edge_rows(picture), "whole": whole_row(picture)}
    return {name: arrow_bytes(_narrowed(table)) for name, table in tables.items()}


def _narrowed(table: pa.Table) -> pa.Table:
    """The same with no more digits than a picture has."""
    smaller = {pa.float64(): pa.float32(), pa.int64(): pa.int32()}
    return table.cast(pa.schema([field.with_type(smaller.get(field.type, field.type)) for field in table.schema]))


def node_rows(picture: ShapePicture) -> pa.Table:
    """One row per node but the loss: place (x, y; u, v; r), kind, text, lit, and now: whether the player is at it."""
    rows = [
        {
            **picture.place(node),
            "kind": "0" if node in _ZEROS else node[0],
            "text": "0" if node in _ZEROS else subscripted(node),
            "lit": picture.lit(node),
            "now": bool(picture.at) and picture.step_of(node) == picture.at and node not in _ZEROS,
        }
        for node in picture.trace.log10_norms
    ]
    return pa.Table.from_pylist(rows)


def edge_rows(picture: ShapePicture) -> pa.Table:
    """One row per edge.

    Columns x1, y1, u1, v1, r1 and x2 .. r2: place and radius of its ends; weights; state as in `ShapePicture.state`;
    value: of its gradient, in hundredths of an order of magnitude, null where there is none; text: the same in words;
    way: what else runs beside it, see `_way`.
    """
    rows: list[dict[str, object]] = []
    feeds_back = any(edge.source[0] == "y" and edge.target != "L" for edge in picture.trace.edges)
    for edge in picture.trace.edges:
        ends = (edge.source, f"L{edge.source[1:]}" if edge.target == "L" else edge.target)
        places = {
            f"{name}{end}": value for end, node in enumerate(ends, 1) for name, value in picture.place(node).items()
        }
        shown = picture.state(edge) == 2
        finite = shown and np.isfinite(edge.log10_norm)
        rows.append(
            places
            | {
                "weights": edge.weights,
                "state": picture.state(edge),
                "value": int(hundredths(np.array(edge.log10_norm))) if finite else None,
                "text": _log10(edge.log10_norm) if shown else "",
                "way": _way(edge, feeds_back),
            }
        )
    values = pa.array([row["value"] for row in rows], pa.int64())  # a column of nothing but null has no type
    table = pa.Table.from_pylist(rows)
    return table.set_column(table.schema.get_field_index("value"), "value", values)


def _way(edge: Edge, feeds_back: bool) -> str:
    """Which other edges are in the way of an edge's texts.

    "back" is fed back, "up" has such edges on both sides, "bridge" leads from the encoder to the decoder, on a phone
    past the texts of all others; "" has room.
    """
    if edge.target == "L" or not feeds_back:
        return ""
    if edge.source[0] == "y":
        return "back"
    return "up" if edge.target[0] == "y" else "bridge" if edge.source[0] + edge.target[0] == "hs" else ""


def whole_row(picture: ShapePicture) -> pa.Table:
    """What holds for the whole picture, in one row: columns and rows, ends of the loss, ends of the colours, titles."""
    beside = [picture.place(f"L{edge.source[1:]}") for edge in picture.trace.edges if edge.target == "L"]
    values = [edge.log10_norm for edge in picture.trace.edges if np.isfinite(edge.log10_norm)]
    high = int(np.ceil(max(values, default=0.0)))
    low = min(int(np.floor(min(values, default=0.0))), high - _LEAST_DECADES)
    return pa.table(
        {
            "columns": [picture.steps + _AFTER],
            "rows": [picture.length + _BELOW],
            "x1": [min(place["x"] for place in beside)],
            "x2": [max(place["x"] for place in beside)],
            "y": [_LEVELS["L"]],
            "v1": [min(place["v"] for place in beside)],
            "v2": [max(place["v"] for place in beside)],
            "u": [beside[0]["u"]],
            "lit": [not picture.position.startswith("forward")],
            "low": [100 * low],
            "high": [100 * high],
            "colour": [picture.colour],
            **{name: [title] for name, title in picture.titles.items()},
        }
    )


def _log10(value: float) -> str:
    """A logarithm, one decimal where it is short."""
    if not np.isfinite(value):
        return "−∞"
    return f"{value:z.1f}".replace("-", "−") if abs(value) < 9.95 else f"{value:.0f}".replace("-", "−")


def edge_table(edges: tuple[Edge, ...]) -> pd.DataFrame:
    """The edges as a tidy frame: columns from, to, weights, log10_norm; -inf where no gradient flows."""
    return pd.DataFrame(
        [(edge.source, edge.target, edge.weights, edge.log10_norm) for edge in edges],
        columns=["from", "to", "weights", "log10_norm"],
    )
