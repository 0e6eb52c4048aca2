"""The finding of the page "Shapes of recurrence" as HTML: the shape, the parameter count, each matrix, the notes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.trace import Edge, ShapeTrace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.shapes.answer import PAGE, numbers_of, shape_answer
from rnn_dynamics.pictures.shapes.table import subscripted

#: Gradients that differ by less than twice are called alike.
_WORTH_A_NOTE = float(np.log10(2.0))
#: Kind of matrix -> its name among the parameters.
_PARAMETERS = {"ih": "weight_ih_l0", "hh": "weight_hh_l0", "hy": "readout"}


@lru_cache(maxsize=256)
def shape_finding(experiment: Experiment, shape: str) -> str:
    """What the picture says, in words and numbers; the same at every step of the player."""
    trace = shape_answer(experiment, shape)
    words = sentences(PAGE)
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(trace))
    return (
        f'<p class="equation">{words["finding"][shape].format(**numbers_of(trace))}</p>'
        f'<p class="equation">{_parameters(trace)}</p><div style="overflow-x: auto">'
        f'<table class="verdict">{words["table"]["head"]}{"".join(_rows(trace))}</table></div>{notes}'
    )


def _parameters(trace: ShapeTrace) -> str:
    """The parameter count and where it comes from."""
    experiment, readout = trace.experiment, trace.parameters["readout"]
    cells = 2 if trace.shape == "encoder-decoder" else 1
    cell = (trace.parameter_count - readout.size) // cells
    steps = len(trace.hidden_states) - 1
    kind = "two_cells" if cells > 1 else "one_cell"
    kind = "alone" if trace.shape == "one-to-one" else f"{kind}_one" if trace.experiment.sequence_length == 1 else kind
    return str(
        sentences(PAGE)["parameters"][kind].format(
            count=f"{trace.parameter_count:,}",
            gates=CELLS[experiment.cell].blocks,
            hidden=experiment.hidden_size,
            input_size=experiment.input_size,
            output_size=len(readout),
            length=experiment.sequence_length,
            steps=steps,
            unshared=f"{steps * cell + len(trace.outputs) * readout.size:,}",
            recurrent=f"{trace.parameters['weight_hh_l0'].size:,}",
        )
    )


def _rows(trace: ShapeTrace) -> Iterator[str]:
    """Each matrix, with the edges that carry it."""
    words = sentences(PAGE)["table"]
    for matrix, edges in _by_matrix(trace).items():
        letter, kind = matrix.split("_")
        name = ("decoder." if letter == "V" and kind != "hy" else "") + _PARAMETERS[kind]
        rows, columns = trace.parameters[name].shape
        largest, smallest = edges[0], edges[-1]
        with np.errstate(divide="ignore"):
            gradient = float(np.log10(np.linalg.norm(trace.gradients[name])))
        yield words["row"].format(
            letter=letter,
            kind=kind,
            name=words["names"][kind],
            rows=rows,
            columns=columns,
            uses=words["edges"].format(count=len(edges)) if len(edges) > 1 else words["edge"],
            largest=power_of_ten(largest.log10_norm),
            largest_at=_name(largest),
            smallest=power_of_ten(smallest.log10_norm),
            smallest_at=_name(smallest),
            gradient=power_of_ten(gradient),
        )


def _by_matrix(trace: ShapeTrace) -> dict[str, list[Edge]]:
    """The edges of each matrix, largest gradient first."""
    matrices = dict.fromkeys(edge.weights for edge in trace.edges if edge.weights)
    return {
        matrix: sorted((edge for edge in trace.edges if edge.weights == matrix), key=lambda edge: -edge.log10_norm)
        for matrix in matrices
    }


def _name(edge: Edge) -> str:
    return f"{subscripted(edge.source)} → {subscripted(edge.target)}"


def _notes(trace: ShapeTrace) -> Iterator[str]:
    if unsure := warning(trace.digits):
        yield unsure
    words, experiment = sentences(PAGE)["notes"], trace.experiment
    edges = _by_matrix(trace)["W_hh"]
    orders = edges[0].log10_norm - edges[-1].log10_norm
    if np.isfinite(orders) and orders > _WORTH_A_NOTE:
        yield words["shared"].format(uses=len(edges), matrix="W<sub>hh</sub>", ratio=power_of_ten(orders))
    cell = CELLS[experiment.cell]
    if cell.gates:
        yield words["gated_cell" if len(cell.components) > 1 else "gated"]
    steps, hidden = len(trace.hidden_states) - 1, experiment.hidden_size
    products = steps * cell.blocks * hidden * (experiment.input_size + hidden)
    products += len(trace.outputs) * trace.parameters["readout"].size
    yield words["cost" if steps > 1 else "cost_one"].format(steps=steps, forward=f"{products:,}")
