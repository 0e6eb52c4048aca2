"""How weights, inputs, read-out and targets are drawn from the seed.

Weights, inputs and loss have a random stream each. The inputs of a longer sequence begin with those of a shorter one,
and all cells read the same inputs: what a reader changes is the only thing that changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rnn_dynamics.engine.cells import Cell
from rnn_dynamics.engine.cells.cell import recurrent_blocks, recurrent_columns, takes_forget_bias
from rnn_dynamics.experiment import Experiment

Array = NDArray[np.float64]

#: D_out: how many numbers the linear read-out predicts.
OUTPUT_SIZE = 4


@dataclass(frozen=True)
class Draw:
    """One draw of everything random in an experiment, before the weight scale.

    parameters: torch's names and gate order. inputs (T, N, D). readout (D_out, H), or (D_out, 2H) in both directions.
    targets (N, D_out), or (T, N, D_out) for a loss at every step. start: for each component of the state the initial
    ones of all levels (levels, N, H), where they are noise. before: (T, N, D), what is read before, where states are
    carried over.
    """

    parameters: dict[str, Array]
    inputs: Array
    readout: Array
    targets: Array
    start: tuple[Array, ...] = ()
    before: Array | None = None


def make_draw(experiment: Experiment, cell: Cell, output_size: int = OUTPUT_SIZE) -> Draw:
    """Draw everything that the seed decides.

    Args:
        experiment: the question; its weight scale is not applied.
        cell: the experiment's; its gates are the blocks of weight_ih_l0, in order.
        output_size: D_out.
    """
    streams = np.random.SeedSequence(experiment.seed).spawn(3)
    weights, inputs, loss = (np.random.default_rng(stream) for stream in streams)
    steps, outputs = experiment.sequence_length, (experiment.batch_size, output_size)
    columns = recurrent_columns(cell, experiment.hidden_size, output_size)
    width = experiment.hidden_size * experiment.directions
    parameters = make_parameters(experiment, cell, weights, experiment.input_size, columns)
    # Each further level has a stream of its own, so that no other number of a seed depends on how many there are.
    further = streams[0].spawn(2 * experiment.num_layers) if experiment.levels > 1 else ()
    for level, stream in enumerate(further):
        layer, direction = divmod(level, 2)
        if level and direction < experiment.directions:
            suffix = f"_l{layer}" + "_reverse" * direction
            read = width if layer else experiment.input_size
            drawn = make_parameters(experiment, cell, np.random.default_rng(stream), read, columns, layer)
            parameters |= {name.replace("_l0", suffix): values for name, values in drawn.items()}
    return Draw(
        parameters=parameters,
        inputs=make_inputs(experiment, inputs),
        readout=make_readout(width, loss, output_size),
        targets=loss.standard_normal((steps, *outputs) if experiment.loss_at == "every" else outputs),
        start=_make_start(experiment, cell) if experiment.initial_state == "noise" else (),
        before=make_inputs(experiment, _stream(experiment, 6)) if experiment.initial_state == "carried" else None,
    )


def make_readout(width: int, generator: Generator, output_size: int = OUTPUT_SIZE) -> Array:
    """Draw the read-out (D_out, width) of a loss, before its targets."""
    return np.asarray(generator.standard_normal((output_size, width)) / np.sqrt(width))


def _stream(experiment: Experiment, number: int) -> Generator:
    """A further random stream, that no other number depends on."""
    return np.random.default_rng(np.random.SeedSequence(experiment.seed).spawn(number + 1)[number])


def _make_start(experiment: Experiment, cell: Cell) -> tuple[Array, ...]:
    """Initial states N(0, 1), level by level, so that those of one do not depend on how many there are above."""
    shape = (experiment.levels, len(cell.components), experiment.batch_size, experiment.hidden_size)
    return tuple(_stream(experiment, 5).standard_normal(shape).swapaxes(0, 1))


def make_decoder(experiment: Experiment, cell: Cell) -> dict[str, Array]:
    """Draw the parameters of a second cell, from a stream of their own that no other number depends on."""
    columns = recurrent_columns(cell, experiment.hidden_size, OUTPUT_SIZE)
    return make_parameters(experiment, cell, _stream(experiment, 3), experiment.input_size, columns)


def make_parameters(
    experiment: Experiment, cell: Cell, generator: Generator, input_size: int, columns: int, layer: int = 0
) -> dict[str, Array]:
    """Draw the parameters of one level by the experiment's scheme, as the first's; weight_hh_l0 is at weight scale 1.

    Without biases they are there as zeros, which `learned` leaves out.

    See `make_draw` for the arguments; the generator is that of the weights, `columns` are weight_hh_l0's.
    """
    hidden, blocks = experiment.hidden_size, cell.blocks
    further = cell.draw_further(hidden, generator)
    own_bias = further.pop("bias_ih", 0.0)
    drawn = {f"{name}_l0": of for name, of in further.items()}
    recurrent = np.zeros((0, columns))  # of a cell without W_hh
    if rows := recurrent_blocks(cell):
        recurrent = SCHEMES[experiment.initialisation](hidden, columns, rows, generator)
    from_input = _make_input_weights(experiment, (blocks * hidden, input_size), generator)
    from_input *= experiment.input_weight_scale
    bias_ih, bias_hh = _make_biases(experiment, cell, generator, layer, (input_size, columns), own_bias)
    bias_hh = bias_hh[: len(recurrent)]
    drawn |= {"weight_ih_l0": from_input, "weight_hh_l0": recurrent, "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh}
    return drawn


def learned(experiment: Experiment, parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Those of all parameters that the network has: none without rows, and no biases where it has none."""
    has = {name: values.size and (experiment.bias or "bias" not in name) for name, values in parameters.items()}
    return {name: values for name, values in parameters.items() if has[name]}


