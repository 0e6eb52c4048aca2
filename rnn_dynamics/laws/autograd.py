"""Laws by which PyTorch's autograd finds what this library does: the scripts that pages hand out, and by hand.

The scripts know nothing of this library; they are run here as they are, and what they print is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rnn_dynamics.by_hand.comparison import losses
from rnn_dynamics.by_hand.example import Example, make_example
from rnn_dynamics.by_hand.finite_differences import finite_differences
from rnn_dynamics.by_hand.mistakes import HandWritten
from rnn_dynamics.engine.cells import CELLS, cells_where
from rnn_dynamics.engine.cliff import Descent, descend
from rnn_dynamics.engine.curse import REMEDIES, Student
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run import run, run_jacobians, run_losses
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.engine.shapes import SHAPES, run_shape
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.laws.law import Array, Laws, Sides
from rnn_dynamics.scripts import cliff_script, jacobian_script, loss_script, reproduction_script, shape_script
from rnn_dynamics.scripts.curse import curse_script

LAWS = Laws()

SMALL = Experiment(
    sequence_length=25, hidden_size=6, input_size=3, batch_size=2, forget_bias=0.5, input_scale=0.7, seed=4
)
#: Norms down to 10^−300 and less, which one pass of autograd would show as 0.
FAR = replace(SMALL, cell="lstm", weight_scale=0.1, forget_bias=-2.0, sequence_length=450)
#: Orders of magnitude; the scripts print twelve decimals.
CLOSE = 1e-9
#: What stands above a column of a script -> the name of these norms; of the sLSTM's ln n no answer tells the gradient.
COMPONENTS = {
    "log10|dL/dx_t|": "input",
    "log10|dL/dh_t|": "hidden",
    "log10|dL/dc_t|": "cell",
    "log10|dL/d(c_t/n_t)|": "cell",
    "log10|dL/dz_t|": "velocity",
}
_OF_TORCH = {CELLS[cell].short: (cell,) for cell in cells_where(lambda cell: cell.module)}


def printed(script: str) -> list[list[str]]:
    """The words of each line that a script prints, run in this process; torch is loaded where it is not yet."""
    lines: list[str] = []
    run_here = {"__name__": "__main__", "print": lambda *words: lines.append(" ".join(map(str, words)))}
    exec(compile(script, "<script>", "exec"), run_here)
    return [line.split() for line in lines]


def gradients_printed(rows: Sequence[Sequence[str]]) -> dict[Any, float]:
    """(layer, direction, component, step) -> what a script of gradients prints, and ("loss",)."""
    (_, value), heading, *lines = rows
    stacked = heading[0] == "layer"
    found: dict[Any, float] = {("loss",): float(value)}
    for line in lines:
        layer, direction, step, *norms = line if stacked else ["1", "forwards", *line]
        for symbol, norm in zip(heading[heading.index("t") + 1 :], norms, strict=False):
            if symbol in COMPONENTS:
                found[int(layer), direction, COMPONENTS[symbol], int(step)] = float(norm)
    return found


def gradients_of_run(experiment: Experiment) -> dict[Any, float]:
    """The same of `run`."""
    trace = run(experiment, parameter_gradients=False)
    levels = {(level.layer + 1, "backwards" if level.reverse else "forwards"): level for level in trace.layers}
    parts = {(*place, name): norms for place, level in levels.items() for name, norms in level.log10_norms.items()}
    if experiment.levels > 1:
        parts[0, "both", "input"] = trace.log10_norms["input"]
    found: dict[Any, float] = {
        (*place, step): norm for place, norms in parts.items() for step, norm in enumerate(norms, start=1)
    }
    return found | {("loss",): trace.loss}


def _beside(shown: Mapping[Any, float], ours: Mapping[Any, float]) -> Sides:
    """What a script prints, and what was computed of the same."""
    return list(shown.values()), [ours[key] for key in shown]


def _gradients(experiment: Experiment) -> Sides:
    return _beside(gradients_printed(printed(reproduction_script(run(experiment)))), gradients_of_run(experiment))


@LAWS.law("vanish_or_explode", "autograd", within=CLOSE, cases={cell.short: (name,) for name, cell in CELLS.items()})
def gradients(cell: str) -> Sides:
    """Loss, and log10 of the norms of dL/dx_t, dL/dh_t, dL/dc_t and dL/dz_t at every step."""
    return _gradients(replace(SMALL, cell=cell, loss_at="every", initialisation="torch"))


@LAWS.law("vanish_or_explode", "autograd", within=CLOSE)
def gradients_far() -> Sides:
    """The same over 450 steps, down to 10^−300 and less."""
    return _gradients(FAR)


@LAWS.law("depth", "autograd", within=CLOSE, cases=_OF_TORCH)
def stacks(cell: str) -> Sides:
    """The same in two layers of two directions."""
    return _gradients(replace(SMALL, cell=cell, num_layers=2, bidirectional=True, sequence_length=12))


@LAWS.law("jacobians", "autograd", within=CLOSE, cases=_OF_TORCH)
def products(cell: str) -> Sides:
    """log10 of the spectral norm of ∂s_T/∂s_{T−lag} at every lag."""
    experiment = replace(SMALL, cell=cell)
    answer = run_jacobians(experiment, range(1, experiment.sequence_length + 1))
    _, *lines = printed(jacobian_script(answer))
    return [float(norm) for _, norm in lines], answer.log10_norms


@LAWS.law("losses", "autograd", within=CLOSE, cases=_OF_TORCH)
def single_losses(cell: str) -> Sides:
    """log10 of the norm of the error of each loss at each step before it."""
    answer = run_losses(replace(SMALL, cell=cell, sequence_length=15), [1])
    _, _, *lines = printed(loss_script(answer))
    shown = {(int(k), t): float(norm) for k, *norms in lines[:15] for t, norm in enumerate(norms, start=1)}
    k, t = np.array([*shown]).T - 1
    return list(shown.values()), answer.log10_norms[k, t]


@LAWS.law("shapes", "autograd", within=CLOSE, cases={shape: (shape,) for shape in SHAPES})
def edges(shape: str) -> Sides:
    """log10 of the gradient through each edge of an unrolled LSTM."""
    length = 1 if shape == "one-to-one" else 8
    answer = run_shape(replace(SMALL, cell="lstm", sequence_length=length), shape)
    _, _, *lines = printed(shape_script(answer))
    ours = {(edge.source, edge.target): edge.log10_norm for edge in answer.edges}
    return _beside({(source, target): float(norm) for source, target, norm in lines}, ours)


@LAWS.law(
    "cliff", "autograd", within=1e-9, of="largest", cases={"plain": ("none",), "norm": ("norm",), "value": ("value",)}
)
def descent(clipping: str) -> Sides:
    """Weight and bias after each of 12 steps of torch.optim.SGD with torch's clipping."""
    start = Descent(w=4.2, b=-2.9, learning_rate=0.3, threshold=0.3, steps=12, clipping=clipping)
    _, *lines = printed(cliff_script([start]))
    return [[float(w), float(b)] for _, _, w, b, *_ in lines], descend([start])[0].points


