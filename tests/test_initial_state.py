"""Networks that do not begin at zero, and read-out from the end of each direction, against torch's autograd."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnn_dynamics import CELLS, Experiment, Trace, run, run_jacobians, run_losses, run_shape
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.engine import theory
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.initialise import make_draw
from rnn_dynamics.engine.run import hidden_states, run_norms
from rnn_dynamics.laws.autograd import gradients_of_run, gradients_printed
from rnn_dynamics.scripts import jacobian_script, loss_script, reproduction_script
from tests.every import every
from tests.oracle import Array, ask_both, ask_open_cell, jacobian
from tests.scripts import printed_by_all, rows_of
from tests.test_family import SCALES, SEEDS, assert_equals_its_members
from tests.test_lags import assert_agrees as assert_lags_agree
from tests.test_loss_by_time import assert_agrees as assert_losses_agree
from tests.test_reproduction import assert_same
from tests.test_run import SMALL, assert_equal, close

MODULES: dict[str, Any] = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
STACK = replace(SMALL, num_layers=2, bidirectional=True)
BEGUN = ("noise", "carried")
RELU = replace(SMALL, cell="rnn", nonlinearity="relu", sequence_length=20)
FINAL = replace(STACK, loss_at="final")


def module_of(trace: Trace) -> torch.nn.Module:
    asked = trace.experiment
    options = {"num_layers": asked.num_layers, "bidirectional": asked.bidirectional, "dtype": torch.float64}
    module: torch.nn.Module = MODULES[asked.cell](asked.input_size, asked.hidden_size, **options)
    module.load_state_dict({name: torch.tensor(values) for name, values in trace.parameters.items()})
    return module


def states_of(trace: Trace) -> Any:
    """The initial states of all levels as torch takes them."""
    components = [(level.hidden_states, level.cell_states) for level in trace.layers]
    places = [-1 if level.reverse else 0 for level in trace.layers]
    begun = [
        torch.tensor(np.stack([states[place] for states, place in zip(of, places, strict=True)]))
        for of in zip(*components, strict=True)
        if of[0] is not None
    ]
    return tuple(begun) if len(begun) > 1 else begun[0]


def assert_is_torchs(trace: Trace, compared: Any) -> None:
    """Loss, dL/dx and the gradients of all parameters, where the loss reads `compared` of output and h_n."""
    module, inputs = module_of(trace), torch.tensor(trace.inputs, requires_grad=True)
    output, ends = module(inputs, states_of(trace))
    read = compared(output, ends[0] if isinstance(ends, tuple) else ends)
    loss = 0.5 * (read @ torch.tensor(trace.readout).T - torch.tensor(trace.targets)).square().mean()
    loss.backward()
    assert trace.loss == pytest.approx(loss.item(), rel=1e-10)
    assert inputs.grad is not None
    assert close(10.0 ** trace.log10_norms["input"], inputs.grad.norm(dim=(1, 2)).numpy())
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None
        assert close(trace.gradients[name], parameter.grad.numpy()), name


# --- initial states ---------------------------------------------------------------------------------------------------


@every("loss_at", ["last", "every"])
@every("initial_state", BEGUN)
@every("cell", CELLS)
def test_every_number_equals_autograds(cell: str, initial_state: str, loss_at: str) -> None:
    trace = run(replace(SMALL, cell=cell, initial_state=initial_state, loss_at=loss_at))
    assert trace.hidden_states[0].any()
    assert_equal(trace, *ask_both(trace))
    cut = run(replace(trace.experiment, hidden_path="cut"))
    assert_equal(cut, ask_open_cell(cut))


@every("initial_state", BEGUN)
@every("cell", MODULES)
def test_every_level_of_a_stack_has_an_initial_state_of_its_own(cell: str, initial_state: str) -> None:
    trace = run(replace(STACK, cell=cell, initial_state=initial_state))
    assert_is_torchs(trace, lambda output, _: output[-1])
    starts = [level.hidden_states[-1 if level.reverse else 0] for level in trace.layers]
    assert len({start.tobytes() for start in starts}) == 4


@every("cell", MODULES)
def test_what_is_carried_over_is_where_torchs_network_ends_after_other_inputs(cell: str) -> None:
    trace = run(replace(STACK, cell=cell, initial_state="carried"))
    before = make_draw(trace.experiment, cell_of(trace.experiment)).before
    assert before is not None
    assert before.shape == trace.inputs.shape
    assert not np.isin(before, trace.inputs).any()
    _, ends = module_of(trace)(torch.tensor(before))
    begun = states_of(trace)
    for found, expected in zip(begun, ends, strict=True):  # of the LSTM h and c, else level by level
        np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), rtol=0, atol=1e-12)


def test_a_text_is_carried_over_from_its_own_end() -> None:
    trace = run(replace(SMALL, cell="gru", text="again and again", initial_state="carried"))
    once = run(replace(trace.experiment, initial_state="zero"))
    np.testing.assert_array_equal(trace.hidden_states[0], once.hidden_states[-1])


@every("weight_scale, input_scale", [(0.5, 0.1), (4.0, 1.0)])
def test_what_relu_carries_over_is_at_most_one(weight_scale: float, input_scale: float) -> None:
    asked = replace(RELU, weight_scale=weight_scale, input_scale=input_scale, initial_state="carried")
    trace, draw = run(asked), make_draw(asked, cell_of(asked))
    options = {"nonlinearity": "relu", "dtype": torch.float64}
    module = torch.nn.RNN(asked.input_size, asked.hidden_size, **options)
    module.load_state_dict({name: torch.tensor(values) for name, values in trace.parameters.items()})
    _, (end,) = module(torch.tensor(draw.before))
    expected = end.detach().numpy() / max(1.0, float(end.detach().max()))
    np.testing.assert_allclose(trace.hidden_states[0], expected, rtol=1e-12, atol=1e-14)
    assert (trace.hidden_states[0].max() == pytest.approx(1.0)) == (weight_scale > 1.0)
    assert_equals_its_members(asked, [weight_scale, 1.0], SEEDS)


def test_noise_is_standard_and_no_other_number_depends_on_it() -> None:
    wide = replace(STACK, cell="lstm", hidden_size=60, batch_size=40, initial_state="noise")
    noisy, still = run(wide), run(replace(wide, initial_state="zero"))
    for name in ("inputs", "readout", "targets"):
        np.testing.assert_array_equal(getattr(noisy, name), getattr(still, name))
    for name, values in still.parameters.items():
        np.testing.assert_array_equal(noisy.parameters[name], values)
    h, c = (np.ravel(of) for of in states_of(noisy))
    for of in (h, c):
        assert of.mean() == pytest.approx(0.0, abs=0.05)
        assert of.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(h, c)[0, 1] == pytest.approx(0.0, abs=0.05)
    first = run(replace(wide, num_layers=1, bidirectional=False))
    np.testing.assert_array_equal(first.hidden_states[0], noisy.layers[0].hidden_states[0])


@every("initial_state", BEGUN)
def test_families_splits_and_jacobians_begin_there_too(initial_state: str) -> None:
    asked = replace(SMALL, cell="lstm", initial_state=initial_state, sequence_length=11)
    assert_equals_its_members(asked, SCALES, SEEDS)
    assert_equals_its_members(replace(asked, cell="gru", num_layers=2, bidirectional=True), SCALES, SEEDS)
    assert_lags_agree(asked)
    assert_losses_agree(replace(asked, loss_at="every"))
    trace, answer = run(asked), run_jacobians(asked)
    np.testing.assert_allclose(answer.jacobians[0], jacobian(trace, range(1)), rtol=0, atol=1e-13)
    assert close(hidden_states(asked), trace.hidden_states[1:])


def test_at_rest_a_network_beyond_one_is_woken_by_noise_alone() -> None:
    at_rest = Experiment(cell="rnn", input_scale=0.0, weight_scale=1.5, hidden_size=200, sequence_length=200)
    for initial_state, awake in (("zero", False), ("carried", False), ("noise", True)):
        asked = replace(at_rest, initial_state=initial_state)
        hidden = run_norms(asked).log10_norms["hidden"]
        factor = 10.0 ** ((hidden[50] - hidden[150]) / 100)
        predicted = theory.mean_field_log10_factor(asked)
        assert predicted is not None
        assert (10.0**predicted == pytest.approx(1.5)) == (not awake)
        assert (factor == pytest.approx(1.5, rel=0.05)) == (not awake)


def test_shapes_and_hands_begin_at_zero() -> None:
    with pytest.raises(ValueError, match="initial_state = 'noise': a shape is unrolled with 'zero' only"):
        run_shape(replace(SMALL, initial_state="noise"), "aligned")
    with pytest.raises(ValueError, match="initial_state = 'noise' is not written out by hand; there is zero"):
        make_example(replace(SMALL, initial_state="noise"))


# --- read-out from the end of each direction --------------------------------------------------------------------------


@every("layers", [1, 3])
@every("cell", MODULES)
def test_a_loss_of_h_n_is_torchs(cell: str, layers: int) -> None:
    trace = run(replace(FINAL, cell=cell, num_layers=layers, initial_state="noise"))
    assert_is_torchs(trace, lambda _, h_n: torch.cat([h_n[-2], h_n[-1]], dim=1))
    for level in trace.layers[-2:]:
        assert np.isfinite(level.log10_norms["hidden"]).all()


@every("length", [1, 2])
def test_a_short_sequence_has_its_ends_too(length: int) -> None:
    trace = run(replace(FINAL, cell="lstm", sequence_length=length))
    assert_is_torchs(trace, lambda _, h_n: torch.cat([h_n[-2], h_n[-1]], dim=1))


@every("cell", CELLS)
def test_in_one_direction_it_is_the_last_step(cell: str) -> None:
    final, last = (run(replace(SMALL, cell=cell, loss_at=at)) for at in ("final", "last"))
    assert final.loss == last.loss
    for name, values in last.gradients.items():
        np.testing.assert_array_equal(final.gradients[name], values)
    for name, values in last.log10_norms.items():
        np.testing.assert_array_equal(final.log10_norms[name], values)


def test_a_family_of_losses_of_h_n_equals_its_members() -> None:
    assert_equals_its_members(replace(FINAL, cell="lstm", sequence_length=13), SCALES, SEEDS)


def test_what_vanishes_in_one_direction_does_not_drown_in_the_other() -> None:
    far = replace(FINAL, cell="rnn", weight_scale=0.01, sequence_length=400, num_layers=1)
    forwards, backwards = run(far).layers
    for norms in (forwards.log10_norms["hidden"][::-1], backwards.log10_norms["hidden"]):
        assert norms[-1] < -600.0
        assert np.isfinite(norms).all()
        assert (np.diff(norms) < 0.0).all()


def test_nine_decades_lie_between_h_n_and_the_last_output() -> None:
    """One bidirectional LSTM of torch had log10 ‖dL/dx_1‖ = −10.1 from outputs[-1], and −1.3 from h_n, at T = 100."""
    asked = Experiment(cell="lstm", forget_bias=1.0, bidirectional=True)
    found = [run_norms(replace(asked, loss_at=at)).log10_norms["input"][0] for at in ("last", "final")]
    assert found == pytest.approx([-10.1, -1.3], abs=0.3)


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_scripts_begin_there_and_read_there_too(tmp_path: Path) -> None:
    asked = {
        "noise": replace(SMALL, cell="lstm", initial_state="noise"),
        "carried": replace(SMALL, cell="gru", initial_state="carried"),
        "relu": replace(RELU, weight_scale=2.0, initial_state="carried"),
        "jordan": replace(SMALL, cell="jordan", initial_state="carried"),
        "stack": replace(STACK, cell="gru", initial_state="noise"),
        "stack_carried": replace(STACK, cell="lstm", initial_state="carried", text="once more"),
        "final": replace(FINAL, cell="lstm", num_layers=1),
        "final_carried": replace(FINAL, cell="gru", initial_state="carried"),
        "final_one": replace(SMALL, cell="rnn", loss_at="final"),
    }
    scripts = {name: reproduction_script(run(experiment)) for name, experiment in asked.items()}
    losses = {at: run_losses(replace(SMALL, cell="gru", initial_state=at, sequence_length=9)) for at in BEGUN}
    products = {
        at: run_jacobians(replace(SMALL, initial_state=at, sequence_length=9), [4, 9], exponents=1) for at in BEGUN
    }
    grown = replace(RELU, weight_scale=2.0, initial_state="carried", sequence_length=9)
    products["relu"] = run_jacobians(grown, [4, 9], exponents=1)
    scripts |= {f"losses_{at}": loss_script(answer) for at, answer in losses.items()}
    scripts |= {f"products_{at}": jacobian_script(answer) for at, answer in products.items()}
    printed = printed_by_all(scripts, tmp_path)
    for name, experiment in asked.items():
        assert_same(gradients_printed(rows_of(printed[name])), gradients_of_run(experiment), digits=9)
    for at in BEGUN:
        (_, _), _, *lines = rows_of(printed[f"losses_{at}"])
        assert [float(norm) for norm in lines[8][1:]] == pytest.approx(losses[at].log10_norms[-1], abs=1e-9)
    for at in products:
        by_lag = {int(lag): float(norm) for lag, norm in rows_of(printed[f"products_{at}"])[1:]}
        largest: Array = products[at].log10_singular_values[:, 0]
        assert [by_lag[4], by_lag[9]] == pytest.approx(largest, abs=1e-9)
