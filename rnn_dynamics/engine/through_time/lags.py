"""The gradient of the recurrent weights, split by the time step through which it arrives.

Of a cell without W_hh it is that of W_ih, and x_t stands in the place of h_t−1.

    dL/dW_hh = G = Σ_t G_t        G_t = Σ_n delta_t,n h_t−1,nᵀ        (Jordan: y_t−1)

n counts the sequences of the batch. With the loss at the last step, G_t is what an error at T says of the weights as
they were used T − t steps earlier, and the sum over the lags 0 .. k is what backpropagation truncated after lag k sees.
Norms of the parts do not add up, for parts may point against each other; their projections on G do:

    share_t = ⟨G_t, G⟩ / ‖G‖²     Σ_t share_t = 1
"""

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.cells.cell import summed_delta
from rnn_dynamics.engine.through_time.backpropagate import Pass, Run
from rnn_dynamics.engine.through_time.parameter_gradients import by_row
from rnn_dynamics.engine.through_time.scaling import LOG10_2, ScaledSum, log10_norm, with_own_exponents


class RecurrentGradient:
    """Sums G_t of a single experiment, from the last step to the first."""

    def __init__(self, forward: Pass) -> None:
        self._cell, self._weights, self._multiplied = forward.cell, forward.weights, forward.multiplied
        self._sum = ScaledSum(np.zeros(forward.summed_shape))

    def add(self, run: Run) -> dict[str, Array]:
        """Add the steps of a run, later ones first.

        Returns:
            (B,) each: "step", log10 ‖G_t‖, and "truncated", log10 of the norm of the sum from T down to t.
        """
        delta, hidden, exponents = self._factors(run)
        norms = np.empty((2, len(exponents)))
        for b in range(len(exponents) - 1, -1, -1):
            term = delta[b] @ hidden[b].T
            self._sum.add(term, int(exponents[b]))
            norms[:, b] = log10_norm(term, 1)[0] + exponents[b] * LOG10_2, self.log10_norm()
        return {"step": norms[0], "truncated": norms[1]}

    def add_together(self, run: Run) -> None:
        """Add the steps of a run as one product, for less: nothing is known of each of them."""
        delta, exponent = run.with_one_exponent()
        hidden = self._multiplied[run.steps.start : run.steps.stop]
        delta, hidden = self._weights.by_sequence(summed_delta(self._cell, delta), hidden)
        self._sum.add_product(by_row(delta), by_row(hidden), exponent)

    def log10_norm(self) -> float:
        """log10 of the norm of the sum so far."""
        return float(log10_norm(self._sum.mantissas, 1)[0] + self._sum.exponent * LOG10_2)

    def shares(self, run: Run) -> dict[str, Array]:
        """Share of each step of a run in the sum so far, (B,), under the name "share"; nan where the sum is zero."""
        return {"share": self.shares_by_sequence(run).sum(axis=-1)}

    def shares_by_sequence(self, run: Run) -> Array:
        """The same of each sequence of the batch, (B, N)."""
        delta, hidden, exponents = self._factors(run)
        total = self._sum.mantissas
        # ⟨Σ_n d_n h_nᵀ, G⟩ = Σ_n d_nᵀ G h_n needs no matrix for each step.
        projections = (delta * (total @ hidden)).sum(axis=1)
        projections = projections.reshape(len(delta), -1, run.adjoints.delta.shape[-1]).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.ldexp(projections, (exponents - self._sum.exponent)[:, None]) / np.square(total).sum())

    def _factors(self, run: Run) -> tuple[Array, Array, NDArray[np.int64]]:
        """Mantissas of delta_t (B, G·H, N) and h_t−1 (B, H, N), and the exponent (B,) of their product."""
        delta, exponent = run.with_one_exponent()
        delta = summed_delta(self._cell, delta)
        hidden = self._multiplied[run.steps.start : run.steps.stop]
        delta, hidden = self._weights.by_sequence(delta, hidden)
        (delta_mantissas, of_delta), (hidden_mantissas, of_hidden) = (
            with_own_exponents(part, 1) for part in (delta, hidden)
        )
        exponents = (of_delta + of_hidden)[:, 0] + exponent
        return delta_mantissas.reshape(delta.shape), hidden_mantissas.reshape(hidden.shape), exponents
