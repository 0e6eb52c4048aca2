"""The reproduction script: one PyTorch file, without this library, that prints the numbers of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnn_dynamics.cliff import STEPS_IN_TIME, TARGET, Descent
from rnn_dynamics.experiment import Experiment, settings
from rnn_dynamics.tasks.blank import BLANK, CUE, UNKNOWN
from rnn_dynamics.training import TESTED, Training

#: torch's module, and blocks of W_hh; torch has no Jordan network.
_MODULES = {"rnn": ("RNN", 1), "jordan": ("", 1), "lstm": ("LSTM", 4), "gru": ("GRU", 3)}
_DRAWS = {
    "gaussian": "rng.standard_normal((H, COLUMNS)) / np.sqrt(COLUMNS)",
    "orthogonal": "orthogonal(rng.standard_normal((H, COLUMNS)))",
    "identity": "np.eye(H, COLUMNS)",
    "torch": "rng.uniform(-1 / np.sqrt(H), 1 / np.sqrt(H), (H, COLUMNS))",
}
_BY_BLOCK = "np.concatenate([{} for _ in range(GATES)])"
_KERAS = "orthogonal(rng.standard_normal((GATES * H, COLUMNS)))"
_ORTHOGONAL = """

def orthogonal(matrix):
    q, r = np.linalg.qr(matrix if len(matrix) >= len(matrix.T) else matrix.T)
    q = q * np.sign(np.diag(r))
    return q if len(matrix) >= len(matrix.T) else q.T
"""
_UNIFORM_REST = """bound = 1 / np.sqrt(H)
weight_ih = rng.uniform(-bound, bound, (GATES * H, D))
bias_ih, bias_hh = rng.uniform(-bound, bound, (2, GATES * H))
"""
_GAUSSIAN_REST = """weight_ih = rng.standard_normal((GATES * H, D)) / np.sqrt(D)
bias_ih, bias_hh = np.zeros((2, GATES * H))
"""
_STEPS = {
    ("rnn", "open"): "h = cell(step, h)",
    ("rnn", "cut"): "h = cell(step, h.detach())",
    ("jordan", "open"): "h = cell(step, h)",
    ("jordan", "cut"): "h = cell(step, h.detach())",
    ("lstm", "open"): "h, c = cell(step, (h, c))",
    ("lstm", "cut"): "h, c = cell(step, (h.detach(), c))",
    ("gru", "open"): "h = cell(step, h)",
    ("gru", "cut"): "h = cell(step, h.detach()) + z(step, h.detach()) * (h - h.detach())  # adds 0, and the path z",
}
_Z = """

def z(step, h):
    rows = slice(H, 2 * H)
    return torch.sigmoid(step @ cell.weight_ih[rows].T + cell.bias_ih[rows]
                         + h @ cell.weight_hh[rows].T + cell.bias_hh[rows])

"""
_GLOROT_REST = """bound = np.sqrt(6 / (D + GATES * H))
weight_ih = rng.uniform(-bound, bound, (GATES * H, D))
bias_ih, bias_hh = np.zeros((2, GATES * H))
"""
_REST = {"torch": _UNIFORM_REST, "keras": _GLOROT_REST}
#: The second block is torch's forget gate (LSTM) and its update gate (GRU).
_CHRONO = "bias_ih[H : 2 * H] = np.log1p((max(T, 2) - 2) * rng.random(H))\n"
_CHRONO_INPUT = "bias_ih[:H] = -bias_ih[H : 2 * H]\n"
_WALK = """hidden, h = [], torch.zeros(N, H, dtype=torch.float64)
for step in x:
    STEP
    h.retain_grad()
    hidden.append(h)
"""
_LSTM_WALK = """hidden, memory = [], []
h = c = torch.zeros(N, H, dtype=torch.float64)
for step in x:
    STEP
    h.retain_grad(), c.retain_grad()
    hidden.append(h), memory.append(c)
