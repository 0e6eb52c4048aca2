"""The lines by which scripts walk forwards, and back by autograd, however small or large a gradient becomes."""

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import Experiment

_FORWARD = """

def read(cell, inputs, after=None):
    \"\"\"Each step: what is read, the state before, the state after. Autograd sees each step by itself.\"\"\"
    after, steps = after or (torch.zeros(N, H, dtype=torch.float64),) * STATES, []
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
    states = len(CELLS[experiment.cell].components)
    return f"STATES, NOTHING = {states}, -(10**9)  # parts of a state, and the exponent of zero\n{_FORWARD}"


def walk_lines(experiment: Experiment) -> str:
    """The same, and `walk_back`."""
    return forward_lines(experiment) + _BACK
