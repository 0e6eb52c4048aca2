"""The script of weights that are given: the norms of a gradient at each step, from the reader's own file."""

from collections.abc import Mapping

from rnn_dynamics.engine.cells import Cell
from rnn_dynamics.engine.cells.cell import keeping_gate
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.own.given import Given
from rnn_dynamics.scripts.gradients import LOSS, STACK_BACK
from rnn_dynamics.scripts.network import advance_lines, agreement, block_of, cell_lines, indented
from rnn_dynamics.scripts.walk import heading, walk_lines

_HEAD = '''"""Gradients through time of a recurrent network with weights of a file, by PyTorch's autograd.

{agreement}

{settings}
"""

import json

import numpy as np
import torch

torch.set_num_threads(1)
FILE, INPUTS = {files!r}  # where they lie; as inputs "" reads noise
NAMES = {names}  # torch's name of each array, and the file's
T, N, D, H, SEED = {sizes}
LAYERS, DIRECTIONS, GATES = {levels}
WEIGHT_SCALE, FORGET_BIAS, INPUT_SCALE = {knobs}


def tensors(held, before=""):
    """Name and array of all tensors in dictionaries, however these lie in one another."""
    for name, value in held.items():
        if isinstance(value, dict):
            yield from tensors(value, f"{{before}}{{name}}.")
        elif isinstance(value, torch.Tensor):
            yield f"{{before}}{{name}}", value.detach().double().numpy()


def load(path):
    """The arrays of a file by name."""
    if path.endswith(".npz"):
        return np.load(path)
    if not path.endswith(".safetensors"):
        return dict(tensors(torch.load(path, map_location="cpu", weights_only=True)))
    with open(path, "rb") as file:
        parts = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        numbers = file.read()
    kinds = {{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}}
    arrays = {{}}
    for name, part in parts.items():
        if name != "__metadata__" and part["dtype"] in kinds:
            found = np.frombuffer(numbers[slice(*part["data_offsets"])], kinds[part["dtype"]])
            found = (found.astype("<u4") << 16).view("<f4") if part["dtype"] == "BF16" else found
            arrays[name] = found.reshape(part["shape"])
    return arrays


file = load(FILE)
weights = {{name: np.array(file[key], dtype=np.float64) for name, key in NAMES.items()}}


def make_cell(end):
    weight_ih, weight_hh = weights["weight_ih" + end], weights.get("weight_hh" + end)
    bias_ih, bias_hh = (weights.get(name + end, np.zeros(GATES * H)).copy() for name in ("bias_ih", "bias_hh"))
    D = weight_ih.shape[1]
{further}{biases}{cell}    return cell

{advance}
# the draw
_, input_stream, loss_stream = np.random.SeedSequence(SEED).spawn(3)
loss_rng = np.random.default_rng(loss_stream)
if INPUTS:
    inputs = np.load(INPUTS).astype(np.float64)
    inputs = (inputs[:, None] if inputs.ndim == 2 else inputs)[:T, :N]
else:
    inputs = INPUT_SCALE * np.random.default_rng(input_stream).standard_normal((T, N, D))
readout = torch.tensor(loss_rng.standard_normal((4, H * DIRECTIONS)) / np.sqrt(H * DIRECTIONS))
targets = torch.tensor(loss_rng.standard_normal({targets}))
'''
_FORWARD = """
# the way forward; each level is kept in the order of time
layers, inputs = [], torch.tensor(inputs)
for layer in range(LAYERS):
    levels = [read(make_cell(f"_l{layer}"), inputs)]
    if DIRECTIONS == 2:
        levels.append(read(make_cell(f"_l{layer}_reverse"), inputs.flip(0))[::-1])
    layers.append(levels)
    inputs = torch.stack([torch.cat([after[0] for _, _, after in both], dim=1) for both in zip(*levels)]).detach()
states = inputs.requires_grad_()
"""
#: What the loss reads of the states, by where it is.
_COMPARED = {
    "last": "states[-1]",
    "every": "states",
    "final": "torch.cat([states[-1, :, :H], states[0, :, H:]], dim=1)",
}


def own_network_script(given: Given, experiment: Experiment, digits: int) -> str:
    """A Python file that needs numpy, torch and the weights' file, and prints log10 norms by autograd.

    Its output is that of `gradients.reproduction_script` for several layers. experiment: what was asked of the weights.
    """
    network = given.network_for(experiment)
    cell = network.kind
    kind = Experiment(cell=network.cell, nonlinearity=network.nonlinearity, reset_gate=network.reset_gate)
    head = _HEAD.format(
        agreement=agreement(digits),
        settings="\n".join(f"{name} = {value!r}" for name, value in _settings(given, experiment).items()),
        files=(given.file_name, given.inputs_file if given.inputs is not None else ""),
        names=_named(given),
        sizes=f"{experiment.sequence_length}, {experiment.batch_size}, {network.input_size}, {network.hidden_size}, "
        f"{experiment.seed}",
        levels=f"{network.num_layers}, {network.directions}, {cell.blocks}",
        knobs=f"{experiment.weight_scale!r}, {experiment.forget_bias!r}, {experiment.input_scale!r}",
        further="".join(f'    {name} = weights.get("{name}" + end, np.zeros(0))\n' for name in cell.further(0)),
        biases=_biases(cell),
        cell=indented(cell_lines(kind)),
        advance=advance_lines(kind),
        targets="(T, N, 4)" if experiment.loss_at == "every" else "(N, 4)",
    )
    loss = LOSS.replace("COMPARED", _COMPARED[experiment.loss_at])
    return head + walk_lines(kind) + _FORWARD + loss + STACK_BACK.replace("HEADING", heading(cell))


def _biases(cell: Cell) -> str:
    """The line that adds to the gate that keeps the state, if there is one."""
    gate, sign = keeping_gate(cell)
    return indented(f"{block_of(cell, gate)} {'+' if sign > 0 else '-'}= FORGET_BIAS\n") if gate else ""


def _settings(given: Given, experiment: Experiment) -> dict[str, object]:
    names = ("weight_scale", "forget_bias", "sequence_length", "batch_size", "input_scale", "loss_at", "seed")
    asked = {name: getattr(experiment, name) for name in names}
    return {"weights": given.source} | asked  # names from a file stand in the code, where their quotes do no harm


def _named(given: Given) -> str:
    names: Mapping[str, str] = {name: given.keys.get(name, name) for name in given.network.parameters}
    return "{\n" + "".join(f"    {name!r}: {key!r},\n" for name, key in names.items()) + "}"
