"""The GRU that resets before the product, everywhere a GRU is computed, against the written-out cell under autograd."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_dynamics import Experiment, run, run_jacobians, run_losses, run_shape
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.engine.schemes import scheme_experiment
from tests.every import every
from tests.oracle import ask_both, ask_open_cell, jacobian
from tests.test_additive_path import assert_agrees as assert_path_agrees
from tests.test_extreme import TINY, assert_equals_forty_digits
from tests.test_family import SCALES, SEEDS, assert_equals_its_members
from tests.test_lags import assert_agrees as assert_lags_agree
from tests.test_loss_by_time import assert_agrees as assert_losses_agree
from tests.test_run import SMALL, assert_equal

pytestmark = pytest.mark.usefixtures("either_road")

BEFORE = replace(SMALL, cell="gru", reset_gate="before")


@every("loss_at", ["last", "every"])
@every("initialisation", ["gaussian", "torch"])
def test_every_number_equals_autograds(initialisation: str, loss_at: str) -> None:
    trace = run(replace(BEFORE, initialisation=initialisation, loss_at=loss_at))
    assert_equal(trace, *ask_both(trace))


@every("loss_at", ["last", "every"])
def test_cut_only_the_update_gate_carries(loss_at: str) -> None:
    trace = run(replace(BEFORE, loss_at=loss_at, hidden_path="cut"))
    assert_equal(trace, ask_open_cell(trace))


def test_splits_single_losses_families_and_jacobians_know_what_the_candidate_multiplies() -> None:
    short = replace(BEFORE, sequence_length=11)
    assert_path_agrees(short)
    assert_lags_agree(short)
    assert_losses_agree(replace(short, loss_at="every"))
    assert_equals_its_members(replace(short, batch_size=3), SCALES, SEEDS)
    assert_equals_its_members(replace(short, num_layers=2, bidirectional=True), SCALES, None)
    trace, answer = run(short), run_jacobians(short)
    for t in (1, 5, 11):
        np.testing.assert_allclose(answer.jacobians[t - 1], jacobian(trace, range(t - 1, t)), rtol=0, atol=1e-13)


@every("shape, loss_at", [("many-to-one", "last"), ("aligned", "every")])
def test_a_shape_has_the_gradients_of_the_run(shape: str, loss_at: str) -> None:
    unrolled, trace = run_shape(BEFORE, shape), run(replace(BEFORE, loss_at=loss_at))
    assert unrolled.loss == pytest.approx(trace.loss, rel=1e-12)
    for name, gradient in trace.gradients.items():
        np.testing.assert_allclose(unrolled.gradients[name], gradient, rtol=1e-9, atol=1e-12 * np.abs(gradient).max())


@every("weight_scale, input_scale", [(0.05, 1.0), (10.0, 1.0), (1.0, 5.0)])
def test_hundreds_of_steps_equal_forty_digits(weight_scale: float, input_scale: float) -> None:
    far = replace(TINY, cell="gru", reset_gate="before", sequence_length=300)
    tiny = replace(far, weight_scale=weight_scale, input_scale=input_scale)
    assert_equals_forty_digits(run(tiny))


def test_by_hand_it_is_not_written_out() -> None:
    with pytest.raises(ValueError, match="reset_gate = 'before' is not written out by hand; there is after"):
        make_example(BEFORE)
    make_example(replace(BEFORE, cell="lstm"))


@every("initialisation, published", [("torch", 0.638), ("gaussian", None)])
def test_at_defaults_both_orders_lose_as_much_per_step(initialisation: str, published: float | None) -> None:
    """Lags 20 to 90 of ‖dL/dx_t‖ at H = 128; one torch network of PyTorch's default had 0.638 in both orders."""
    factors = []
    for reset_gate in ("after", "before"):
        wide = Experiment(cell="gru", hidden_size=128, initialisation=initialisation, reset_gate=reset_gate)
        by_input = run(wide).log10_norms["input"]
        factors.append(10.0 ** ((by_input[9] - by_input[79]) / 70))
    assert factors[0] == pytest.approx(factors[1], rel=0.01)
    assert factors[0] != factors[1]
    if published:
        assert factors == pytest.approx([published, published], abs=0.005)


def test_one_unit_without_bias_is_the_same_in_both_orders() -> None:
    """W_hn (r h) = r (W_hn h) for numbers."""
    one = replace(BEFORE, hidden_size=1, initialisation="gaussian")
    for name, norms in run(one).log10_norms.items():
        np.testing.assert_allclose(norms, run(replace(one, reset_gate="after")).log10_norms[name], rtol=0, atol=1e-12)


def test_only_a_gru_has_a_reset_gate() -> None:
    for cell in ("rnn", "jordan", "lstm"):
        alike = replace(BEFORE, cell=cell)
        assert run(alike).loss == run(replace(alike, reset_gate="after")).loss
    assert run(BEFORE).loss != run(replace(BEFORE, reset_gate="after")).loss
    assert scheme_experiment("torch", "gru", BEFORE).reset_gate == "before"


def test_what_truncation_leaves_of_it_is_not_what_it_leaves_of_torchs() -> None:
    asked = replace(BEFORE, sequence_length=12)
    found = [run_losses(replace(asked, reset_gate=gate)).log10_errors["every"] for gate in ("before", "after")]
    assert not np.allclose(found[0], found[1])
