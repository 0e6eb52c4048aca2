"""The tables of "Shapes of recurrence": nodes and edges, where each stands, and what is lit at a stop of the walk.

On a wide screen, time from left to right, x is in steps and y a share of the height; on a phone, time downwards, u is a
share of the width and v in steps.
"""

import math
from collections.abc import Sequence

import numpy as np

from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, one_row, points
from rnn_dynamics.pictures.shapes.answer import ZEROS, ShapeAnswer, read_stop

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
#: The radius of what is 0 for good, in those of other nodes.
_SMALL = 0.6


def tables(answer: ShapeAnswer, texts: Texts, views: Views) -> Tables:
    """Nodes, edges, whole (such as the size in steps, and whether outputs are read again), and stop: what stands there.

    A node has its place, what it is, its text, and whether it is computed (lit) and the walk stops at it (now); an edge
    the places of both ends, and what has arrived: no gradient, and no text, before that.
    """
    stop, nodes, edges = views["stop"], list(texts["nodes"]), answer.trace.edges
    norms = np.array([edge.log10_norm for edge in edges])
    finite = norms[np.isfinite(norms)]  # into the loss there flows some gradient at any rate
    high = math.ceil(finite.max())
    # Into the loss an edge leads beside its output.
    ends = [f"L{edge.source[1:]}" if edge.target == "L" else edge.target for edge in edges]
    states, here = np.array([answer.state(end, stop) for end in ends]), read_stop(stop)[1]
    return {
        "nodes": points(
            node=nodes,
            **_places(answer, nodes),
            kind=["0" if node in ZEROS else node[0] for node in nodes],
            text=list(texts["nodes"].values()),
            lit=[answer.state(node, stop) > 0 for node in nodes],
            now=[answer.column(node) == here and node not in ZEROS for node in nodes],
        ),
        "edges": points(
            **{name: [getattr(edge, name) for edge in edges] for name in ("source", "target", "weights")},
            state=states,
            log10_norm=np.where(states == 2, norms, np.nan),
            text=np.where(states == 2, texts["edges"], ""),
            **_places(answer, [edge.source for edge in edges], "1"),
            **_places(answer, ends, "2"),
        ),
        "whole": one_row(
            columns=len(answer.steps) + _AFTER,
            rows=answer.experiment.sequence_length + _BELOW,
            low=min(math.floor(finite.min()), high - _LEAST_DECADES),
            high=high,
            cell=answer.experiment.cell,
            claim=texts["claim"],
            again=answer.shape.feeds_back,
        ),
        "stop": one_row(lit=answer.state("L1", stop) > 0, loss=texts["loss"], caption=texts["caption"]),
    }


def _places(answer: ShapeAnswer, nodes: Sequence[str], end: str = "") -> dict[str, list[float]]:
    """Where nodes stand, and their radii, as columns x, y, u, v and r; "L3" is the place of the loss beside y3."""
    lanes = _LANES_WITH_DECODER if answer.shape.has_decoder else _LANES
    return {
        f"x{end}": [answer.column(node) or _START for node in nodes],
        f"y{end}": [_LEVELS[node[0]] for node in nodes],
        f"u{end}": [lanes[node[0]] for node in nodes],
        f"v{end}": [int(node[1:]) or _START for node in nodes],
        f"r{end}": [_SMALL if node in ZEROS or node[0] == "L" else 1.0 for node in nodes],
    }


def edges_file(answer: ShapeAnswer, _: Views) -> Frame:
    """Every edge: from, to, weights and log10_norm, −inf where no gradient flows."""
    return Frame(answer.trace.edges).rename(columns={"source": "from", "target": "to"})
