"""dL/d(parameter): the sum over all steps of delta_t times what the parameter multiplied."""

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import Cell
from rnn_dynamics.engine.through_time.backpropagate import Run
from rnn_dynamics.engine.through_time.scaling import ScaledSum


class ParameterGradients:
    """Sums the gradients of one network, run by run, with a common power of two kept apart.

    All four parameters come from one sum over t: delta_t (h_{t−1}, x_t, 1)ᵀ.
    """

    def __init__(self, cell: Cell, multiplied: Array, inputs: Array, units: int) -> None:
        """Of a cell with H = `units`.

        multiplied (T, rows, N): what its recurrent weights multiply. inputs (T, N, D), in the order of reading.
        """
        self._cell, self._inputs, self._multiplied = cell, inputs.swapaxes(1, 2), multiplied
        self._sum = ScaledSum(np.zeros((cell.delta_blocks * units, multiplied.shape[1] + inputs.shape[2] + 1)))

    def add(self, run: Run) -> None:
        """Add the steps of a run."""
        steps = slice(run.steps.start, run.steps.stop)
        hidden, inputs = by_row(self._multiplied[steps]), by_row(self._inputs[steps])
        multiplied = np.concatenate([hidden, inputs, np.ones((1, hidden.shape[1]))])
        delta, exponent = run.with_one_exponent()
        self._sum.add_product(by_row(delta), multiplied, exponent)

    def named(self) -> dict[str, Array]:
        """The gradients under torch's names; inf where a gradient is beyond float64's 10^308."""
        with np.errstate(over="ignore"):
            total = np.ldexp(self._sum.mantissas, self._sum.exponent)
        by_input, by_hidden = self._cell.input_delta(total), self._cell.recurrent_delta(total)
        size = self._multiplied.shape[1]
        return self._cell.name_gradients(by_input[:, size:-1], by_hidden[:, :size], by_input[:, -1], by_hidden[:, -1])


def by_row(array: Array) -> Array:
    """(B, rows, C) -> (rows, B·C): one large matrix product is faster than B small ones and their sum."""
    return array.swapaxes(0, 1).reshape(array.shape[1], -1)