"""
_READOUT = "readout = torch.tensor(loss_rng.standard_normal((4, H)) / np.sqrt(H))\n"
_JORDAN = """weight_ih, weight_hh = torch.tensor(weight_ih), torch.tensor(WEIGHT_SCALE * weight_hh)
bias = torch.tensor(bias_ih + bias_hh)


def cell(step, h):
    output = h @ readout.T  # which is fed back in the place of h
    return torch.ACTIVATION(step @ weight_ih.T + output @ weight_hh.T + bias)

"""
_LOG10_NORM = """

def log10_norm(gradient):
    if gradient is None:  # no way leads here from the loss
        return -np.inf
    peak = gradient.abs().max()  # squares of what is left after many steps would be zero
    return (peak.log10() + (gradient / peak).norm().log10()).item() if peak else -np.inf
"""
_DECODER = """
# the decoder, drawn from a stream of its own
rng = np.random.default_rng(np.random.SeedSequence(SEED).spawn(4)[3])
{weights}{module}"""
_EDGES = """
edges, outputs = [], []


def along(source, target, *tensors):
    copies = tuple(tensor.clone() for tensor in tensors)
    for copy in copies:
        copy.retain_grad()  # so that each edge has a gradient of its own
    edges.append((source, target, copies))
    return copies


def advance(cell, state, before, name, source, given):
    (u,) = along(source, name, given)
    states = along(before, name, *state)
    return STEP


def write(state, name, output):
    (h,) = along(name, output, state[0])
    y = h @ readout.T
    outputs.extend(along(output, "L", y))
    return y

"""
_READ = """for t in range(1, T + 1):
    state = advance(cell, state, f"h{t - 1}", f"h{t}", f"x{t}", x[t - 1])
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
    state = advance(cell, state, f"h{t - 1}", f"h{t}", source, given)
    source, given = f"y{t}", write(state, f"h{t}", f"y{t}")
""",
    "encoder-decoder": f"""{_READ}before, given = f"h{{T}}", torch.zeros(N, D, dtype=torch.float64, requires_grad=True)
for t in range(1, T + 1):
    state = advance(decoder, state, before, f"s{{t}}", f"y{{t - 1}}", given)
    before, given = f"s{{t}}", write(state, f"s{{t}}", f"y{{t}}")
""",
}
_NOISE = "inputs = INPUT_SCALE * input_rng.standard_normal((T, N, D))\n"
_TEXT = """letters = sorted(set(TEXT))
one_hot = INPUT_SCALE * np.eye(D)[[letters.index(letter) for letter in TEXT]]
inputs = np.repeat(one_hot[:, None, :], N, axis=1)
"""

_BLANK = (
    """

def split(text):
    return text.lower().split()


parts = [START.replace("CUE", " "), *(cue for cue, _ in ANSWERS), *FILLERS, END]
words = list(dict.fromkeys(["UNKNOWN", *(word for part in parts for word in split(part) if word != "BLANK")]))
places = {word: place for place, word in enumerate(words)}
choices = list(dict.fromkeys(answer.lower() for _, answer in ANSWERS))


def draw(generator, count, gap):
    fillers, made = [split(filler) for filler in FILLERS], [True]
    for total in range(1, gap + 1):  # can fillers make so many words?
        made.append(any(made[total - len(one)] for one in fillers if len(one) <= total))
    pairs, sentences = generator.integers(0, len(ANSWERS), count), []
    for pair in pairs:
        between, left = [], max(total for total in range(gap + 1) if made[total])
        while left:
            fitting = [one for one in fillers if len(one) <= left and made[left - len(one)]]
            chosen = fitting[int(generator.random() * len(fitting))]
            between, left = between + chosen, left - len(chosen)
        sentences.append(split(START.replace("CUE", ANSWERS[pair][0])) + between + split(END)[:-1])
    longest = max(map(len, sentences))
    read = [["UNKNOWN"] * (longest - len(sentence)) + sentence for sentence in sentences]
    read = torch.tensor([[places.get(word, 0) for word in sentence] for sentence in read]).T
    return read, torch.tensor([choices.index(ANSWERS[pair][1].lower()) for pair in pairs])

