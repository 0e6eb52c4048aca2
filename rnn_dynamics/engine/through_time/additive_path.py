"""The state's gradient as an exact sum of vectors: what came along the additive path, and the rest.

    dL/dc_t = path_t + rest_t      (GRU: dL/dh_t)

path_t is multiplied at each step back by the forget gate f (GRU: z) alone, without a matrix; rest_t is all that passed
through a gate or the candidate at least once. Their norms are no shares of a sum, for the two may point against each
other:

    ‖total‖² = ‖path‖² + ‖rest‖² + 2 cos(path, rest) ‖path‖ ‖rest‖
"""

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.through_time.backpropagate import Run
from rnn_dynamics.engine.through_time.scaling import LOG10_2, log10_norm_at_any_size, shifted, with_own_exponents


def split_path(run: Run, members: int) -> dict[str, Array]:
    """Split the gradients of a run's steps.

    Returns:
        "total", "path" and "rest", log10 of their norms, and "cosine" of the angle between path and rest, nan where one
        of them is zero; (B, ..., S) each. The rest is a difference of vectors: it has the digits of float64 relative
        to the larger of total and path.

    Raises:
        ValueError: the cell has no additive path.
    """
    if run.path is None:
        raise ValueError("this cell has no additive path")
    total, path = run.adjoints.states[-1][1:], run.path.arrays[0][1:]
    common = np.maximum(run.exponent, run.path.exponent)  # at which the smaller of the two may be zero
    rest = shifted(total, run.exponent - common) - shifted(path, run.path.exponent - common)
    parts = {"total": (total, run.exponent), "path": (path, run.path.exponent), "rest": (rest, common)}
    norms = {
        name: log10_norm_at_any_size(part, members) + exponent * LOG10_2 for name, (part, exponent) in parts.items()
    }
    return norms | {"cosine": _cosine(path, rest, members)}


def _cosine(first: Array, second: Array, members: int) -> Array:
    """Cosine of the angle between the vectors (..., H, C) of each member: (..., S)."""
    directions = []
    for part in (first, second):
        scaled, _ = with_own_exponents(part, members)
        with np.errstate(invalid="ignore"):
            directions.append(scaled / np.sqrt(np.square(scaled).sum(axis=-2, keepdims=True)))
    return np.asarray((directions[0] * directions[1]).sum(axis=-2))
