"""What "Shapes of recurrence" says: titles, what a stop shows, table and notes, from the words in content/."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.content.numbers import exponent, power_of_ten, subscripted, two_decimals
from rnn_dynamics.pictures.kit.finding import Words, above, first, said
from rnn_dynamics.pictures.shapes.answer import Matrix, ShapeAnswer, read_stop

#: log10 of the ratio from which on gradients are said to differ.
_WORTH_A_NOTE = math.log10(2.0)
#: So many numbers of an output are written out.
_SHOWN = 3


def texts(words: Words, answer: ShapeAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Claim, caption (what the stop shows), loss (what stands in it), nodes (name -> text) and edges (in order)."""
    says, loss = _says(answer), words["no_loss" if views["stop"].startswith("forward") else "loss"]
    return {
        "claim": words["titles"][_claim(answer)].format_map(says),
        "caption": _caption(words["steps"], answer, views["stop"], says),
        "loss": loss.format_map(says),
        "nodes": {node: "0" if node in ("h0", "y0") else subscripted(node) for node in answer.trace.log10_norms},
        "edges": [exponent(edge.log10_norm) for edge in answer.trace.edges],
    }


def finding(words: Words, answer: ShapeAnswer, _: Mapping[str, str]) -> str:
    """The shape, its parameters, each matrix, and the notes, as HTML; the same at every stop."""
    says, single = _says(answer), answer.experiment.sequence_length == 1
    cells = ("two_cells" if answer.shape.has_decoder else "one_cell") + "_one" * single
    shape = words["finding"][answer.trace.shape].format_map(says)
    parameters = words["parameters"]["alone" if answer.trace.shape == "one-to-one" else cells].format_map(says)
    rows = (_row(words["table"], matrix) for matrix in answer.matrices)
    return above(shape, parameters) + said(words, says, rows, _notes(answer))


def _says(answer: ShapeAnswer) -> Says:
    last, norms, through = answer.experiment.sequence_length, answer.trace.log10_norms, answer.through
    edges = {"own": ("h1", "y1"), "later": ("h1", "h2"), "fed_back": ("y1", "h2"), "bottleneck": (f"h{last}", "s1")}
    return Says(
        answer,
        back=last - 1,
        factor=answer.log10_left / max(1, last - 1),
        layer=norms["x1"] - norms["h1"] if math.isfinite(norms["h1"]) else math.nan,
        outputs=len(answer.trace.outputs),
        steps=len(answer.steps),
        uses=len(answer.recurrent.edges),
        ratio=_ratio(answer.recurrent),
        **{name: through.get(ends, math.nan) for name, ends in edges.items()},
    )


def _ratio(matrix: Matrix) -> float:
    """log10 of the largest over the smallest gradient of its edges."""
    return matrix.edges[0].log10_norm - matrix.edges[-1].log10_norm


def _claim(answer: ShapeAnswer) -> str:
    """Which title is true."""
    shape, single, through = answer.trace.shape, answer.experiment.sequence_length == 1, answer.through
    if answer.shape.has_decoder:
        into = through["h1", "s1" if single else "h2"]  # of the LSTM, c's part too
        return "encoder_decoder" if math.isfinite(into) else "encoder_decoder_nothing"
    if single:
        return "one_to_one" if shape == "one-to-one" else "single"
    if shape == "aligned":
        return f"aligned_{_own_or_later(answer)}"
    return f"many_to_one_{_fate(answer)}" if shape == "many-to-one" else "one_to_many"


def _own_or_later(answer: ShapeAnswer) -> str:
    """Whether the first state receives more from its own output, or from the later ones."""
    own, later = answer.through["h1", "y1"], answer.through["h1", "h2"]
    return first(alike=power_of_ten(own) == power_of_ten(later), near=own > later, far=True)


def _fate(answer: ShapeAnswer) -> str:
    """What becomes of the error on its way back."""
    left, one = answer.log10_left, "_one" * (answer.experiment.sequence_length == 2)
    changes = f"{'grows' if left > 0.0 else 'shrinks'}{one}"
    return first(nothing=not math.isfinite(left), holds=power_of_ten(left) == "1", **{changes: True})


def _caption(words: Words, answer: ShapeAnswer, stop: str, says: Says) -> str:
    """What a stop shows, in numbers."""
    way, place = read_stop(stop)
    if not place:
        return str(words[way].format_map(says))
    step, through, written = answer.steps[place - 1], answer.through, {}
    if step.output and way == "forward":
        way, written = "forward_output", {"values": _first_of(answer.output_of(place).tolist())}
    at_step = {
        "step": step,
        "norm": answer.norm_of_state(place),
        "gradient": answer.trace.log10_norms[step.state],
        "to_source": through[step.source, step.state],
        "to_before": through[step.before, step.state],
    }
    return str(words[way].format_map(at_step | written))


def _first_of(values: list[float]) -> str:
    return ", ".join([*map(two_decimals, values[:_SHOWN]), *["…"] * (len(values) > _SHOWN)])


def _row(words: Words, matrix: Matrix) -> dict[str, Any]:
    """A matrix, with the extremes of the edges that carry it."""
    letter, kind = matrix.name.split("_")
    return {
        "matrix": matrix,
        "letter": letter,
        "kind": kind,
        "name": words["names"][kind],
        "uses": len(matrix.edges),
        "largest": matrix.edges[0],
        "smallest": matrix.edges[-1],
    }


def _notes(answer: ShapeAnswer) -> dict[str, object]:
    cell, ratio = answer.cell, _ratio(answer.recurrent)
    return {
        "shared": math.isfinite(ratio) and ratio > _WORTH_A_NOTE,
        "gated_cell" if len(cell.components) > 1 else "gated": cell.gates,
        "cost" if len(answer.steps) > 1 else "cost_one": True,
    }