""".replace("CUE", CUE)
    .replace("UNKNOWN", UNKNOWN)
    .replace("BLANK", BLANK)
)
_LEARNING = """
parameters = [*network.parameters(), *readout.parameters(), *embedding.parameters()]
optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)


def scores(read):
    states, _ = network(embedding(read))
    return readout(states[-1])


print("update loss")
for update in range(UPDATES):
    stream = np.random.SeedSequence(SEED, spawn_key=(1, update))
    read, right = draw(np.random.default_rng(stream), BATCH, GAP)
    loss = torch.nn.functional.cross_entropy(scores(read), right)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, CLIP_AT)
    optimiser.step()
    print(update + 1, loss.item())

print("filler_words accuracy")
for gap in TEST_GAPS:
    read, right = draw(np.random.default_rng(streams[3]), TESTED, gap)
    with torch.no_grad():
        print(gap, (scores(read).argmax(dim=1) == right).double().mean().item())
"""


def reproduction_script(experiment: Experiment) -> str:
    """A Python file that needs numpy and torch only, and prints log10 norms by autograd.

    Each line of its output after the header is: t, then log10 of ‖dL/dx_t‖, ‖dL/dh_t‖ and, for the LSTM, ‖dL/dc_t‖.
    """
    lstm, every = experiment.cell == "lstm", experiment.loss_at == "every"
    return f"""{_network(experiment, "Gradients through time", _LOG10_NORM, _targets(every))}
x = [torch.tensor(step, requires_grad=True) for step in inputs]
{_walk(experiment)}
outputs = {"torch.stack(hidden)" if every else "hidden[-1]"} @ readout.T
loss = 0.5 * ((outputs - targets) ** 2).mean()
loss.backward()

print("loss", loss.item())
print("t log10|dL/dx_t| log10|dL/dh_t|{" log10|dL/dc_t|" if lstm else ""}")
for t, kept in enumerate(zip(x, hidden{", memory" if lstm else ""}), start=1):
    print(t, *(f"{{log10_norm(tensor.grad):.12f}}" for tensor in kept))
"""


def loss_script(experiment: Experiment) -> str:
    """A Python file that needs numpy and torch only, and sends the loss of each step back by itself, by autograd.

    Each line of its output after the first two is: k, then log10 of ‖dL_k/dh_t‖ for t = 1 .. k.
    """
    return f"""{_network(experiment, "Each loss by itself", _LOG10_NORM, _targets(every=True))}
x = torch.tensor(inputs, requires_grad=True)
{_walk(experiment)}
outputs = torch.stack(hidden) @ readout.T
losses = 0.5 * ((outputs - targets) ** 2).sum(dim=(1, 2)) / targets.numel()

print("loss", losses.sum().item())
print("k log10|dL_k/dh_1| ... log10|dL_k/dh_k|")
for k, loss in enumerate(losses, start=1):
    gradients = torch.autograd.grad(loss, hidden[:k], retain_graph=True, allow_unused=True)
    print(k, *(f"{{log10_norm(gradient):.12f}}" for gradient in gradients))
"""


def jacobian_script(experiment: Experiment) -> str:
    """A Python file that needs numpy and torch only, and multiplies the Jacobians of the first sequence by autograd.

    Each line of its output after the header is: lag, then log10 of the spectral norm of ∂s_T/∂s_{T−lag}, where s is h,
    and h and c side by side for the LSTM.
    """
    lstm = experiment.cell == "lstm"
    step, helper = _STEPS[experiment.cell, experiment.hidden_path], _gate_z(experiment)
    readout = _READOUT if experiment.cell == "jordan" else ""
    return f"""{_network(experiment, "A product of Jacobians", "", readout)}{helper}

