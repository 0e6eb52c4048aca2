"""The tables of "Shapes of recurrence": nodes and edges, where each stands, and what is lit at a stop of the walk.

Places are shares of the picture: x and y on a wide screen, time from left to right; u and v on a phone, time downwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import one_row
from rnn_dynamics.pictures.shapes.answer import Edge, ShapeAnswer, read_stop

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

_TEXT, _NUMBER, _PLACE = pa.string(), pa.float32(), "xyuvr"
_NODES = pa.schema(
    [(name, _TEXT) for name in ("node", "kind", "text")]
    + [(name, _NUMBER) for name in _PLACE]
    + [(name, pa.bool_()) for name in ("lit", "now")]
)
_EDGES = pa.schema(
    [("source", _TEXT), ("target", _TEXT), ("weights", _TEXT)]
    + [(f"{name}{end}", _NUMBER) for end in (1, 2) for name in _PLACE]
    + [("state", pa.uint8()), ("log10_norm", _NUMBER), ("text", _TEXT), ("way", _TEXT)]
)


def tables(answer: ShapeAnswer, texts: Mapping[str, Any], views: Mapping[str, str]) -> dict[str, pa.Table]:
    """Nodes, edges, whole (such as the ends of the loss and of the colours), and stop: what stands there alone."""
    stop = views["stop"]
    nodes = [_node(answer, node, text, stop) for node, text in texts["nodes"].items()]
    edges = [_edge(answer, edge, text, stop) for edge, text in zip(answer.trace.edges, texts["edges"], strict=True)]
    return {
        "nodes": pa.Table.from_pylist(nodes, _NODES),
        "edges": pa.Table.from_pylist(edges, _EDGES),
        "whole": one_row(
            columns=len(answer.steps) + _AFTER,
            rows=answer.experiment.sequence_length + _BELOW,
            **_loss(answer),
            **_ends(answer),
            cell=answer.experiment.cell,
            claim=texts["claim"],
        ),
        "stop": one_row(lit=read_stop(stop)[0] != "forward", loss=texts["loss"], caption=texts["caption"]),
    }


def _place(answer: ShapeAnswer, node: str) -> dict[str, float]:
    """Where a node stands, and its radius; "L3" is the place of the loss beside y3."""
    kind, across, down = node[0], float(answer.column(node)), float(node[1:])
    lanes = _LANES_WITH_DECODER if answer.shape.has_decoder else _LANES
    return {
        "x": (across or _START) / (len(answer.steps) + _AFTER),
        "y": _LEVELS[kind],
        "u": lanes[kind],
        "v": (down or _START) / (answer.experiment.sequence_length + _BELOW),
        "r": _SMALL if node in _ZEROS or kind == "L" else 1.0,
    }


def _node(answer: ShapeAnswer, node: str, text: str, stop: str) -> dict[str, Any]:
    """Its place, what it is, its text, and whether it is computed, and whether the walk stops at it."""
    at = answer.column(node) == read_stop(stop)[1] and node not in _ZEROS
    kind = "0" if node in _ZEROS else node[0]
    return {"node": node, **_place(answer, node), "kind": kind, "text": text, "lit": answer.lit(node, stop), "now": at}


def _edge(answer: ShapeAnswer, edge: Edge, text: str, stop: str) -> dict[str, Any]:
    """The places of both ends, and what has arrived: no gradient, and no text, before that."""
    ends = (edge.source, f"L{edge.source[1:]}" if edge.target == "L" else edge.target)
    places = [_place(answer, node) for node in ends]
    state, here = answer.state(edge, stop), {"source": edge.source, "target": edge.target, "weights": edge.weights}
    return {
        **here,
        **{f"{name}{end}": value for end, place in enumerate(places, start=1) for name, value in place.items()},
        "state": state,
        "log10_norm": edge.log10_norm if state == 2 and math.isfinite(edge.log10_norm) else None,
        "text": text if state == 2 else "",
        "way": _way(edge, answer.shape.feeds_back),
    }


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


def _loss(answer: ShapeAnswer) -> dict[str, float]:
    """From where to where the loss reaches, on a wide screen and on a phone."""
    beside = [_place(answer, f"L{edge.source[1:]}") for edge in answer.trace.edges if edge.target == "L"]
    across, down = ([place[name] for place in beside] for name in ("x", "v"))
    ends = {"x1": min(across), "x2": max(across), "v1": min(down), "v2": max(down)}
    return {"y": _LEVELS["L"], "u": beside[0]["u"], **ends}


def _ends(answer: ShapeAnswer) -> dict[str, int]:
    """Where the colours end, in whole orders of magnitude."""
    values = [value for value in answer.through.values() if math.isfinite(value)]
    high = math.ceil(max(values, default=0.0))
    return {"low": min(math.floor(min(values, default=0.0)), high - _LEAST_DECADES), "high": high}


def edges(answer: ShapeAnswer, _: Mapping[str, str]) -> pd.DataFrame:
    """Every edge: from, to, weights and log10_norm, −inf where no gradient flows."""
    return pd.DataFrame(
        [(edge.source, edge.target, edge.weights, edge.log10_norm) for edge in answer.trace.edges],
        columns=["from", "to", "weights", "log10_norm"],
    )
