"""What a cell is: one time step of an architecture, its adjoint step, and the names of its parts.

Arrays are time first and *feature first*: (T, rows, C) with C columns. A column is one sequence of the batch, of one
member of a family (see `run.py`). Feature first keeps each gate contiguous, so that a step is a few whole-array
operations on memory that lies side by side. Families of seeds carry one more axis after time; the cells index from
the right and do not notice.

A step receives views that its cell has prepared (`forward_views`, `adjoint_views`), because at lecture size (H = 32,
N = 8) slicing an array costs as much as adding two of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from rnn_dynamics.engine.cells.activations import Array

#: Multiplications of a product up to which OpenBLAS reads the matrices where they lie, with its kernels for AVX-512.
#: Beyond it copies both first, which takes as long again as the product where one has few columns.
_READ_IN_PLACE = 1_000_000
#: A part of a matrix with fewer rows than this is not worth a call.
_FEWEST_ROWS = 16


@dataclass(frozen=True)
class Weights:
    """The parameters of a cell, its blocks in the order in which the cell computes.

    weight_ih (G·H, D), weight_hh (G·H, H; Jordan: a column for each output; coRNN: 2H), bias (G·H, 1) added to the
    input projection, and recurrent_bias (H, 1), the part of the GRU's bias that the reset gate multiplies. `scale` is
    None, or (1, C): a factor on `weight_hh` that differs from column to column, by which one matrix product serves
    many weight scales.
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array
    recurrent_bias: Array | None = None
    scale: Array | None = None

    def fed_back(self, hidden: Array) -> Array:
        """What W_hh multiplies, of the states (..., H, C): the states themselves, but for the Jordan network."""
        return hidden

    def cut(self) -> "Weights":
        """The same for a way back on which W_hh h_{t−1} is a constant."""
        return replace(self, weight_hh=np.zeros_like(self.weight_hh))

    def multiplied(self, record: Any) -> Array:
        """What W_hh multiplies at each step, (T, ..., rows, C), of the record of a forward pass."""
        return self.fed_back(record.hidden[:-1])

    def by_sequence(self, delta: Array, multiplied: Array) -> tuple[Array, Array]:
        """Both of a step, (..., G·H, C) and (..., rows, C), so that Σ_n delta_n multiplied_nᵀ is the gradient of W_hh.

        n are the columns, of which there may be more than of what is given.
        """
        return delta, multiplied

    def recurrent_product(self, hidden: Array, out: Array) -> None:
        """Write W_hh h to `out`."""
        multiply(self.weight_hh, self.scaled(self.fed_back(hidden)), out)

    def scaled(self, multiplied: Array) -> Array:
        """What W_hh multiplies, times the factor on W_hh: it has a fourth as many rows as an LSTM's product."""
        return multiplied if self.scale is None else multiplied * self.scale

    def transposed_product(self, delta: Array, out: Array) -> None:
        """Write W_hhᵀ delta to `out`."""
        multiply(self._weight_hh_transposed, delta, out)
        if self.scale is not None:
            np.multiply(out, self.scale, out=out)

    def matrix_of(self, method: str, *_: Any) -> tuple[Array, Array | None] | None:
        """The matrix (..., rows, K) by which a method multiplies its last but one argument, and the factor beside it.

        The compiled road (`compiled`) makes the product itself where the matrix is small. None: the method is to be
        called.
        """
        by_method = {"recurrent_product": self.weight_hh, "transposed_product": self.weight_hh.swapaxes(-1, -2)}
        return (by_method[method], self.scale) if method in by_method else None

    @cached_property
    def _weight_hh_transposed(self) -> Array:
        """W_hhᵀ with rows that lie side by side: at H = 256 a step back takes a seventh less than with a view."""
        return np.ascontiguousarray(self.weight_hh.swapaxes(-1, -2))

    @cached_property
    def weight_ih_transposed(self) -> Array:
        """W_ihᵀ likewise."""
        return np.ascontiguousarray(self.weight_ih.swapaxes(-1, -2))