def advance(state, step):
    {"h, c = state.split(H)" if lstm else "h = state"}
    {step}
    return {"torch.cat([h, c])" if lstm else "h"}


state = torch.zeros({"2 * H" if lstm else "H"}, dtype=torch.float64)
jacobians = []
for step in torch.tensor(inputs)[:, 0]:
    jacobians.append(torch.autograd.functional.jacobian(lambda before: advance(before, step), state))
    state = advance(state, step).detach()

product, log10 = torch.eye(len(state), dtype=torch.float64), 0.0
print("lag log10|ds_T/ds_(T-lag)|")
for lag, jacobian in enumerate(reversed(jacobians), start=1):
    product = product @ jacobian
    norm = torch.linalg.matrix_norm(product, ord=2)
    log10 += norm.log10().item()
    product = product / norm if norm else product  # the norm stands in log10 from here on
    print(lag, f"{{log10:.12f}}")
"""


def shape_script(experiment: Experiment, shape: str) -> str:
    """A Python file that needs numpy and torch only, unrolls one of the `SHAPES` and gives each edge a gradient.

    After the loss and the number of parameters, each line of its output is: source, target, and log10 of the norm of
    the gradient that autograd sends through a copy of what goes along this edge.
    """
    lstm, decoder = experiment.cell == "lstm", shape == "encoder-decoder"
    feeds_back = shape in ("one-to-many", "encoder-decoder")
    asked = replace(
        experiment,
        sequence_length=1 if shape == "one-to-one" else experiment.sequence_length,
        loss_at="last" if shape == "many-to-one" else "every",
    )
    readout = f"""OUTPUTS = {"D  # an output is read again" if feeds_back else 4}
readout = torch.tensor(loss_rng.standard_normal((OUTPUTS, H)) / np.sqrt(H))
targets = torch.tensor(loss_rng.standard_normal({"(1, N, OUTPUTS)" if shape == "many-to-one" else "(T, N, OUTPUTS)"}))
"""
    step = "cell(u, states)" if lstm else "(cell(u, *states),)"
    return f"""{_network(asked, f"The gradient through each edge, {shape},", _LOG10_NORM, readout)}{
        _DECODER.format(weights=_weights(asked), module=_cell(asked, "decoder")) if decoder else ""
    }{_EDGES.replace("STEP", step)}
x = [torch.tensor(step, requires_grad=True) for step in inputs]
state = tuple(torch.zeros(N, H, dtype=torch.float64, requires_grad=True) for _ in range({2 if lstm else 1}))
{_SHAPES[shape]}
loss = 0.5 * ((torch.stack(outputs) - targets) ** 2).mean()
loss.backward()

print("loss", loss.item())
cells = [{"cell, decoder" if decoder else "cell"}]
print("parameters", sum(own.numel() for one in cells for own in one.parameters()) + readout.numel())
for source, target, copies in edges:
    print(source, target, f"{{log10_norm(torch.cat([copy.grad for copy in copies])):.12f}}")
"""


def cliff_script(descents: Sequence[Descent]) -> str:
    """A Python file that needs torch only, and walks down the error of one unit by autograd and torch.optim.SGD.

    Each line of its output after the header is: clipping, steps done, w, b, E, and the gradient's norm before clipping.
    """
    starts = "\n".join(
        f"    ({d.clipping!r}, {d.w!r}, {d.b!r}, {d.learning_rate!r}, {d.threshold!r}, {d.steps})," for d in descents
    )
    return f"""# Gradient descent on the error of one unit (Pascanu, Mikolov & Bengio 2013), by autograd.
# On the cliff the slope changes so fast that a difference in the last digit grows from step to step.
import torch

# clipping, w, b, learning rate, threshold, steps
DESCENTS = [
{starts}
]


def error(w, b):
    x = torch.tensor(0.5, dtype=torch.float64)
    for _ in range({STEPS_IN_TIME}):
        x = w * torch.sigmoid(x) + b
    return (torch.sigmoid(x) - {TARGET}) ** 2