def _make_biases(
    experiment: Experiment, cell: Cell, generator: Generator, layer: int, columns: tuple[int, int], own: Array | float
) -> Array:
    """Both vectors of biases of one level, (2, G·H), beside W_ih and W_hh with so many columns.

    `own` adds to the first, but for a gate whose bias `gate_bias` sets.
    """
    biases = np.zeros((2, cell.blocks * experiment.hidden_size))
    if not experiment.bias:
        return biases
    if experiment.initialisation == "torch":
        biases = torch_uniform(experiment.hidden_size, biases.shape, generator)
    elif experiment.initialisation == "linear":
        biases = np.stack([torch_uniform(read, biases[0].shape, generator) for read in columns])
    biases[0] += own
    by_gate = dict(zip(cell.gates, biases[0].reshape(cell.blocks, -1), strict=False))
    if experiment.gate_bias == "chrono":
        _set_chrono_biases(by_gate, cell, experiment, generator)
    elif experiment.gate_bias == "powerlaw":
        _set_power_law_biases(by_gate, cell)
    elif takes_forget_bias(cell) and (layer == 0 or experiment.forget_bias_layers == "all"):
        by_gate[cell.keeps] += experiment.forget_bias
    return biases


def _make_input_weights(experiment: Experiment, shape: tuple[int, int], generator: Generator) -> Array:
    """W_ih; the generator goes on from where the initialisation's own input weights leave it.

    So no other number of a seed depends on `input_weights`: normal variates take more of a stream than uniform ones do.
    """
    drawn_by = partial(_by_input_scheme, hidden=experiment.hidden_size, shape=shape, generator=generator)
    if experiment.input_weights == "same":
        return drawn_by(experiment.input_scheme)
    before = generator.bit_generator.state
    drawn = drawn_by(experiment.input_scheme)
    generator.bit_generator.state = before
    drawn_by(replace(experiment, input_weights="same").input_scheme)
    return drawn


def _by_input_scheme(scheme: str, hidden: int, shape: tuple[int, int], generator: Generator) -> Array:
    if scheme in ("torch", "linear"):
        return torch_uniform(hidden if scheme == "torch" else shape[1], shape, generator)
    if scheme == "keras":
        bound = np.sqrt(6.0 / sum(shape))  # Glorot & Bengio 2010; all gates count as one output
        return generator.uniform(-bound, bound, shape)
    # With std 1/√D the input's share of the pre-activation has the input's own variance.
    return np.asarray(generator.standard_normal(shape) / np.sqrt(shape[1]))


