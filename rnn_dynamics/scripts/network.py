"""What the scripts of an experiment share: settings, what the seed draws, the cell, and one step of it."""

from dataclasses import replace

from rnn_dynamics.engine.cells import CELLS, Cell, cell_of
from rnn_dynamics.engine.cells.cell import takes_forget_bias
from rnn_dynamics.experiment import Experiment, settings

_DRAWS = {
    "gaussian": "rng.standard_normal((H, COLUMNS)) / np.sqrt(COLUMNS)",
    "orthogonal": "orthogonal(rng.standard_normal((H, COLUMNS)))",
    "identity": "np.eye(H, COLUMNS)",
    "torch": "rng.uniform(-1 / np.sqrt(H), 1 / np.sqrt(H), (H, COLUMNS))",
    "linear": "rng.uniform(-1 / np.sqrt(COLUMNS), 1 / np.sqrt(COLUMNS), (H, COLUMNS))",
}
_BY_BLOCK = "np.concatenate([{} for _ in range(GATES)])"
_KERAS = "orthogonal(rng.standard_normal((GATES * H, COLUMNS)))"
_ORTHOGONAL = """

def orthogonal(matrix):
    q, r = np.linalg.qr(matrix if len(matrix) >= len(matrix.T) else matrix.T)
    q = q * np.sign(np.diag(r))
    return q if len(matrix) >= len(matrix.T) else q.T
"""
_FROM_INPUT = {
    "gaussian": "rng.standard_normal((GATES * H, D)) / np.sqrt(D)",
    "torch": "rng.uniform(-1 / np.sqrt(H), 1 / np.sqrt(H), (GATES * H, D))",
    "linear": "rng.uniform(-1 / np.sqrt(D), 1 / np.sqrt(D), (GATES * H, D))",
    "keras": "rng.uniform(-np.sqrt(6 / (D + GATES * H)), np.sqrt(6 / (D + GATES * H)), (GATES * H, D))",
}
#: Biases are those of a seed whatever W_ih is: they follow what the initialisation itself would draw for it.
_LEFT_ALONE = """before_weight_ih = rng.bit_generator.state
{drawn}rng.bit_generator.state = before_weight_ih
{usual}  # drawn for nobody: the biases do not depend on how weight_ih is
"""
#: A network without biases has zeros, which nothing trains.
_NO_BIASES = "bias_ih, bias_hh = np.zeros((2, GATES * H))\n"
_BIASES = {
    "torch": "bias_ih, bias_hh = rng.uniform(-1 / np.sqrt(H), 1 / np.sqrt(H), (2, GATES * H))\n",
    "linear": "bias_ih, bias_hh = (rng.uniform(-1 / np.sqrt(n), 1 / np.sqrt(n), GATES * H) for n in (D, COLUMNS))\n",
}
_CHRONO = "chrono = np.log1p((max(T, 2) - 2) * rng.random(H))\n"
_FORGET = "{keeps} += FORGET_BIAS\n"
_FORGET_FIRST = f"if layer == 0:\n    {_FORGET}"
_MAKE = """

def make_cell(rng, DTHIS):
WEIGHTSCELL    return cell

"""
_TORCH_CELL = """cell = torch.nn.MODULECell(D, H, NONLINEARITYdtype=torch.float64)
LOAD"""
_LOAD = """cell.load_state_dict({
    "weight_ih": torch.tensor(weight_ih),
    "weight_hh": torch.tensor(WEIGHT_SCALE * weight_hh),
    "bias_ih": torch.tensor(bias_ih),
    "bias_hh": torch.tensor(bias_hh),
})
"""
_ADVANCE = """
def advance(cell, step, h, *c):
    return STEP

"""
_Z = """
def z(cell, step, h):
    rows = slice(H, 2 * H)
    return torch.sigmoid(step @ cell.weight_ih[rows].T + cell.bias_ih[rows]
                         + h @ cell.weight_hh[rows].T + cell.bias_hh[rows])

"""
_NOISE = "inputs = INPUT_SCALE * np.random.default_rng(input_stream).standard_normal((T, N, D))\n"
_START = """start_rng = np.random.default_rng(np.random.SeedSequence(SEED).spawn(6)[5])


def start():  # of one level after the other
    return tuple(torch.tensor(start_rng.standard_normal((N, H))) for _ in range(STATES))


"""
_BEFORE = """before_rng = np.random.default_rng(np.random.SeedSequence(SEED).spawn(7)[6])
before = INPUT_SCALE * before_rng.standard_normal((T, N, D))
"""
_SAME_TEXT = "before = inputs\n"
_BEGIN = """

def begin(state):
    return RETURNED


"""
#: The states of ReLU have no bound.
_BOUNDED = "tuple(part / max(1.0, part.abs().max().item()) for part in state)"
_TEXT = """letters = sorted(set(TEXT))
one_hot = INPUT_SCALE * np.eye(D)[[letters.index(letter) for letter in TEXT]]
inputs = np.repeat(one_hot[:, None, :], N, axis=1)
"""