@dataclass(frozen=True)
class Factors:
    """Derivatives of a run of steps that do not depend on the adjoint: (B, rows, C) each, computed in one go.

    local: what multiplies the adjoint to give delta. path: the derivative along the additive path (LSTM f, GRU z), or
    None where there is none. entry: how an error in h_t enters that path (None: as it is).
    """

    local: tuple[Array, ...]
    path: Array | None = None
    entry: Array | None = None

    def __getitem__(self, index: Any) -> "Factors":
        """The same view of every array."""
        path, entry = (None if array is None else array[index] for array in (self.path, self.entry))
        return Factors(tuple(array[index] for array in self.local), path, entry)


@dataclass(frozen=True)
class Adjoints:
    """Room for the adjoints of a run of B steps.

    states: one array (B + 1, H, C) per component of the state; slot b + 1 belongs to the b-th step of the run and slot
    0 to the step before it. delta: (B, rows, C), the adjoints of all pre-activations.
    """

    states: tuple[Array, ...]
    delta: Array


class Cell(Protocol):
    """One architecture; `R` is its record of the forward pass.

    name: key of the registry. label, short: for a reader. module: its name in `torch.nn`, "" where it has none. gates:
    PyTorch's letters in PyTorch's order, one for each block of rows of `weight_ih_l0`. keeps: what alone multiplies a
    term of the state, along which a gradient meets no matrix: a gate, or like minGRU's (1−z) made of one; "" where
    there is none. writes: the gate beside it that multiplies what is added, "" where 1 − `keeps` does. signed: the
    gates that have a sign, first the one that is added. blocks: rows of `weight_ih_l0` divided by H, and of
    `weight_hh_l0` too where there is a W_hh. delta_blocks: rows of delta divided by H. components: names of the state's
    adjoints, the last of what the additive path leads along. letters: component -> how scripts write it. untold: those
    components of which answers tell no norm, since no loss reads them and their errors are kept by the gate that keeps
    another's. empty: component -> its initial value, where that is not 0. state_block, state_matrix: which block of
    `weight_hh_l0` (torch's order) writes the new state, and the name of what it multiplies h by, "" where gates alone
    do. A cell without W_hh is handed `weight_hh_l0` and `bias_hh_l0` without rows.
    summed: the matrix whose gradient is split by time, W_hh where there is one. feeds_back_output: whether W_hh reads
    the output y = W_ho h in the place of h; such a cell has one layer and one direction. bounded: whether |h| is at
    most 1, or at most as large as what is read makes it, however long that is.
    rotates: whether a step multiplies the state by fixed complex numbers and by nothing else, so that it is linear and
    its weight scale multiplies how long a unit remembers.
    oscillates: whether the units are oscillators, whose positions are h and whose velocities are a further component
    of the state; W_hh reads both, positions first.
    gain: the fixed factor at which a step adds what its nonlinearity makes of the input to h.
    constants: by name, the numbers of its equations that are fixed, so that no file of weights tells them.
    torch_cost: how many times as long as an Elman network of that size torch takes to train it, about.
    torch_steps: hidden path -> a step in PyTorch, an expression of the states after it in `cell`, `step` (the input)
    and the states `h`, and `c`, before it. torch_cell: the lines that define `cell` where torch has none, as a
    `torch.nn.Module` if it has shapes. torch_draw, torch_bias: those that draw what `draw_further` does, and that add
    its biases.
    """

    name: str
    label: str
    short: str
    module: str
    gates: tuple[str, ...]
    keeps: str
    writes: str
    signed: tuple[str, ...]
    blocks: int
    delta_blocks: int
    components: tuple[str, ...]
    letters: Mapping[str, str]
    untold: tuple[str, ...]
    empty: Mapping[str, float]
    state_block: int
    state_matrix: str
    summed: str
    feeds_back_output: bool
    bounded: bool
    torch_cost: int
    torch_steps: Mapping[str, str]
    torch_cell: str
    rotates: bool
    oscillates: bool
    gain: float
    constants: Mapping[str, float]
    torch_draw: str
    torch_bias: str

    def further(self, size: int) -> dict[str, tuple[int, ...]]:
        """What a level of `size` units has beside weights and biases: name without its suffix -> shape."""
        ...

    def draw_further(self, size: int, generator: Generator) -> dict[str, Array]:
        """Draw that, under the same names, before anything else, and as "bias_ih" (G·H,) what adds to this bias."""
        ...

    def at_scale(self, parameters: Mapping[str, Array], scale: float) -> dict[str, Array]:
        """The drawn parameters of any levels at a weight scale."""
        ...

    def matrix(self, parameters: Mapping[str, Array]) -> Array:
        """The (H, H) matrix `state_matrix` of the first level's parameters; 0 if there is none."""
        ...

    def make_weights(self, parameters: Mapping[str, Array]) -> Weights:
        """Bring parameters under torch's names, (..., G·H, ·), into the order of computation.

        The read-out (D_out, H) stands among them as "weight_ho".
        """
        ...

    def make_record(self, input_projection: Array, weights: Weights) -> Any:
        """Make room for T steps; `input_projection` (T, G·H, C) is W_ih x + bias and is overwritten."""
        ...

    def forward_views(self, record: Any) -> Iterator[tuple[Array, ...]]:
        """The arrays that `step` wants, one tuple a time step."""
        ...

    def step(self, weights: Weights, *views: Array) -> None:
        """Compute h_t from h_{t−1}."""
        ...

    def make_factors(self, record: Any, steps: slice) -> Factors:
        """Compute the derivatives of the run `steps` that do not depend on the adjoint."""
        ...

    def adjoint_views(self, factors: Factors, adjoints: Adjoints) -> list[tuple[Array, ...]]:
        """The arrays that `adjoint_step` wants, one tuple a time step, first step first; the first one is dL/dh_t."""
        ...

    def adjoint_step(self, weights: Weights, *views: Array) -> None:
        """Carry the adjoint from t to t − 1 and leave delta_t."""
        ...

    def input_delta(self, delta: Array) -> Array:
        """The rows of delta that belong to W_ih x, in the order of `Weights.weight_ih`."""
        ...

    def recurrent_delta(self, delta: Array) -> Array:
        """The rows of delta that belong to W_hh h, in the order of `Weights.weight_hh`."""
        ...

    def name_gradients(self, by_input: Array, by_hidden: Array, bias: Array, recurrent_bias: Array) -> dict[str, Array]:
        """Bring gradients back from the order of computation to torch's names and order."""
        ...

    def gate_values(self, record: Any) -> dict[str, Array]:
        """The gates by torch's letter, (T, H, C) each."""
        ...


