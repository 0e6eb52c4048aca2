"""The script of `run_jacobians`: the product of the Jacobians, and its norm at each lag."""

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.trace import JacobianTrace
from rnn_dynamics.scripts.network import head, loss_lines
from rnn_dynamics.scripts.walk import empty_state

_PRODUCT = """cell = make_cell(np.random.default_rng(weight_stream), D)
state, jacobians = torch.cat([part[0] for part in EMPTY]), []
BEGINfor step in torch.tensor(inputs)[:, 0]:
    def after(before):
        return torch.cat(advance(cell, step, *before.split(H)))

    jacobians.append(torch.autograd.functional.jacobian(after, state))
    state = after(state).detach()

product, log10 = torch.eye(len(state), dtype=torch.float64), 0.0
print("lag log10|ds_T/ds_(T-lag)|")
for lag, jacobian in enumerate(reversed(jacobians), start=1):
    product = product @ jacobian
    norm = torch.linalg.matrix_norm(product, ord=2)
    log10 += norm.log10().item()
    product = product / norm if norm else product  # the norm stands in log10 from here on
    print(lag, f"{log10:.12f}")
"""


#: Initial state -> the lines that set that of the first sequence.
_BEGIN = {
    "zero": "",
    "noise": "state = torch.cat([part[0] for part in start()])\n",
    "carried": """state = EMPTY
for step in torch.tensor(before):
    state = tuple(part.detach() for part in advance(cell, step, *state))
state = torch.cat([part[0] for part in begin(state)])
""",
}


def jacobian_script(answer: JacobianTrace) -> str:
    """A Python file that needs numpy and torch only, and multiplies the Jacobians of the first sequence by autograd.

    Each line of its output after the header is: lag, then log10 of the spectral norm of ∂s_T/∂s_{T−lag}, where s is h,
    h and c side by side for the LSTM, and h, ln n and c/n for the sLSTM.
    """
    experiment = answer.experiment
    readout = loss_lines(every=False) if CELLS[experiment.cell].feeds_back_output else ""
    cell = CELLS[experiment.cell]
    product = _PRODUCT.replace("BEGIN", _BEGIN[experiment.initial_state]).replace("EMPTY", empty_state(cell))
    beginning = head(experiment, "A product of Jacobians", answer.digits, readout)
    return f"{beginning}\n# the Jacobians of the first sequence\nSTATES = {len(cell.components)}\n{product}"