print("clipping step w b error gradient_norm")
for clipping, w, b, learning_rate, threshold, steps in DESCENTS:
    place = torch.nn.Parameter(torch.tensor([w, b], dtype=torch.float64))
    optimiser = torch.optim.SGD([place], lr=learning_rate)
    for step in range(steps + 1):
        optimiser.zero_grad()
        loss = error(*place)
        loss.backward()
        print(clipping, step, *place.tolist(), loss.item(), place.grad.norm().item())
        if clipping == "norm":
            torch.nn.utils.clip_grad_norm_([place], threshold)
        if clipping == "value":
            torch.nn.utils.clip_grad_value_([place], threshold)
        optimiser.step()
"""


def blank_script(training: Training, gaps: Sequence[int]) -> str:
    """A Python file that needs numpy and torch only, trains a network to fill in blanks, and tests it.

    After a header each line of its output is: update, loss of its sentences before it; after a second header: number of
    filler words, share of right answers, for each of the gaps.

    Raises:
        ValueError: the training has another task, or is not by Adam and clipped by norm.
    """
    if (training.task, training.optimiser, training.clipping) != ("blank", "adam", "norm"):
        raise ValueError(
            f"task = {training.task!r}, optimiser = {training.optimiser!r}, clipping = {training.clipping!r}: "
            "the script is for 'blank', 'adam' and 'norm'"
        )
    experiment, template = training.experiment, training.template
    module, gates = _MODULES[experiment.cell]
    nonlinearity = ', nonlinearity="relu"' if experiment.cell == "rnn" and experiment.nonlinearity == "relu" else ""
    return f'''"""Fill in the blank: one recurrent network is trained by PyTorch, and tested."""

import numpy as np
import torch

torch.set_num_threads(1)
T, D, H, SEED = {training.steps}, {training.its_task.input_size}, {experiment.hidden_size}, {experiment.seed}
GATES, WEIGHT_SCALE, FORGET_BIAS = {gates}, {experiment.weight_scale!r}, {experiment.forget_bias!r}
GAP, BATCH, UPDATES = {experiment.sequence_length}, {experiment.batch_size}, {training.iterations}
LEARNING_RATE, CLIP_AT = {training.learning_rate!r}, {training.clip_at!r}
TEST_GAPS, TESTED = {list(gaps)!r}, {TESTED}
START, END = {template.start!r}, {template.end!r}
FILLERS = {list(template.fillers)!r}
ANSWERS = {list(template.answers)!r}
{_ORTHOGONAL if experiment.initialisation in ("orthogonal", "keras") else ""}{_BLANK}
# the draw
streams = np.random.SeedSequence(SEED).spawn(4)
rng = np.random.default_rng(streams[0])
{_weights(experiment)}rng = np.random.default_rng(streams[2])
bound = 1 / np.sqrt(H)
readout_weight = rng.uniform(-bound, bound, (len(choices), H))
readout_bias = rng.uniform(-bound, bound, len(choices))
embedding = rng.standard_normal((len(words), D))

# the network
network = torch.nn.{module}(D, H{nonlinearity})
network.load_state_dict({{
    "weight_ih_l0": torch.tensor(weight_ih),
    "weight_hh_l0": torch.tensor(WEIGHT_SCALE * weight_hh),
    "bias_ih_l0": torch.tensor(bias_ih),
    "bias_hh_l0": torch.tensor(bias_hh),
}})
readout = torch.nn.Linear(H, len(choices))
readout.load_state_dict({{"weight": torch.tensor(readout_weight), "bias": torch.tensor(readout_bias)}})
embedding = torch.nn.Embedding.from_pretrained(torch.tensor(embedding).float(), freeze=False)
{_LEARNING}'''


def _targets(every: bool) -> str:
    """The lines that draw what the loss needs."""
    return f"{_READOUT}targets = torch.tensor(loss_rng.standard_normal({'(T, N, 4)' if every else '(N, 4)'}))\n"


def _network(experiment: Experiment, title: str, function: str, readout: str) -> str:
    """The head of a script: its settings, what the seed draws, and the cell with its weights.

    `function` and `readout` are lines of the script that stand before and after the draws of the network.
    """
    _, gates = _MODULES[experiment.cell]
    constants = f"T, N, D, H, SEED = {experiment.sequence_length}, {experiment.batch_size}, {experiment.input_size}, "
    return f'''"""{title} of one recurrent network, by PyTorch's autograd.