@LAWS.law("curse_of_memory", "autograd", within=1e-8, of="each", cases={remedy: (remedy,) for remedy in REMEDIES})
def step_of_student(remedy: str) -> Sides:
    """State, sensitivity, loss before a step of descent, and λ after it."""
    student = Student(memory=20.0, rho=0.5, remedy=remedy)
    _, (*_, size, sensitivity, loss, end) = printed(curse_script([(student, student.step.learning_rate)]))
    ours = (student.size, student.sensitivity, student.step.loss_before, student.step.end)
    return [float(one) for one in (size, sensitivity, loss, end)], ours


def _example(cell: str, both: bool = False) -> Example:
    small = Experiment(cell=cell, sequence_length=5, batch_size=3, input_size=4, hidden_size=2, bidirectional=both)
    return make_example(replace(small, initialisation="torch"))


def _in_one(arrays: Mapping[str, Array], names: Mapping[str, Any]) -> Array:
    """All numbers of some arrays, in the order of these names."""
    return np.concatenate([arrays[name].ravel() for name in names])


def _by_hand(example: Example) -> Sides:
    from rnn_dynamics.by_hand.against_torch import ask_torch

    hand, (results, by_autograd) = HandWritten(example.cell), ask_torch(example)
    forward = hand.forward(example)
    own = hand.backward(example, forward).gradients
    expected = np.concatenate([results["outputs"].ravel(), _in_one(by_autograd, by_autograd)])
    return expected, np.concatenate([forward.outputs.ravel(), _in_one(own, by_autograd)])


@LAWS.law("by_hand", "torch_nn", within=1e-12, of="largest", cases=_OF_TORCH)
def by_hand(cell: str) -> Sides:
    """Outputs and the gradient of every parameter, as written on the page."""
    return _by_hand(_example(cell))


@LAWS.law("by_hand", "torch_nn", within=1e-12, of="largest", cases=_OF_TORCH)
def by_hand_both(cell: str) -> Sides:
    """The same in both directions."""
    return _by_hand(_example(cell, both=True))


@LAWS.law("by_hand", "differences", within=1e-6, of="largest", cases=_OF_TORCH)
def by_definition(cell: str) -> Sides:
    """The gradient of every parameter, as written on the page."""
    example, hand = _example(cell), HandWritten(cell)
    expected = finite_differences(lambda moved: losses(hand, example, moved), example.parameters)
    own = hand.backward(example, hand.forward(example)).gradients
    return _in_one(expected, expected), _in_one(own, expected)


@LAWS.law("own_network", "torch_nn", within=1e-12, of="largest", cases=_OF_TORCH)
def given_weights(cell: str) -> Sides:
    """Outputs and the gradient of every parameter of weights that are given."""
    from rnn_dynamics.by_hand.against_torch import ask_torch

    example = _example(cell)
    results, by_autograd = ask_torch(example)
    targets = example.targets.swapaxes(0, 1)
    network = Network(cell=cell, parameters=example.parameters)
    found = run_network(network, example.inputs.swapaxes(0, 1), lambda states: Errors(output=states.output - targets))
    expected = np.concatenate([results["outputs"].ravel(), _in_one(by_autograd, by_autograd)])
    return expected, np.concatenate([found.states.output.swapaxes(0, 1).ravel(), _in_one(found.gradients, by_autograd)])
