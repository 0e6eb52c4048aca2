"""The script of a training: one network learns a task, is looked at as it does, and is tested at the end."""

import inspect
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from rnn_dynamics.engine.cells import CELLS, Cell
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.learning.networks import PLACES
from rnn_dynamics.learning.tasks import TASKS
from rnn_dynamics.learning.tasks.blank import BLANK, CUE, UNKNOWN
from rnn_dynamics.learning.training import DIVERGED, TESTED, Training
from rnn_dynamics.scripts.network import orthogonal, weight_lines

_SENTENCES = (
    """

def split(text):
    return text.lower().split()


parts = [START.replace("CUE", " "), *(cue for cue, _ in ANSWERS), *FILLERS, END]
words = list(dict.fromkeys(["UNKNOWN", *(word for part in parts for word in split(part) if word != "BLANK")]))
places = {word: place for place, word in enumerate(words)}
choices = list(dict.fromkeys(answer.lower() for _, answer in ANSWERS))


def draw(generator, count, gap, _):
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
    read = np.array([[places.get(word, 0) for word in sentence] for sentence in read]).T
    return Batch(read, np.array([choices.index(ANSWERS[pair][1].lower()) for pair in pairs]))

""".replace("CUE", CUE)
    .replace("UNKNOWN", UNKNOWN)
    .replace("BLANK", BLANK)
)
_NETWORK = """
# what the seed draws
weight_stream, batch_stream, readout_stream, test_stream = np.random.SeedSequence(SEED).spawn(4)
rng = np.random.default_rng(weight_stream)
WEIGHTSrng, bound = np.random.default_rng(readout_stream), 1 / np.sqrt(H)
readout_weight, readout_bias = rng.uniform(-bound, bound, (OUTPUTS, H)), rng.uniform(-bound, bound, OUTPUTS)

# the network
network, readout = MODULE(D, HNONLINEARITY), torch.nn.Linear(H, OUTPUTS)
network.load_state_dict({
DRAWN})
readout.load_state_dict({"weight": torch.tensor(readout_weight), "bias": torch.tensor(readout_bias)})
"""
_EMBEDDING = """drawn = torch.tensor(rng.standard_normal((len(words), D))).float()
embedding = torch.nn.Embedding.from_pretrained(drawn, freeze=False)
"""
_TRAINING = """
parameters = [<parameters>]
optimiser = torch.optim.<optimiser>(parameters, lr=LEARNING_RATE)
batch_test = draw(np.random.default_rng(test_stream), TESTED, GAP, True)


def answers(batch):
    states, _ = network(<inputs>)
    return readout(<answered>)


def loss_of(scores, batch):
    <loss>


def accuracy_of(scores, batch):
    <right>
    return right.double().mean().item()


def look(update):
    with torch.no_grad():
        scores = answers(batch_test)
        print("look", update, loss_of(scores, batch_test).item(), accuracy_of(scores, batch_test))


torch.set_flush_denormal(True)  # smaller numbers would only take time
print("update number loss gradient_norm, and look update loss accuracy on test sequences")
look(0)
for update in range(1, UPDATES + 1):
    stream = np.random.SeedSequence(SEED, spawn_key=(1, update - 1))
    batch = draw(np.random.default_rng(stream), BATCH, GAP, False)
    optimiser.zero_grad()
    loss = loss_of(answers(batch), batch)
    loss.backward()
    norm = torch.nn.utils.get_total_norm([parameter.grad for parameter in parameters])
    print("update", update, loss.item(), norm.item())
    if not norm.isfinite() or not loss <= LARGEST_LOSS:
        print("stopped")
        break
<clip>    optimiser.step()
    if update in LOOKS:
        look(update)
"""
_GAPS = """
for gap in TEST_GAPS:
    batch = draw(np.random.default_rng(test_stream), TESTED, gap, True)
    with torch.no_grad():
        print("gap", gap, accuracy_of(answers(batch), batch))
"""
_CLIP = {
    "none": "",
    "norm": "    torch.nn.utils.clip_grads_with_norm_(parameters, CLIP_AT, norm)\n",
    "value": "    torch.nn.utils.clip_grad_value_(parameters, CLIP_AT)\n",
}
_OPTIMISERS = {"adam": "Adam", "rmsprop": "RMSprop", "sgd": "SGD"}


def training_script(training: Training, gaps: Sequence[int] = ()) -> str:
    """A Python file that needs numpy and torch, and scikit-learn where digits are read, and trains one network.

    After a header each line of its output is "update", its number, the loss of its sequences before it and the norm of
    the gradient before clipping; or "look", how many updates lie before it, loss and accuracy on the test sequences;
    or "stopped", where the loss has diverged. Last, for each of the gaps: "gap", its number of filler words, accuracy.

    Raises:
        ValueError: gaps are named, and the task is not "blank", or does not allow one of them.
    """
    if gaps and training.task != "blank":
        raise ValueError(f"gaps = {list(gaps)} with task = {training.task!r}: only 'blank' is tested at other gaps")
    task, reads_words = training.its_task, training.task == "blank"
    for gap in gaps:
        task.steps_of(gap)
    body = _TRAINING
    for name, lines in {
        "parameters": "*network.parameters(), *readout.parameters()" + ", *embedding.parameters()" * reads_words,
        "optimiser": _OPTIMISERS[training.optimiser],
        "inputs": "embedding(torch.tensor(batch.inputs))" if reads_words else "torch.tensor(batch.inputs).float()",
        "answered": "states" if task.every_step else "states[-1:]",
        "loss": _loss(training),
        "right": _right(training),
        "clip": _CLIP[training.clipping],
    }.items():
        body = body.replace(f"<{name}>", lines)
    return f"{_beginning(training, gaps)}{_draw(training)}{_network(training)}{body}{_GAPS if gaps else ''}"