{_comment(experiment)}
"""

import numpy as np
import torch

{constants}{experiment.hidden_size}, {experiment.seed}
WEIGHT_SCALE, INPUT_SCALE = {experiment.weight_scale!r}, {experiment.input_scale!r}
FORGET_BIAS = {experiment.forget_bias!r}
TEXT = {experiment.text!r}
GATES = {gates}
{function}
{_ORTHOGONAL if experiment.initialisation in ("orthogonal", "keras") else ""}
# the draw
rng, input_rng, loss_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(SEED).spawn(3))
{_weights(experiment)}{_TEXT if experiment.text else _NOISE}{readout}
# the network, as a cell that is called step by step
{_cell(experiment)}'''


def _weights(experiment: Experiment) -> str:
    """The lines that draw the parameters of one cell from `rng`."""
    rest = _REST.get(experiment.initialisation, _GAUSSIAN_REST)
    return f"weight_hh = {_recurrent(experiment)}\n{rest}{_gate_bias(experiment)}"


def _cell(experiment: Experiment, name: str = "cell") -> str:
    """The lines that make a cell of the parameters that were drawn last."""
    module, _ = _MODULES[experiment.cell]
    relu = experiment.nonlinearity == "relu"
    if experiment.cell == "jordan":
        return _JORDAN.replace("ACTIVATION", "relu" if relu else "tanh")
    nonlinearity = 'nonlinearity="relu", ' if relu and experiment.cell == "rnn" else ""
    return f"""{name} = torch.nn.{module}Cell(D, H, {nonlinearity}dtype=torch.float64)
{name}.load_state_dict({{
    "weight_ih": torch.tensor(weight_ih),
    "weight_hh": torch.tensor(WEIGHT_SCALE * weight_hh),
    "bias_ih": torch.tensor(bias_ih),
    "bias_hh": torch.tensor(bias_hh),
}})
"""


def _walk(experiment: Experiment) -> str:
    """The loop over time; cut, no derivative passes through W_hh."""
    cell, path = experiment.cell, experiment.hidden_path
    walk = (_LSTM_WALK if cell == "lstm" else _WALK).replace("STEP", _STEPS[cell, path])
    return _gate_z(experiment) + walk


def _gate_z(experiment: Experiment) -> str:
    """The function that the cut GRU needs for its additive path."""
    return _Z if (experiment.cell, experiment.hidden_path) == ("gru", "cut") else ""


def _recurrent(experiment: Experiment) -> str:
    """The expression that draws W_hh."""
    columns = "4" if experiment.cell == "jordan" else "H"
    draw = _KERAS if experiment.initialisation == "keras" else _BY_BLOCK.format(_DRAWS[experiment.initialisation])
    return draw.replace("COLUMNS", columns)


def _gate_bias(experiment: Experiment) -> str:
    """The lines that change the biases of the gates."""
    lstm = experiment.cell == "lstm"
    if experiment.gate_bias == "chrono" and _MODULES[experiment.cell][1] > 1:
        return _CHRONO + (_CHRONO_INPUT if lstm else "")
    return "bias_ih[H : 2 * H] += FORGET_BIAS\n" if lstm and experiment.gate_bias == "constant" else ""


def _comment(experiment: Experiment) -> str:
    """The settings, one a line; the text stands in the code, where its quotes do no harm."""
    return "\n".join(f"{name} = {value}" for name, value in settings(experiment).items() if name != "text")
