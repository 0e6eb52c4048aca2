"""The script of `run_losses`: each loss sent back by itself."""

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.trace import LossByTime
from rnn_dynamics.scripts.network import head, loss_lines
from rnn_dynamics.scripts.walk import START, forward_lines

_EACH = """
# the way forward
cell = make_cell(np.random.default_rng(weight_stream), D)
steps = read(cell, torch.tensor(inputs)START)
states = torch.stack([after[0] for _, _, after in steps]).detach().requires_grad_()
losses = 0.5 * ((states @ readout.T - targets) ** 2).sum(dim=(1, 2)) / targets.numel()
errors = torch.autograd.grad(losses.sum(), states)[0].numpy()
print("loss", losses.sum().item())

# the way back, of all losses side by side: at step t each loss from t on has an error of its own, and an exponent
norms = np.full((T, T), -np.inf)
arriving, exponents = np.zeros((STATES, 0, N, H)), np.zeros(0, dtype=int)
for t in range(T, 0, -1):
    error, exponent = scaled(errors[t - 1])
    arriving = np.concatenate([np.zeros((STATES, 1, N, H)), arriving], axis=1)
    arriving[0, 0], exponents = error, np.append(exponent, exponents)
    norms[t - 1 :, t - 1] = [log10_norm(*own) for own in zip(arriving[0], exponents)]
    step, before, _ = steps[t - 1]
    step, *before = (tensor.detach().repeat(len(exponents), 1).requires_grad_() for tensor in (step, *before))
    after = advance(cell, step, *before)
    sent = [*torch.tensor(arriving.reshape(STATES, -1, H))]
    gradients = torch.autograd.grad(after, before, sent, allow_unused=True)
    gradients = [np.zeros(b.shape) if g is None else g.numpy() for b, g in zip(before, gradients)]
    arriving = np.stack(gradients).reshape(arriving.shape)
    shifts = np.frexp(np.abs(arriving).max(axis=(0, 2, 3)))[1]
    arriving, exponents = np.ldexp(arriving, -shifts[:, None, None]), exponents + shifts

print("k log10|dL_k/dh_1| ... log10|dL_k/dh_k|")
for k in range(1, T + 1):
    print(k, *(f"{norm:.12f}" for norm in norms[k - 1, :k]))
"""


_CHUNKS = """

# the gradient of SUMMED where the state is detached after each so many steps, beside the whole
def gradient(size):
    state, total = steps[0][1], 0.0
    for t, step in enumerate(torch.tensor(inputs)):
        state = advance(cell, step, *([part.detach() for part in state] if t % size == 0 else state))
        total = total + ((state[0] @ readout.T - targets[t]) ** 2).sum()
    return torch.autograd.grad(0.5 * total / targets.numel(), cell.WEIGHT)[0].numpy()


whole = gradient(T)
print("chunk log10|error|/|dL/dSUMMED|")
for size in SIZES:
    error = log10_norm(*scaled(gradient(size) - whole)) - log10_norm(*scaled(whole))
    print(size, f"{error:.12f}")
"""


def loss_script(answer: LossByTime) -> str:
    """A Python file that needs numpy and torch only, and sends the loss of each step back by itself, by autograd.

    Each line of its output after the first two is: k, then log10 of ‖dL_k/dh_t‖ for t = 1 .. k. After a heading follow
    the truncations τ, each with log10 of the relative error of dL/dW_hh (minGRU: dL/dW_ih) in chunks of τ steps, by one
    pass of autograd.
    """
    experiment = answer.experiment
    beginning = head(experiment, "Each loss by itself", answer.digits, loss_lines(every=True))
    each = _EACH.replace("START", START[experiment.initial_state])
    summed = CELLS[experiment.cell].summed
    chunks = _CHUNKS.replace("SIZES", repr(tuple(answer.truncations.tolist())))
    chunks = chunks.replace("SUMMED", summed).replace("WEIGHT", summed.replace("W", "weight"))
    return beginning + forward_lines(experiment) + each + chunks