def head(experiment: Experiment, title: str, digits: int, loss: str) -> str:
    """The beginning of a script: its settings, the functions that make a cell and advance it, inputs, read-out.

    Args:
        experiment: the question.
        title: what the script computes, of a recurrent network.
        digits: how many of them it shares with the page.
        loss: lines that draw what the loss needs from `loss_rng`.
    """
    directions = f"""LAYERS, DIRECTIONS = {experiment.num_layers}, {experiment.directions}
"""
    return f'''"""{title} of a recurrent network, by PyTorch's autograd.

{agreement(digits)}

{_comment(experiment)}
"""

import numpy as np
import torch

torch.set_num_threads(1)
T, N, D, H, SEED = {", ".join(str(value) for value in _sizes(experiment))}
WEIGHT_SCALE, INPUT_SCALE = {experiment.weight_scale!r}, {experiment.input_scale!r}
FORGET_BIAS = {experiment.forget_bias!r}
TEXT = {experiment.text!r}
GATES = {CELLS[experiment.cell].blocks}
{directions if experiment.levels > 1 else ""}{orthogonal(experiment)}{_make_cell(experiment)}{advance_lines(experiment)}
# the draw
weight_stream, input_stream, loss_stream = np.random.SeedSequence(SEED).spawn(3)
loss_rng = np.random.default_rng(loss_stream)
{_TEXT if experiment.text else _NOISE}{_initial(experiment)}{loss}'''


def _initial(experiment: Experiment) -> str:
    """The lines that draw what an initial state is made of."""
    carried = _SAME_TEXT if experiment.text else _BEFORE
    begin = _BEGIN.replace("RETURNED", "state" if cell_of(experiment).bounded else _BOUNDED)
    return {"zero": "", "noise": _START, "carried": carried + begin}[experiment.initial_state]


def _sizes(experiment: Experiment) -> tuple[int, ...]:
    return (
        experiment.sequence_length,
        experiment.batch_size,
        experiment.input_size,
        experiment.hidden_size,
        experiment.seed,
    )


def agreement(digits: int) -> str:
    """Where the digits end: the sentence of every script."""
    if digits == 0:
        return (
            "Rounding errors grow with the gradient at these settings, until no digit is certain: this script agrees\n"
            "with the page on how fast the gradient grows, not on the numbers."
        )
    return f"Agrees with the page to {digits} digit{'s' * (digits > 1)} at these settings, or more."


def loss_lines(every: bool, width: str = "H") -> str:
    """The lines that draw read-out and targets."""
    return f"""readout = torch.tensor(loss_rng.standard_normal((4, {width})) / np.sqrt({width}))
targets = torch.tensor(loss_rng.standard_normal({"(T, N, 4)" if every else "(N, 4)"}))
"""


def orthogonal(experiment: Experiment) -> str:
    """The function that some schemes draw with."""
    return _ORTHOGONAL if experiment.initialisation in ("orthogonal", "keras") else ""


def weight_lines(experiment: Experiment) -> str:
    """The lines that draw the parameters of one cell from `rng`."""
    scale = "" if experiment.input_weight_scale == 1.0 else f"{experiment.input_weight_scale!r} * "
    from_input = f"weight_ih = {scale}{_FROM_INPUT[experiment.input_scheme]}\n"
    usual = replace(experiment, input_weights="same").input_scheme
    if experiment.input_scheme != usual and _draws_biases(experiment):
        from_input = _LEFT_ALONE.format(drawn=from_input, usual=_FROM_INPUT[usual])
    recurrent = CELLS[experiment.cell].torch_draw or f"weight_hh = {_recurrent(experiment)}\n"
    weights = recurrent + from_input
    if not experiment.bias:
        return weights + _NO_BIASES
    biases = _BIASES.get(experiment.initialisation, _NO_BIASES).replace("COLUMNS", _columns(experiment))
    return weights + biases + _gate_bias(experiment)


