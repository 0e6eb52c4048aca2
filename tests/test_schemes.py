"""The named initialisations: what they set, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_dynamics import CELLS, Experiment, run, run_family
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.schemes import NAMED_SCHEMES, scheme_experiment
from rnn_dynamics.engine.verdict import judge_each
from tests.every import every

SMALL = Experiment(
    sequence_length=40, hidden_size=12, input_size=3, batch_size=2, weight_scale=1.2, input_scale=0.7, seed=5
)
#: No framework has a default for a cell that it does not have.
GATED_OR_ELMAN = {name for name, cell in CELLS.items() if cell.module}
EVERY = [(scheme, cell) for scheme, named in NAMED_SCHEMES.items() for cell in named.cells]


@every(("scheme", "cell"), EVERY)
def test_a_scheme_sets_the_initialisation_and_leaves_the_rest_of_the_question(scheme: str, cell: str) -> None:
    asked = scheme_experiment(scheme, cell, replace(SMALL, forget_bias=-2.0, gate_bias="chrono", nonlinearity="relu"))
    named = NAMED_SCHEMES[scheme]
    assert asked == replace(
        SMALL,
        cell=cell,
        weight_scale=SMALL.weight_scale if named.recurrent else 0.0,
        initialisation=named.initialisation,
        input_weight_scale=named.input_weight_scale,
        nonlinearity=named.nonlinearity,
        forget_bias=named.forget_bias,
        gate_bias=named.gate_bias,
    )


def test_no_two_schemes_of_a_cell_are_the_same_network() -> None:
    for cell in GATED_OR_ELMAN:
        drawn = [run(scheme_experiment(scheme, cell, SMALL)).loss for scheme, of in EVERY if of == cell]
        assert len(set(drawn)) == len(drawn) >= 4


def test_labels_differ_and_every_cell_has_its_frameworks_defaults() -> None:
    assert len({named.label for named in NAMED_SCHEMES.values()}) == len(NAMED_SCHEMES)
    for name in ("torch", "keras", "gaussian", "orthogonal"):
        assert set(NAMED_SCHEMES[name].cells) == set(GATED_OR_ELMAN)


@every(
    ("scheme", "cell", "message"),
    [
        ("xavier", "rnn", "^scheme = 'xavier' is not one of torch, "),
        ("irnn", "lstm", "^cell = 'lstm' is not one of rnn, "),
        ("chrono", "rnn", "^cell = 'rnn' is not one of lstm, gru, "),
        ("torch", "transformer", "^cell = 'transformer' is not one of rnn, lstm, gru, "),
    ],
)
def test_an_unknown_scheme_or_one_for_other_cells_is_refused(scheme: str, cell: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scheme_experiment(scheme, cell, SMALL)


@every(("scheme", "in_all"), [("torch", 0.0), ("forget_one", 1.0), ("forget_both", 2.0)])
def test_ones_in_one_or_both_of_torchs_biases_are_what_the_schemes_say(scheme: str, in_all: float) -> None:
    trace, default = (run(scheme_experiment(name, "lstm", SMALL)) for name in (scheme, "torch"))
    module = torch.nn.LSTM(3, 12, dtype=torch.float64)
    module.load_state_dict({name: torch.tensor(value) for name, value in default.parameters.items()})
    with torch.no_grad():
        parameters = dict(module.named_parameters())
        for bias in ("bias_ih_l0", "bias_hh_l0")[: round(in_all)]:
            parameters[bias][12:24] += 1.0
        hidden, _ = module(torch.tensor(trace.inputs))
    np.testing.assert_allclose(trace.hidden_states[1:], hidden.numpy(), rtol=0.0, atol=1e-12)


@every("cell", NAMED_SCHEMES["linear"].cells)
def test_a_linear_cell_is_drawn_as_torch_draws_the_module(cell: str) -> None:
    wide = replace(SMALL, hidden_size=500, input_size=7)
    drawn = run(scheme_experiment("linear", cell, wide)).parameters
    module = torch.nn.Linear(7, 500 * CELLS[cell].blocks)
    for name, of in {"weight_ih_l0": module.weight, "bias_ih_l0": module.bias}.items():
        ours, theirs = np.sort(np.abs(drawn[name].ravel())), np.sort(np.abs(of.detach().numpy().ravel()))
        assert ours.shape == theirs.shape
        np.testing.assert_allclose([ours[-1], theirs[-1]], 7**-0.5, rtol=0.01)
        np.testing.assert_allclose(
            [ours.mean(), theirs.mean()], 7**-0.5 / 2, rtol=0.06
        )  # uniform, so half of the bound


def test_the_xlstm_has_no_recurrent_weights_and_the_forget_biases_of_its_authors_code() -> None:
    asked = scheme_experiment("xlstm", "slstm", replace(SMALL, hidden_size=200, input_size=50))
    trace = run(asked)
    drawn = trace.parameters
    assert not drawn["weight_hh_l0"].any()
    units = torch.arange(200, dtype=torch.float64)
    theirs = -(-5.0 + 12.0 * (units / 199.0) ** 0.3).numpy()
    gates = dict(zip(CELLS["slstm"].gates, drawn["bias_ih_l0"].reshape(4, 200), strict=True))
    np.testing.assert_allclose(gates.pop("f′"), theirs, rtol=1e-14)
    assert not np.any(list(gates.values()))
    assert not drawn["bias_hh_l0"].any()
    assert drawn["weight_ih_l0"].std() == pytest.approx(np.sqrt(2 / 5 / 50), rel=0.02)


def test_the_ssm_of_mambas_code_has_its_steps_and_the_spread_of_linears_weights() -> None:
    drawn = run(scheme_experiment("mamba", "ssm", replace(SMALL, hidden_size=400, input_size=50))).parameters
    module = torch.nn.Linear(50, 800)
    assert drawn["weight_ih_l0"].std() == pytest.approx(float(module.weight.detach().std()), rel=0.02)
    steps = torch.nn.functional.softplus(torch.tensor(drawn["bias_ih_l0"][:400])).numpy()
    np.testing.assert_allclose([steps.min(), steps.max()], [1e-3, 0.1], rtol=0.05)
    np.testing.assert_allclose(np.log(steps).mean(), np.log([1e-3, 0.1]).mean(), atol=0.15)
    decays = np.exp(drawn["A_log_l0"])
    np.testing.assert_allclose([decays.min(), decays.max()], [1.0, 16.0], atol=0.2)
    assert not drawn["bias_ih_l0"][400:].any()


def test_the_ring_is_that_of_the_paper() -> None:
    drawn = run(
        scheme_experiment("ring", "lru", replace(SMALL, hidden_size=400, input_size=50, weight_scale=1.0))
    ).parameters
    radii = np.exp(-np.exp(drawn["nu_log_l0"]))
    np.testing.assert_allclose([radii.min(), radii.max()], [0.9, 0.999], atol=2e-3)
    np.testing.assert_allclose(np.mean(radii**2), (0.9**2 + 0.999**2) / 2, rtol=0.01)  # uniform in the square
    assert drawn["weight_ih_l0"].std() == pytest.approx(1 / np.sqrt(2 * 50), rel=0.02)


def test_the_irnn_is_an_identity_with_relu_and_without_biases() -> None:
    question = scheme_experiment("irnn", "rnn", replace(SMALL, weight_scale=1.0))
    trace = run(question)
    assert cell_of(question).label == "Vanilla RNN, ReLU"
    np.testing.assert_array_equal(trace.parameters["weight_hh_l0"], np.eye(12))
    assert not trace.parameters["bias_ih_l0"].any()
    assert not trace.parameters["bias_hh_l0"].any()


@every("power", [-20, -3, 2])
def test_the_scale_of_the_input_changes_no_jacobian_of_the_irnn(power: int) -> None:
    question = scheme_experiment("irnn", "rnn", replace(SMALL, weight_scale=1.0))
    one, other = run(question), run(replace(question, input_scale=question.input_scale * 2.0**power))
    np.testing.assert_array_equal(other.hidden_states, one.hidden_states * 2.0**power)
    # With W_hh = 1 the Jacobian of a step is the diagonal of the units that are on.
    np.testing.assert_array_equal(other.hidden_states > 0.0, one.hidden_states > 0.0)


def test_the_scale_of_the_input_hardly_changes_the_factor_of_the_irnn() -> None:
    wide = replace(SMALL, weight_scale=1.0, sequence_length=100, hidden_size=128, input_size=16, batch_size=4)
    norms = [
        run_family(scheme_experiment("irnn", "rnn", replace(wide, input_scale=scale)), seeds=range(20))
        for scale in (1e-3, 1.0)
    ]
    small, usual = (judge_each(family.log10_norms["input"], family.digits) for family in norms)
    assert 10.0**small.log10_factor.median == pytest.approx(10.0**usual.log10_factor.median, rel=0.003)
