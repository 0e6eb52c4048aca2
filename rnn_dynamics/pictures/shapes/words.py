"""What "Shapes of recurrence" says: titles, what a stop shows, table and notes, from the words in content/."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import exponent, power_of_ten, signed, subscripted, three_digits
from rnn_dynamics.pictures.kit.finding import above
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.shapes.answer import Edge, Matrix, ShapeAnswer, read_stop

Words = Mapping[str, Any]
#: log10 of the ratio from which on gradients are said to differ.
_WORTH_A_NOTE = math.log10(2.0)
#: So many numbers of an output are written out.
_SHOWN = 3


def texts(words: Words, answer: ShapeAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Claim, caption (what the stop shows), loss (what stands in it), nodes (name -> text) and edges (in order)."""
    loss = words["no_loss" if views["stop"].startswith("forward") else "loss"]
    return {
        "claim": words["titles"][_claim(answer)].format(**_says(answer)),
        "caption": _caption(words["steps"], answer, views["stop"]),
        "loss": loss.format(loss=three_digits(answer.trace.loss)),
        "nodes": {node: "0" if node in ("h0", "y0") else subscripted(node) for node in answer.trace.log10_norms},
        "edges": [exponent(edge.log10_norm) for edge in answer.trace.edges],
    }


def finding(words: Words, answer: ShapeAnswer, views: Mapping[str, str]) -> str:
    """The shape, its parameters, each matrix, and the notes, as HTML; the same at every stop."""
    shape = words["finding"][answer.trace.shape].format(**_says(answer))
    parameters = words["parameters"][_kind_of_count(answer)].format(**_counts(answer))
    rows = (_row(words["table"], matrix) for matrix in answer.matrices)
    return above(shape, parameters) + as_html(words["table"]["head"], rows, _notes(words["notes"], answer))


def _claim(answer: ShapeAnswer) -> str:
    """Which title is true."""
    shape, single, through = answer.trace.shape, answer.experiment.sequence_length == 1, answer.through
    if answer.shape.has_decoder:
        first = through["h1", "s1" if single else "h2"]  # of the LSTM, c's part too
        return "encoder_decoder" if math.isfinite(first) else "encoder_decoder_nothing"
    if single:
        return "one_to_one" if shape == "one-to-one" else "single"
    if shape == "aligned":
        return f"aligned_{_own_or_later(answer)}"
    return f"many_to_one_{_fate(answer)}" if shape == "many-to-one" else "one_to_many"


def _own_or_later(answer: ShapeAnswer) -> str:
    """Whether the first state receives more from its own output, or from the later ones."""
    own, later = answer.through["h1", "y1"], answer.through["h1", "h2"]
    return "alike" if power_of_ten(own) == power_of_ten(later) else "near" if own > later else "far"


def _fate(answer: ShapeAnswer) -> str:
    """What becomes of the error on its way back."""
    left = answer.log10_left
    if not math.isfinite(left):
        return "nothing"
    if power_of_ten(left) == "1":
        return "holds"
    return ("grows" if left > 0.0 else "shrinks") + ("_one" if answer.experiment.sequence_length == 2 else "")


def _says(answer: ShapeAnswer) -> dict[str, Any]:
    last, norms, through = answer.experiment.sequence_length, answer.trace.log10_norms, answer.through
    edges = {"own": ("h1", "y1"), "later": ("h1", "h2"), "fed_back": ("y1", "h2"), "bottleneck": (f"h{last}", "s1")}
    return {
        "last": subscripted(f"h{last}"),
        "last_output": subscripted(f"y{last}"),
        "back": last - 1,
        "outputs": len(answer.trace.outputs),
        "share": power_of_ten(answer.log10_left),
        "factor": power_of_ten(answer.log10_left / max(1, last - 1)),
        "input": power_of_ten(norms["x1"]),
        "layer": power_of_ten(norms["x1"] - norms["h1"] if math.isfinite(norms["h1"]) else math.nan),
        **{name: power_of_ten(through.get(ends, math.nan)) for name, ends in edges.items()},
    }


def _caption(words: Words, answer: ShapeAnswer, stop: str) -> str:
    """What a stop shows, in numbers."""
    way, place = read_stop(stop)
    if not place:
        return str(words[way].format(loss=three_digits(answer.trace.loss)))
    step, norms, through = answer.steps[place - 1], answer.trace.log10_norms, answer.through
    says = {
        **{name: subscripted(getattr(step, name)) for name in ("state", "before", "source", "output")},
        "norm": three_digits(answer.norm_of_state(place)),
        "gradient": power_of_ten(norms[step.state]),
        "to_source": power_of_ten(through[step.source, step.state]),
        "to_before": power_of_ten(through[step.before, step.state]),
    }
    if step.output and way == "forward":
        way, says["values"] = "forward_output", _first_of(answer.output_of(place).tolist())
    return str(words[way].format(**says))


def _first_of(values: list[float]) -> str:
    return ", ".join([*(signed(value, 2) for value in values[:_SHOWN]), *(["…"] if len(values) > _SHOWN else [])])


def _kind_of_count(answer: ShapeAnswer) -> str:
    """Which sentence on the parameters is true."""
    if answer.trace.shape == "one-to-one":
        return "alone"
    return ("two_cells" if answer.shape.has_decoder else "one_cell") + "_one" * (answer.experiment.sequence_length == 1)


def _counts(answer: ShapeAnswer) -> dict[str, Any]:
    experiment, trace = answer.experiment, answer.trace
    return {
        "count": f"{trace.parameter_count:,}",
        "gates": answer.cell.blocks,
        "hidden": experiment.hidden_size,
        "input_size": experiment.input_size,
        "output_size": len(trace.parameters["readout"]),
        "length": experiment.sequence_length,
        "steps": len(answer.steps),
        "unshared": f"{answer.unshared:,}",
        "recurrent": f"{trace.parameters['weight_hh_l0'].size:,}",
        "forward": f"{answer.multiply_adds:,}",
    }


def _row(words: Words, matrix: Matrix) -> str:
    """A matrix, with the extremes of the edges that carry it."""
    letter, kind = matrix.name.split("_")
    largest, smallest = matrix.edges[0], matrix.edges[-1]
    return str(
        words["row"].format(
            letter=letter,
            kind=kind,
            name=words["names"][kind],
            rows=matrix.shape[0],
            columns=matrix.shape[1],
            uses=counted(words["edges"], len(matrix.edges)),
            largest=power_of_ten(largest.log10_norm),
            largest_at=_name(largest),
            smallest=power_of_ten(smallest.log10_norm),
            smallest_at=_name(smallest),
            gradient=power_of_ten(matrix.log10_gradient),
        )
    )


def _name(edge: Edge) -> str:
    return f"{subscripted(edge.source)} → {subscripted(edge.target)}"


def _notes(words: Words, answer: ShapeAnswer) -> Iterator[str]:
    cell, edges = answer.cell, next(one.edges for one in answer.matrices if one.name == "W_hh")
    orders = edges[0].log10_norm - edges[-1].log10_norm
    if math.isfinite(orders) and orders > _WORTH_A_NOTE:
        yield words["shared"].format(uses=len(edges), matrix="W<sub>hh</sub>", ratio=power_of_ten(orders))
    if cell.gates:
        yield words["gated_cell" if len(cell.components) > 1 else "gated"]
    yield words["cost" if len(answer.steps) > 1 else "cost_one"].format(**_counts(answer))