def _draws_biases(experiment: Experiment) -> bool:
    """Whether any bias is random."""
    chrono = experiment.gate_bias == "chrono" and bool(CELLS[experiment.cell].keeps)
    return experiment.bias and (experiment.initialisation in _BIASES or chrono)


def _make_cell(experiment: Experiment) -> str:
    make = _MAKE.replace("THIS", ", layer=0" if first_layer_alone(experiment) else "")
    return make.replace("WEIGHTS", indented(weight_lines(experiment))).replace("CELL", indented(cell_lines(experiment)))


def cell_lines(experiment: Experiment) -> str:
    """The lines that make `cell` of weight_ih, weight_hh, bias_ih, bias_hh, and the weight scale."""
    asked, relu = cell_of(experiment), experiment.nonlinearity == "relu"
    cell = (asked.torch_cell or _TORCH_CELL).replace("LOAD", _LOAD).replace("MODULE", asked.module)
    cell = cell.replace("ACTIVATION", "relu" if relu else "tanh")
    return cell.replace("NONLINEARITY", 'nonlinearity="relu", ' if relu and not asked.gates else "")


def indented(lines: str) -> str:
    """The same lines within a function."""
    return "".join(f"    {line}" if line.strip() else line for line in lines.splitlines(keepends=True))


def advance_lines(experiment: Experiment) -> str:
    """The function of one step; cut, no derivative passes through W_hh."""
    step = CELLS[experiment.cell].torch_steps[experiment.hidden_path]
    return (_Z if "z(" in step else "") + _ADVANCE.replace("STEP", step)


def _recurrent(experiment: Experiment) -> str:
    """The expression that draws W_hh."""
    if not CELLS[experiment.cell].state_matrix:
        return "np.zeros((0, H))  # no gate reads the state"
    draw = _KERAS if experiment.initialisation == "keras" else _BY_BLOCK.format(_DRAWS[experiment.initialisation])
    return draw.replace("COLUMNS", _columns(experiment))


def _columns(experiment: Experiment) -> str:
    """How many W_hh has."""
    cell = CELLS[experiment.cell]
    return "4" if cell.feeds_back_output else "2 * H" if cell.oscillates else "H"


def _gate_bias(experiment: Experiment) -> str:
    """The lines that change the biases of the gates."""
    cell = CELLS[experiment.cell]
    if experiment.gate_bias == "constant" and cell.torch_bias:
        return cell.torch_bias
    if not cell.keeps:
        return ""
    biases = {gate: block_of(cell, gate) for gate in (cell.keeps, cell.writes) if gate in cell.gates}
    if not biases:
        return ""
    if experiment.gate_bias == "chrono":
        signs = {cell.keeps: "", cell.writes: "-"}
        return _CHRONO + "".join(f"{block} = {signs[gate]}chrono\n" for gate, block in biases.items())
    if experiment.gate_bias == "powerlaw":
        gate = next(iter(biases))
        return f"{biases[gate]} = {'' if gate == cell.keeps else '-'}(5 - 12 * (np.arange(H) / max(1, H - 1)) ** 0.3)\n"
    forget = _FORGET_FIRST if first_layer_alone(experiment) else _FORGET
    return forget.format(keeps=biases[cell.keeps]) if takes_forget_bias(cell) else ""


def first_layer_alone(experiment: Experiment) -> bool:
    """Whether a layer has a forget bias or not."""
    return experiment.forget_bias_layers == "first" and experiment.num_layers > 1


def block_of(cell: Cell, gate: str) -> str:
    """The biases of a gate, in torch's order."""
    place = cell.gates.index(gate)
    if place == 0:
        return "bias_ih[:H]"
    return f"bias_ih[{'H' if place == 1 else f'{place} * H'} : {place + 1} * H]"


def _comment(experiment: Experiment) -> str:
    """The settings, one a line; the text stands in the code, where its quotes do no harm."""
    return "\n".join(f"{name} = {value}" for name, value in settings(experiment).items() if name != "text")
