"""The lines by which scripts walk forwards, and back by autograd, however small or large a gradient becomes."""

import math

from rnn_dynamics.engine.cells import Cell, cell_of
from rnn_dynamics.experiment import Experiment

_FORWARD = """

def read(cell, inputs, after=None):
    \"\"\"Each step: what is read, the state before, the state after. Autograd sees each step by itself.\"\"\"
    after, steps = after or EMPTY, []
    for step in inputs:
        step, *before = (tensor.detach().requires_grad_() for tensor in (step, *after))
        after = advance(cell, step, *before)
        steps.append((step, before, after))
    return steps


def scaled(numbers, exponent=0):
    \"\"\"Numbers times 2^exponent with a largest one near 1: gradients leave the range of float64.\"\"\"
    peak = np.abs(numbers).max()
    shift = int(np.frexp(peak)[1])
    return (np.ldexp(numbers, -shift), exponent + shift) if peak else (numbers, NOTHING)


def log10_norm(numbers, exponent):
    return np.log10(np.linalg.norm(numbers)) + exponent * np.log10(2) if numbers.any() else -np.inf


"""
_BACK = """
def walk_back(steps, errors):
    \"\"\"Of each step dL/d(what is read), and dL/d(state); errors are what the loss says of each h_t directly.\"\"\"
    arriving, exponent, found = np.zeros((STATES, N, H)), NOTHING, []
    for (step, before, after), (error, of_error) in zip(reversed(steps), reversed(errors)):
        larger = max(exponent, of_error)
        arriving = np.ldexp(arriving, exponent - larger)
        arriving[0] += np.ldexp(error, of_error - larger)
        tensors = (step, *after, *before)
        gradients = torch.autograd.grad(after, tensors, [*torch.tensor(arriving)], retain_graph=True, allow_unused=True)
        gradients = [np.zeros(t.shape) if g is None else g.numpy() for t, g in zip(tensors, gradients)]
        found.append([scaled(gradient, larger) for gradient in gradients[: 1 + STATES]])
        arriving, exponent = scaled(np.stack(gradients[1 + STATES :]), larger)
    return found[::-1]

"""


#: Initial state -> how a single level is told of its own.
START = {"zero": "", "noise": ", start()", "carried": ", begin(read(cell, torch.tensor(before))[-1][2])"}


def forward_lines(experiment: Experiment) -> str:
    """The functions `read`, `scaled` and `log10_norm` of a script."""
    cell = cell_of(experiment)
    beginning = f"STATES, NOTHING = {len(cell.components)}, -(10**9)  # parts of a state, and the exponent of zero\n"
    return beginning + _FORWARD.replace("EMPTY", empty_state(cell))


def empty_state(cell: Cell) -> str:
    """The expression of the state before anything is read: a tensor (N, H) for each of its parts."""
    if not cell.empty:
        return f"(torch.zeros(N, H, dtype=torch.float64),) * {len(cell.components)}"
    return f"tuple(torch.full((N, H), value, dtype=torch.float64) for value in ({_empty_values(cell)}))"


def _empty_values(cell: Cell) -> str:
    values = (cell.empty.get(name, 0.0) for name in cell.components)
    return ", ".join("-np.inf" if value == -math.inf else repr(value) for value in values)


def heading(cell: Cell) -> str:
    """What stands above the columns of norms."""
    return " ".join(("t", "log10|dL/dx_t|", *(f"log10|dL/d{cell.letters[name]}|" for name in cell.components)))


def walk_lines(experiment: Experiment) -> str:
    """The same, and `walk_back`."""
    return forward_lines(experiment) + _BACK