def _set_chrono_biases(by_gate: Mapping[str, Array], cell: Cell, experiment: Experiment, generator: Generator) -> None:
    """Write log U(1, T − 1) to the gate that keeps the state, its negative to the one beside it that writes.

    The same variates serve every T. They come last, so that they move no other draw.
    """
    longest = max(experiment.sequence_length, 2) - 2
    bias = np.log1p(longest * generator.random(experiment.hidden_size))
    for gate, sign in ((cell.keeps, 1.0), (cell.writes, -1.0)):
        if gate in by_gate:
            by_gate[gate][:] = sign * bias


def _set_power_law_biases(by_gate: Mapping[str, Array], cell: Cell) -> None:
    """Write 5 − 12 (k / (H − 1))^0.3 of units k = 0 .. H − 1 to the gate that keeps, its negative to a z that writes.

    So the code of xLSTM's authors sets the forget gate of a head in the first block of a stack, see `Experiment`.
    """
    for gate, sign in ((cell.keeps, 1.0), (cell.writes, -1.0)):
        if gate in by_gate:
            units = np.arange(by_gate[gate].size)
            by_gate[gate][:] = sign * (5.0 - 12.0 * (units / max(1, units.size - 1)) ** 0.3)
            return


def make_inputs(experiment: Experiment, generator: Generator) -> Array:
    """The inputs (T, N, D): Gaussian noise, or the text, the same for each sequence of the batch."""
    shape = (experiment.sequence_length, experiment.batch_size, experiment.input_size)
    if not experiment.text:
        return experiment.input_scale * generator.standard_normal(shape)
    alphabet = sorted(set(experiment.text))
    one_hot = experiment.input_scale * np.eye(len(alphabet))[[alphabet.index(letter) for letter in experiment.text]]
    return np.repeat(one_hot[:, None, :], experiment.batch_size, axis=1)


def _gaussian(hidden: int, columns: int, blocks: int, generator: Generator) -> Array:
    return np.asarray(generator.standard_normal((blocks * hidden, columns)) / np.sqrt(columns))


def _orthogonal(hidden: int, columns: int, blocks: int, generator: Generator) -> Array:
    return np.concatenate([_orthonormal(hidden, columns, generator) for _ in range(blocks)])


def _identity(hidden: int, columns: int, blocks: int, generator: Generator) -> Array:
    return np.tile(np.eye(hidden, columns), (blocks, 1))


def _torch(hidden: int, columns: int, blocks: int, generator: Generator) -> Array:
    return torch_uniform(hidden, (blocks * hidden, columns), generator)


def _linear(hidden: int, columns: int, blocks: int, generator: Generator) -> Array:
    # torch.nn.Linear.reset_parameters: weights and biases are U(−1/√n, 1/√n), n being the numbers that are read.
    return torch_uniform(columns, (blocks * hidden, columns), generator)


def _keras(hidden: int, columns: int, blocks: int, generator: Generator) -> Array:
    # keras.initializers.Orthogonal sees the kernel of all gates at once, so no gate's own block is orthogonal.
    return _orthonormal(blocks * hidden, columns, generator)


def _orthonormal(rows: int, columns: int, generator: Generator) -> Array:
    """A matrix of orthonormal columns, or rows where these are fewer."""
    drawn = generator.standard_normal((rows, columns))
    # The signs make the factor unique, and with it the draw uniform over all such matrices (Mezzadri 2007).
    q, r = np.linalg.qr(drawn if rows >= columns else drawn.T)
    found = q * np.sign(np.diag(r))
    return np.asarray(found if rows >= columns else found.T)


def torch_uniform(size: int, shape: tuple[int, ...], generator: Generator) -> Array:
    """Draw from U(−1/√n, 1/√n), as torch.nn.RNNBase.reset_parameters does with n = H, and nn.Linear with its inputs."""
    bound = 1.0 / np.sqrt(size)
    return generator.uniform(-bound, bound, shape)


#: Name of the scheme -> weight_hh_l0 (G·H, columns) at weight scale 1, of H, columns, G and the generator.
SCHEMES: dict[str, Callable[[int, int, int, Generator], Array]] = {
    "gaussian": _gaussian,
    "orthogonal": _orthogonal,
    "identity": _identity,
    "torch": _torch,
    "linear": _linear,
    "keras": _keras,
}