def multiply(matrix: Array, array: Array, out: Array) -> None:
    """Write matrix (..., rows, K) times array (..., K, C) to `out`: in parts of the rows, where that takes less time.

    At H = 256 with 16 columns the four gates of a step take 0.15 ms so, and 0.23 ms as one product.
    """
    if matrix.ndim == array.ndim == 2 and matrix.size * array.shape[1] <= _READ_IN_PLACE:
        np.dot(matrix, array, out)  # which asks less before it begins: 1.8 µs in place of 2.2 at H = 32, N = 8
        return
    parts = _parts(*matrix.shape[-2:], array.shape[-1])
    if parts == 1:
        np.matmul(matrix, array, out=out)
    else:
        np.matmul(split_blocks(matrix, parts), array[..., None, :, :], out=split_blocks(out, parts))


@lru_cache(maxsize=1024)
def _parts(rows: int, inner: int, columns: int) -> int:
    """Into how few equal parts of its rows a matrix is cut, so that each is read in place; 1 where none are."""
    for parts in range(1, rows // _FEWEST_ROWS + 1):
        if rows % parts == 0 and rows // parts * inner * columns <= _READ_IN_PLACE:
            return parts
    return 1


class ByWeights:
    """What a cell has unless it says otherwise: its parameters are weights and biases alone."""

    blocks: int
    state_block: int
    state_matrix: str
    feeds_back_output: bool
    rotates = False
    oscillates = False
    gain = 1.0
    constants: Mapping[str, float] = {}
    torch_draw = ""
    torch_bias = ""
    letters: Mapping[str, str] = {"hidden": "h_t", "cell": "c_t"}
    untold: tuple[str, ...] = ()
    empty: Mapping[str, float] = {}

    def further(self, size: int) -> dict[str, tuple[int, ...]]:
        return {}

    def draw_further(self, size: int, generator: Generator) -> dict[str, Array]:
        return {}

    def at_scale(self, parameters: Mapping[str, Array], scale: float) -> dict[str, Array]:
        return {name: scale * of if name.startswith("weight_hh") else of for name, of in parameters.items()}

    def matrix(self, parameters: Mapping[str, Array]) -> Array:
        if not self.state_matrix:
            return np.zeros(2 * parameters["weight_hh_l0"].shape[1:])
        block = np.split(parameters["weight_hh_l0"], self.blocks)[self.state_block]
        return block @ parameters["weight_ho"] if self.feeds_back_output else block


def modulus_at(cell: Cell, modulus: float, scale: float) -> float:
    """What a weight scale makes of the modulus of an eigenvalue, or of a singular value, of `Cell.matrix`."""
    if not cell.rotates:
        return modulus * scale
    return float(modulus ** (1.0 / scale)) if scale else 0.0


def told_of(cell: Cell, names: Iterable[str]) -> tuple[str, ...]:
    """Those of all adjoints of a pass of which answers have norms."""
    return tuple(name for name in names if name not in cell.untold)


def has_w_hh(cell: Cell) -> bool:
    """Whether a matrix W_hh is among the parameters."""
    return cell.summed == "W_hh"


def recurrent_blocks(cell: Cell) -> int:
    """Rows of `weight_hh_l0` divided by H: none of a cell without W_hh."""
    return cell.blocks if has_w_hh(cell) else 0


def recurrent_columns(cell: Cell, size: int, outputs: int) -> int:
    """Columns of `weight_hh_l0` of H = `size` units whose read-out has so many outputs."""
    return outputs if cell.feeds_back_output else components_read(cell) * size


def components_read(cell: Cell) -> int:
    """How many components of the state W_hh multiplies."""
    return 2 if cell.oscillates else 1


def is_plain(cell: Cell) -> bool:
    """Whether a step is the nonlinearity of one sum and nothing else, as in an Elman network."""
    return not (cell.gates or cell.rotates or cell.oscillates)


def takes_forget_bias(cell: Cell) -> bool:
    """Whether a gate of its own keeps the state beside one that writes: what `Experiment.forget_bias` opens."""
    return bool(cell.writes) and cell.keeps in cell.gates


def keeping_gate(cell: Cell) -> tuple[str, float]:
    """The gate whose bias decides what is kept, "" if none does, and the sign of what is added to keep more of it.

    minGRU keeps with 1 − z, so with less of the bias of z.
    """
    return (cell.keeps, 1.0) if cell.keeps in ("", *cell.gates) else (cell.writes, -1.0)


def summed_delta(cell: Cell, delta: Array) -> Array:
    """The rows of delta that belong to the matrix `cell.summed`."""
    return cell.recurrent_delta(delta) if has_w_hh(cell) else cell.input_delta(delta)


def reorder_blocks(parameter: Array, order: tuple[int, ...]) -> Array:
    """Rearrange the blocks of H rows of a parameter (..., G·H, columns), block `order[k]` first to k-th."""
    blocks = parameter.reshape(*parameter.shape[:-2], len(order), -1, parameter.shape[-1])
    return blocks[..., list(order), :, :].reshape(parameter.shape)


def split_blocks(array: Array, count: int) -> Array:
    """View (..., count·H, C) as (..., count, H, C)."""
    return array.reshape(*array.shape[:-2], count, -1, array.shape[-1])


def split_gates(array: Array, count: int) -> list[Array]:
    """The `count` blocks of (..., count·H, C) as views (..., H, C)."""
    blocks = split_blocks(array, count)
    return [blocks[..., k, :, :] for k in range(count)]
