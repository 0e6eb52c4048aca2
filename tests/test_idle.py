"""Settings that have no effect: a question without them has the same answer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import CELLS, Experiment
from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.engine.trace import Norms
from rnn_dynamics.idle import without_idle

#: Other values than the usual ones of all that may have no effect.
OTHER: dict[str, Any] = {
    **{"weight_scale": 2.0, "forget_bias": 3.0, "forget_bias_layers": "first", "gate_bias": "chrono"},
    **{"nonlinearity": "relu", "reset_gate": "before", "hidden_path": "cut"},
}
USUAL = Experiment()


def alike(one: Norms, other: Norms) -> bool:
    """Whether two answers have the very same numbers."""
    same = all(np.array_equal(norms, other.log10_norms[name]) for name, norms in one.log10_norms.items())
    return same and one.digits == other.digits and one.parameter_count == other.parameter_count


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_left_out_has_no_effect_and_what_is_left_has_one(cell: str) -> None:
    asked = Experiment(cell=cell, sequence_length=8, hidden_size=4, input_size=3, batch_size=2, **OTHER)
    asked = replace(asked, loss_at="every")
    fewer = without_idle(asked)
    assert fewer != asked
    answer = run_norms(fewer)
    assert alike(answer, run_norms(asked))
    for name in OTHER:
        usual = getattr(USUAL, name)
        assert getattr(fewer, name) == usual or not alike(answer, run_norms(replace(fewer, **{name: usual})))


def test_a_text_and_whether_there_are_biases_stay_as_they_are() -> None:
    asked = Experiment(cell="rnn", text="abcab", bias=False)
    assert without_idle(asked) == asked
