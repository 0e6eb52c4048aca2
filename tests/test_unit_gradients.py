"""The gradient of every unit at every step, against autograd's, and against the norms that are made of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_dynamics import CELLS, Experiment, LayerTrace, Trace, run
from tests.every import every
from tests.oracle import Array, carried_gradients
from tests.test_run import SMALL, close

STACK = replace(SMALL, num_layers=2, bidirectional=True)


@every("loss_at", ["last", "every"])
@every("cell", CELLS)
def test_every_unit_has_autograds_gradient(cell: str, loss_at: str) -> None:
    asked = replace(SMALL, cell=cell, loss_at=loss_at, sequence_length=70)  # more than one run of steps
    trace = run(asked, keep_gradients=True)
    for component, name in enumerate(CELLS[cell].components):
        theirs = carried_gradients(trace, cut=False, component=component)
        assert close(trace.unit_gradients[name].values.reshape(theirs.shape), theirs)


@every("cell", ["rnn", "lstm", "gru"])
def test_the_inputs_of_a_stack_have_torchs_gradient(cell: str) -> None:
    trace = run(replace(STACK, cell=cell), keep_gradients=True)
    network = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    module = network(3, 7, num_layers=2, bidirectional=True, dtype=torch.float64)
    module.load_state_dict({name: torch.tensor(values) for name, values in trace.parameters.items()})
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    outputs, _ = module(inputs)
    loss = 0.5 * (outputs[-1] @ torch.tensor(trace.readout).T - torch.tensor(trace.targets)).square().mean()
    (theirs,) = torch.autograd.grad(loss, inputs)
    assert close(trace.unit_gradients["input"].values, theirs.numpy())


def test_each_layer_and_direction_of_a_stack_makes_its_parameter_gradients_of_them() -> None:
    """dL/db = Σ (1 − h²) dL/dh, which `run` sums by itself and is held to autograd."""
    trace = run(replace(STACK, cell="rnn"), keep_gradients=True)
    for level in trace.layers:
        states = level.hidden_states[:-1] if level.reverse else level.hidden_states[1:]
        by_bias = ((1.0 - states**2) * level.unit_gradients["hidden"].values).sum(axis=(0, 1))
        suffix = f"l{level.layer}{'_reverse' * level.reverse}"
        assert close(by_bias, trace.gradients[f"bias_ih_{suffix}"])


@every("cell", CELLS)
def test_the_norms_are_those_of_the_units_at_any_size(cell: str) -> None:
    scale = 0.005 if CELLS[cell].rotates else 0.05
    far = Experiment(cell=cell, sequence_length=600, hidden_size=5, weight_scale=scale, input_size=3)
    trace = run(far, keep_gradients=True)
    assert trace.log10_norms["hidden"][0] < -320.0 or CELLS[cell].keeps or CELLS[cell].oscillates
    parts: list[Trace | LayerTrace] = [trace, *trace.layers]
    for part in parts:
        assert part.unit_gradients.keys() >= part.log10_norms.keys() - {"cell_path"}
        for name in part.unit_gradients.keys() & part.log10_norms.keys():
            units = part.unit_gradients[name]
            found = norms(units.mantissas) + units.exponents * np.log10(2.0)
            np.testing.assert_allclose(found, part.log10_norms[name], rtol=0, atol=1e-10)
            of_logs = 0.5 * np.log10((10.0 ** (2 * (units.log10 - found[:, None, None]))).sum(axis=(1, 2)))
            np.testing.assert_allclose(of_logs, 0.0, atol=1e-10)
            assert not units.values[found < -330.0].any()


def norms(rows: Array) -> Array:
    peaks = np.abs(rows).max(axis=(1, 2))
    return np.asarray(np.log10(np.linalg.norm(rows / peaks[:, None, None], axis=(1, 2))) + np.log10(peaks))


def test_they_are_kept_only_on_request_and_change_no_other_number() -> None:
    asked = replace(STACK, cell="lstm", loss_at="every")
    plain, kept = run(asked), run(asked, keep_gradients=True)
    assert not plain.unit_gradients
    assert not any(level.unit_gradients for level in plain.layers)
    assert set(kept.unit_gradients) == {"input", "hidden", "cell"}
    for name, values in plain.log10_norms.items():
        np.testing.assert_array_equal(kept.log10_norms[name], values)
    with pytest.raises(ValueError, match="read-only"):
        kept.unit_gradients["hidden"].mantissas[0] = 1.0


def test_gradients_of_parameters_are_left_out_on_request_and_change_no_other_number() -> None:
    asked = replace(STACK, cell="gru", loss_at="every")
    whole, without = run(asked), run(asked, parameter_gradients=False)
    assert set(whole.gradients) == set(whole.parameters)
    assert not without.gradients
    for name, values in whole.log10_norms.items():
        np.testing.assert_array_equal(without.log10_norms[name], values)
    np.testing.assert_array_equal(without.hidden_states, whole.hidden_states)