def _loss(training: Training) -> str:
    if training.its_task.tolerance is not None:
        return "return torch.nn.functional.mse_loss(scores[-1, :, 0], torch.tensor(batch.targets).float())"
    return "return torch.nn.functional.cross_entropy(scores.flatten(0, 1), torch.tensor(batch.targets).flatten())"


def _right(training: Training) -> str:
    task = training.its_task
    if task.tolerance is not None:
        return f"right = (scores[-1, :, 0] - torch.tensor(batch.targets)).abs() < {task.tolerance}"
    targets = f"batch.targets[-{task.judged}:]" if task.every_step else "batch.targets[None]"
    return f"right = scores[-{task.judged} :].argmax(dim=-1) == torch.tensor({targets})"


def _beginning(training: Training, gaps: Sequence[int]) -> str:
    experiment, task = training.experiment, training.its_task
    name = training.task.replace("_", " ").capitalize()
    needs = (
        "numpy, torch and scikit-learn, which carries the digits" if training.task == "digits" else "numpy and torch"
    )
    words = f"""START, END = {training.template.start!r}, {training.template.end!r}
FILLERS = {list(training.template.fillers)!r}
ANSWERS = {list(training.template.answers)!r}
TEST_GAPS = {list(gaps)!r}
"""
    return f'''"""{name}: one recurrent network is trained by PyTorch, and tested.

Needs {needs}.
Agrees with the page to what 32-bit numbers allow: from update to update the last digits drift apart.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache

import numpy as np
import torch

torch.set_num_threads(1)
Batch = namedtuple("Batch", "inputs targets")
T, D, H, SEED = {training.steps}, {task.input_size}, {experiment.hidden_size}, {experiment.seed}
GATES, OUTPUTS = {CELLS[experiment.cell].blocks}, {task.outputs}
WEIGHT_SCALE, FORGET_BIAS = {experiment.weight_scale!r}, {experiment.forget_bias!r}
GAP, BATCH, UPDATES = {experiment.sequence_length}, {experiment.batch_size}, {training.iterations}
LEARNING_RATE, CLIP_AT = {training.learning_rate!r}, {training.clip_at!r}
LOOKS, TESTED = {training.looks!r}, {TESTED}
LARGEST_LOSS = {DIVERGED * task.chance_loss(experiment.sequence_length)!r}  # beyond it a training has diverged
{words if training.task == "blank" else ""}{orthogonal(experiment)}'''


def _network(training: Training) -> str:
    experiment, cell = training.experiment, CELLS[training.experiment.cell]
    relu = cell.module == "RNN" and experiment.nonlinearity == "relu"
    module, own = (f"torch.nn.{cell.module}", "") if cell.module else _own_module(cell.name)
    lines = _NETWORK.replace("WEIGHTS", weight_lines(experiment)).replace("MODULE", module)
    lines = lines.replace("NONLINEARITY", ', nonlinearity="relu"' * relu).replace("DRAWN", _drawn(cell))
    return own + lines + (_EMBEDDING if training.task == "blank" else "")


def _drawn(cell: Cell) -> str:
    """Torch's name of each parameter of the network, and what was drawn for it."""
    names = [f"{kind}_{of}" for kind in ("weight", "bias") for of in ("ih", *["hh"] * has_w_hh(cell))]
    values = {name: "WEIGHT_SCALE * " * (name == "weight_hh") + name for name in (*names, *cell.further(0))}
    return "".join(f'    "{name}_l0": torch.tensor({value}),\n' for name, value in values.items())


def _own_module(cell: str) -> tuple[str, str]:
    """A network that torch.nn lacks: its name, and its lines; these are read, for to import them would load torch."""
    place, name = PLACES[cell]
    source = files("rnn_dynamics.learning.networks").joinpath(f"{place}.py").read_text(encoding="utf-8")
    return name, source.partition("import torch\n")[2]


def _draw(training: Training) -> str:
    """The function `draw` of the training's task; but for sentences it is the task's own, with what it uses."""
    if training.task == "blank":
        return _SENTENCES
    own, constants, functions = TASKS[training.task].draw, dict[str, str](), dict[str, str]()
    _gather(own, constants, functions)
    return f"\n{''.join(constants.values())}{''.join(functions.values())}\n\ndraw = {own.__name__}\n"


def _gather(function: Callable[..., Any], constants: dict[str, str], functions: dict[str, str]) -> None:
    """The source of a function, and of the constants and functions of its module that it uses."""
    bare = inspect.unwrap(function)
    for name in bare.__code__.co_names:
        used = bare.__globals__.get(name)
        if isinstance(used, int | float):
            constants[name] = f"{name} = {used!r}\n"
        elif callable(used) and getattr(inspect.unwrap(used), "__module__", "") == bare.__module__:
            _gather(used, constants, functions)
    functions[bare.__name__] = f"\n\n{inspect.getsource(bare)}"
