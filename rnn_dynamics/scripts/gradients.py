"""The script of `run`: the norms of a gradient at each step, of one network or of layers and directions."""

from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.trace import Trace
from rnn_dynamics.scripts.network import first_layer_alone, head, loss_lines
from rnn_dynamics.scripts.walk import START, heading, walk_lines

_ONE = """
# the way forward
cell = make_cell(np.random.default_rng(weight_stream), D)
steps = read(cell, torch.tensor(inputs)START)
states = torch.stack([after[0] for _, _, after in steps]).detach().requires_grad_()
"""
LOSS = """loss = 0.5 * ((COMPARED @ readout.T - targets) ** 2).mean()
errors = [scaled(error) for error in torch.autograd.grad(loss, states)[0].numpy()]
print("loss", loss.item())

# the way back
"""
_ONE_BACK = """print("HEADING")
for t, found in enumerate(walk_back(steps, errors), start=1):
    print(t, *(f"{log10_norm(*part):.12f}" for part in found))
"""
_STACK = """
# the way forward; each level is kept in the order of time
level_streams, nothing = weight_stream.spawn(2 * LAYERS), [None] * LAYERS * DIRECTIONS


def run(inputs, starts):
    layers, starts = [], iter(starts)
    for layer in range(LAYERS):
        levels = []
        for direction in range(DIRECTIONS):
            stream, start = level_streams[2 * layer + direction] if layer or direction else weight_stream, next(starts)
            cell = make_cell(np.random.default_rng(stream), inputs.shape[2]THIS)
            levels.append(read(cell, inputs.flip(0), start)[::-1] if direction else read(cell, inputs, start))
        layers.append(levels)
        inputs = torch.stack([torch.cat([after[0] for _, _, after in both], dim=1) for both in zip(*levels)]).detach()
    return layers, inputs


layers, states = run(torch.tensor(inputs), STARTS)
states.requires_grad_()
"""
#: Initial state -> those of all levels.
_STARTS = {
    "zero": "nothing",
    "noise": "(start() for _ in nothing)",
    "carried": """[
    begin(levels[direction][0 if direction else -1][2])  # its last state, the first in time if it reads in reverse
    for levels in run(torch.tensor(before), nothing)[0]
    for direction in range(DIRECTIONS)
]""",
}
#: Loss -> what is compared with the targets; of both directions at the end of each.
_COMPARED = {"last": "states[-1]", "every": "states", "final": "states[-1]"}
_BOTH_ENDS = "torch.cat([states[-1, :, :H], states[0, :, H:]], dim=1)"
STACK_BACK = """norms = {}
for layer in reversed(range(LAYERS)):
    below = []
    for direction, steps in enumerate(layers[layer]):
        own = [scaled(error[:, direction * H : (direction + 1) * H], exponent) for error, exponent in errors]
        found = walk_back(steps[::-1], own[::-1])[::-1] if direction else walk_back(steps, own)
        norms[layer + 1, direction] = [[log10_norm(*part) for part in step] for step in found]
        below.append([step[0] for step in found])
    errors = []
    for parts in zip(*below):  # what is read at a step has a gradient through each direction
        larger = max(exponent for _, exponent in parts)
        errors.append(scaled(sum(np.ldexp(numbers, exponent - larger) for numbers, exponent in parts), larger))

print("layer direction HEADING")
for t, error in enumerate(errors, start=1):
    print(0, "both", t, f"{log10_norm(*error):.12f}")
for (layer, direction), found in sorted(norms.items()):
    for t, step in enumerate(found, start=1):
        print(layer, ("forwards", "backwards")[direction], t, *(f"{norm:.12f}" for norm in step))
"""


def reproduction_script(trace: Trace) -> str:
    """A Python file that needs numpy and torch only, and prints log10 norms by autograd.

    After the loss and a heading each line of its output is: t, then log10 of ‖dL/dx_t‖, ‖dL/dh_t‖ and, for the LSTM,
    ‖dL/dc_t‖, for the sLSTM those of ln n_t and c_t/n_t. With several layers or directions a layer and a direction
    stand before t: "0 both" for the inputs alone; for each level its part of the gradient of what it reads, in the
    place of ‖dL/dx_t‖.
    """
    experiment, every = trace.experiment, trace.experiment.loss_at == "every"
    stacked = experiment.levels > 1
    ends = experiment.loss_at == "final" and experiment.bidirectional
    loss = LOSS.replace("COMPARED", _BOTH_ENDS if ends else _COMPARED[experiment.loss_at])
    back = (STACK_BACK if stacked else _ONE_BACK).replace("HEADING", heading(cell_of(experiment)))
    draws = loss_lines(every, "H * DIRECTIONS" if stacked else "H")
    beginning = head(experiment, "Gradients through time", trace.digits, draws)
    stack = _STACK.replace("THIS", ", layer" if first_layer_alone(experiment) else "")
    stack = stack.replace("STARTS", _STARTS[experiment.initial_state])
    one = _ONE.replace("START", START[experiment.initial_state])
    return beginning + walk_lines(experiment) + (stack if stacked else one) + loss + back
