"""The script of `run_shape`: the gradient through each edge of an unrolled network."""

import math

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.trace import ShapeTrace
from rnn_dynamics.scripts.network import head
from rnn_dynamics.scripts.walk import empty_state

#: Gradients beyond 10^±this have lost digits, or all of them, in one pass of autograd.
_RANGE = 290.0
_DECODER = """
# the decoder, drawn from a stream of its own
decoder = make_cell(np.random.default_rng(np.random.SeedSequence(SEED).spawn(4)[3]), D)
"""
_EDGES = """
edges, outputs = [], []


def along(source, target, *tensors):
    copies = tuple(tensor.clone() for tensor in tensors)
    for copy in copies:
        copy.retain_grad()  # so that each edge has a gradient of its own
    edges.append((source, target, copies))
    return copies


def step_on(cell, state, before, name, source, given):
    (u,) = along(source, name, given)
    return advance(cell, u, *along(before, name, *state))


def write(state, name, output):
    (h,) = along(name, output, state[0])
    y = h @ readout.T
    outputs.extend(along(output, "L", y))
    return y

"""
_READ = """for t in range(1, T + 1):
    state = step_on(cell, state, f"h{t - 1}", f"h{t}", f"x{t}", x[t - 1])
"""
_WRITE = """write(state, f"h{t}", f"y{t}")
"""
#: Shape -> its walk forwards.
_SHAPES = {
    "one-to-one": _READ + _WRITE,
    "many-to-one": _READ + _WRITE,
    "aligned": f"{_READ}    {_WRITE}",
    "one-to-many": """source, given = "x1", x[0]
for t in range(1, T + 1):
    state = step_on(cell, state, f"h{t - 1}", f"h{t}", source, given)
    source, given = f"y{t}", write(state, f"h{t}", f"y{t}")
""",
    "encoder-decoder": f"""{_READ}before, given = f"h{{T}}", torch.zeros(N, D, dtype=torch.float64, requires_grad=True)
for t in range(1, T + 1):
    state = step_on(decoder, state, before, f"s{{t}}", f"y{{t - 1}}", given)
    before, given = f"s{{t}}", write(state, f"s{{t}}", f"y{{t}}")
""",
}
_BACK = """
loss = 0.5 * ((torch.stack(outputs) - targets) ** 2).mean()
loss.backward()


def log10_norm(gradient):
    peak = gradient.abs().max()  # squares of what is left after many steps would be zero
    return (peak.log10() + (gradient / peak).norm().log10()).item() if peak else -np.inf


print("loss", loss.item())
"""


def shape_script(answer: ShapeTrace) -> str:
    """A Python file that needs numpy and torch only, unrolls one of the `SHAPES` and gives each edge a gradient.

    After the loss and the number of parameters, each line of its output is: source, target, and log10 of the norm of
    the gradient that autograd sends through a copy of what goes along this edge.

    Raises:
        ValueError: a gradient is so small or so large that one pass of autograd has lost its digits.
    """
    _check_range(answer)
    experiment, shape = answer.experiment, answer.shape
    has_decoder = shape == "encoder-decoder"
    feeds_back = shape in ("one-to-many", "encoder-decoder")
    readout = f"""OUTPUTS = {"D  # an output is read again" if feeds_back else 4}
readout = torch.tensor(loss_rng.standard_normal((OUTPUTS, H)) / np.sqrt(H))
targets = torch.tensor(loss_rng.standard_normal({"(1, N, OUTPUTS)" if shape == "many-to-one" else "(T, N, OUTPUTS)"}))
"""
    title = f"The gradient through each edge, {shape},"
    return f"""{head(experiment, title, answer.digits, readout)}
cell = make_cell(np.random.default_rng(weight_stream), D)
{_DECODER if has_decoder else ""}{_EDGES}
x = [torch.tensor(step, requires_grad=True) for step in inputs]
state = tuple(part.clone().requires_grad_() for part in {empty_state(CELLS[experiment.cell])})
{_SHAPES[shape]}{_BACK}cells = [{"cell, decoder" if has_decoder else "cell"}]
print("parameters", sum(own.numel() for one in cells for {
        "own in one.parameters()" if experiment.bias else 'name, own in one.named_parameters() if "bias" not in name'
    }) + readout.numel())
for source, target, copies in edges:
    print(source, target, f"{{log10_norm(torch.cat([copy.grad for copy in copies])):.12f}}")
"""


def _check_range(answer: ShapeTrace) -> None:
    for edge in answer.edges:
        if math.isfinite(edge.log10_norm) and abs(edge.log10_norm) > _RANGE:
            raise ValueError(
                f"log10 of the gradient of {edge.source} -> {edge.target} = {edge.log10_norm:.0f}; "
                f"the limit of a script of one pass is ±{_RANGE:.0f}"
            )
