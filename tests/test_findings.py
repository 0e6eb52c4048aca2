"""What a given network's gradient says: against closed forms, torch, and this library's answers to experiments."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_dynamics import Errors, Experiment, Network, States, Trace, run, run_network, split_by_lag
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.verdict import HORIZON_SHARE, Verdict
from rnn_dynamics.own.asked import asked_of
from rnn_dynamics.own.findings import Finding, findings, is_sound, worst
from rnn_dynamics.own.formats import Lags
from rnn_dynamics.own.last_error import at_the_end, last_errors
from rnn_dynamics.own.report import summary, verdict_lines, verdict_rows
from tests.claims import assert_readable, factor_per_step
from tests.every import every
from tests.layer_by_layer import factors_of, walk_network
from tests.oracle import carried_gradients, recurrent_gradients
from tests.test_run_network import module_of, network_of

Array = NDArray[np.float64]
WORDS = sentences("own")
SMALL = Experiment(cell="lstm", sequence_length=30, hidden_size=6, input_size=3, batch_size=2)


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def orthogonal(size: int, seed: int = 0) -> Array:
    return np.linalg.qr(noise(size, size, seed=seed))[0]


def given_by(trace: Trace) -> tuple[Network, Array, Errors]:
    """The network of an experiment, its inputs and the errors of its loss."""
    residuals = trace.hidden_states[1:] @ trace.readout.T - trace.targets
    every_step = trace.experiment.loss_at == "every"
    errors = (residuals if every_step else residuals[-1:]) @ trace.readout / trace.targets.size
    parameters = dict(trace.parameters)
    if trace.experiment.cell == "jordan":
        parameters["weight_ho"] = trace.readout
    of = trace.experiment
    return Network(cell=of.cell, parameters=parameters, nonlinearity=of.nonlinearity), trace.inputs, Errors(errors)


def found_in(trace: Trace) -> Finding:
    network, inputs, errors = given_by(trace)
    (finding,) = findings(run_network(network, inputs, errors, by_step=True), errors)
    return finding


def at_rest(scale: float, steps: int, **more: float) -> tuple[Network, Array]:
    """W_hh = scale · Q, and `more` of its like in further levels, without input or bias."""
    parameters = {}
    for number, (end, factor) in enumerate({"_l0": scale, **more}.items()):
        read = 2 if end.startswith("_l0") else 4 * (1 + any("reverse" in name for name in more))
        parameters[f"weight_ih{end}"] = noise(4, read, seed=number)
        parameters[f"weight_hh{end}"] = factor * orthogonal(4, seed=number)
    return Network(cell="rnn", parameters=parameters), np.zeros((steps, 3, 2))


@every("scale", [0.9, 0.99, 1.0, 1.1])
def test_a_scaled_orthogonal_matrix_at_rest_gives_its_scale_exactly(scale: float) -> None:
    network, inputs = at_rest(scale, 51)
    errors = Errors(output=noise(1, 3, 4))
    (finding,) = findings(run_network(network, inputs, errors), errors)
    assert finding.verdict.log10_factor == pytest.approx(math.log10(scale), abs=1e-13)
    assert 10.0**finding.verdict.orders == pytest.approx(scale**50, rel=1e-12)
    below = [lag for lag in range(51) if scale**lag < HORIZON_SHARE]
    assert finding.verdict.horizon == (below[0] if below else None)
    assert finding.verdict.outcome == {0.9: "vanishes", 0.99: "holds", 1.0: "holds", 1.1: "explodes"}[scale]
    assert (finding.largest_singular_value, finding.spectral_radius) == pytest.approx((scale, scale), rel=1e-12)
    assert (finding.arrive, finding.alone, finding.travelled) == (1, False, 50)


def test_the_backward_direction_is_judged_the_other_way_round() -> None:
    network, inputs = at_rest(0.9, 60, _l0_reverse=0.8)
    ends = Errors(h_n=noise(2, 3, 4))
    forwards, backwards = findings(run_network(network, inputs, ends), ends)
    assert 10.0**forwards.verdict.log10_factor == pytest.approx(0.9, rel=1e-12)
    assert 10.0**backwards.verdict.log10_factor == pytest.approx(0.8, rel=1e-12)
    assert (forwards.travelled, backwards.travelled) == (59, 59)
    last = Errors(output=noise(1, 3, 8))
    _, backwards = findings(run_network(network, inputs, last), last)
    assert (backwards.verdict.outcome, backwards.travelled, backwards.sound) == ("none", 0, True)
    assert "single step" in summary(WORDS, backwards)


def test_what_arrives_at_every_step_does_not_hide_how_far_one_error_travels() -> None:
    network, inputs = at_rest(0.8, 60, _l0_reverse=0.7, _l1=0.9, _l1_reverse=1.1)
    for errors in (Errors(output=noise(60, 3, 8)), Errors(output=noise(60, 3, 8), h_n=noise(4, 3, 4, seed=1))):
        found = findings(run_network(network, inputs, errors), errors)
        factors = [10.0**one.verdict.log10_factor for one in found]
        assert factors == pytest.approx([0.8, 0.7, 0.9, 1.1], rel=1e-12)
        assert [(one.layer, one.reverse, one.arrive, one.alone) for one in found] == [
            *((0, False, 60, True), (0, True, 60, True), (1, False, 60, True), (1, True, 60, True))
        ]
        assert "60 of 60 steps" in dict(verdict_rows(WORDS, found[0]))["Errors arrive at"]
        together = findings(run_network(network, inputs, errors))
        assert together[2].verdict.outcome == "holds", "which is why"
        assert together[2].arrive is None


@every("size", [0.0, 1.0])
def test_an_error_at_the_end_alone_is_known_to_be_the_only_one_without_a_look_at_all_steps(size: float) -> None:
    def of(network: Network, inputs: Array, errors: Errors, **more: Any) -> tuple[Any, Any]:
        trace = run_network(network, inputs, errors, **more)
        return at_the_end(trace, errors), last_errors(asked_of(trace, errors), trace)

    network, inputs = at_rest(0.9, 20)
    last = Errors(output=size * noise(1, 3, 4))
    known, found = of(network, inputs, last)
    assert [one[1:] for one in known] == [one[1:] for one in found] == [(int(size), False)]
    np.testing.assert_array_equal(known[0].norms["hidden"], found[0].norms["hidden"])
    assert of(network, inputs, Errors(output=noise(2, 3, 4)))[0] == ()
    assert of(network, inputs, last._replace(h_n=noise(1, 3, 4)))[0] == ()
    assert of(network, inputs, last, lengths=[20, 9, 3])[0] == ()
    stack, _ = at_rest(0.9, 20, _l1=0.8)
    assert of(stack, inputs, last)[0] == ()


STACKS: list[tuple[str, dict[str, Any]]] = [
    ("rnn", {"num_layers": 2}),
    ("lstm", {"bidirectional": True, "num_layers": 2}),
    ("lstm", {}),
    ("gru", {"bidirectional": True}),
    ("gru", {"num_layers": 3, "bias": False}),
]


@every("reads", ["last", "every", "h_n"])
@every(("cell", "options"), STACKS)
def test_the_last_error_alone_is_what_autograd_makes_of_it(cell: str, options: dict[str, Any], reads: str) -> None:
    network = network_of(module_of(cell, **options))
    inputs, levels, size = noise(25, 3, 2), network.levels, network.hidden_size
    initial = tuple(noise(levels, 3, size, seed=5 + k) for k in range(1 + (cell == "lstm")))
    errors = Errors(output=noise({"every": 25}.get(reads, 1), 3, network.directions * size, seed=1))
    if reads == "h_n":
        errors = Errors(
            h_n=np.concatenate([np.zeros((levels - network.directions, 3, size)), noise(network.directions, 3, size)])
        )
    trace = run_network(network, inputs, errors, initial=initial)
    stack = walk_network(network, inputs, initial)
    if reads == "h_n":  # the same, seen from what is handed upwards
        by_output = noise(25, 3, network.directions * size) * 0.0
        by_output[-1, :, :size] = errors.h_n[levels - network.directions]  # type: ignore[index]
        if network.directions == 2:
            by_output[0, :, size:] = errors.h_n[-1]  # type: ignore[index]
        norms = stack.last_norms(Errors(output=by_output))
    else:
        norms = stack.last_norms(errors)
    for finding, of in zip(findings(trace, errors), norms, strict=True):
        assert finding.travelled == len(of) - 1
        if len(of) > 1:
            assert finding.verdict.orders == pytest.approx(of[0] - of[-1], abs=1e-9)
            below = [lag for lag in range(len(of)) if (of[: len(of) - lag] < of[-1] - 2.0).all()]
            assert finding.verdict.horizon == (below[0] if below else None)
    factors = [10.0**one.verdict.log10_factor for one in findings(trace, errors)]
    np.testing.assert_allclose(factors, factors_of(norms), rtol=1e-8)


@every("packed", [True, False])
def test_sequences_that_end_one_after_the_other_do_not_look_like_a_gradient_that_holds(packed: bool) -> None:
    network, inputs = at_rest(0.9, 40)
    lengths = np.array([40, 25, 8])
    there = np.arange(40)[:, None, None]
    output = np.where(there < lengths[:, None], noise(40, 3, 4), 0.0)
    for errors in (Errors(output=output), Errors(output=np.where(there == lengths[:, None] - 1, output, 0.0))):
        trace = run_network(network, inputs, errors, lengths=lengths.tolist() if packed else None)
        (finding,) = findings(trace, errors)
        assert 10.0**finding.verdict.log10_factor == pytest.approx(0.9, rel=1e-12)
        assert finding.verdict.orders == pytest.approx(39 * math.log10(0.9), abs=1e-12)
        assert finding.verdict.outcome == "vanishes"
        assert finding.alone
        assert findings(trace)[0].verdict.outcome != "vanishes", "which is why"


@every("size", [1e-3, 1e3])
def test_a_sequence_with_a_larger_error_that_has_ended_leaves_no_step_in_the_curve(size: float) -> None:
    network, inputs = at_rest(0.9, 40)
    sizes = np.array([1.0, size, size])[:, None]
    errors = Errors(h_n=sizes * noise(1, 3, 4))
    (finding,) = findings(run_network(network, inputs, errors, lengths=[40, 20, 20]), errors)
    assert finding.verdict.orders == pytest.approx(39 * math.log10(0.9), abs=1e-12)
    assert finding.verdict.horizon is None


@every(("cell", "options"), [STACKS[1], STACKS[4]])
def test_a_batch_of_different_lengths_is_its_sequences_one_by_one(cell: str, options: dict[str, Any]) -> None:
    network, inputs, lengths = network_of(module_of(cell, **options)), noise(20, 3, 2), [20, 13, 6]
    errors = Errors(output=noise(20, 3, network.directions * network.hidden_size, seed=1))
    trace = run_network(network, inputs, errors, lengths=lengths)
    squares: list[list[Array]] = [[] for _ in range(network.levels)]  # of each level and sequence by lag
    for number, length in enumerate(lengths):
        own = slice(number, number + 1)
        stack = walk_network(network, inputs[:length, own])
        alone = Errors(output=errors.output[:length, own])  # type: ignore[index]
        for level, (norms, (error, _)) in enumerate(
            zip(stack.last_norms(alone), stack.last_errors(alone), strict=True)
        ):
            squares[level].append(10.0 ** (2.0 * norms[::-1]) / float(error.square().sum()))
    for finding, of in zip(findings(trace, errors), squares, strict=True):
        way = left_of_each(of)
        assert finding.verdict.orders == pytest.approx(way[-1] - way[0], abs=1e-9)
        assert 10.0**finding.verdict.log10_factor == pytest.approx(factor_per_step(way[::-1]), rel=1e-8)


def left_of_each(squares: list[Array]) -> Array:
    """log10 by lag of the root mean square of all sequences that reach so far, of squares relative to its own error."""
    lags = range(max(map(len, squares)))
    return np.array([0.5 * math.log10(np.mean([of[lag] for of in squares if len(of) > lag])) for lag in lags])


@every("cell", ["lstm", "gru"])
def test_the_additive_path_is_the_ratio_of_its_norm_to_the_whole(cell: str) -> None:
    trace = run(replace(SMALL, cell=cell))
    cut, whole = (np.linalg.norm(carried_gradients(trace, cut=cut)[0]) for cut in (True, False))
    assert found_in(trace).log10_path == pytest.approx(math.log10(cut / whole), abs=1e-9)


def test_the_additive_path_is_that_of_the_last_error_alone() -> None:
    network, inputs = network_of(module_of("lstm")), noise(20, 3, 2)
    errors = Errors(output=noise(20, 3, 4, seed=1))
    (finding,) = findings(run_network(network, inputs, errors), errors)
    (level,) = walk_network(network, inputs).levels
    last, (hidden, cell) = torch.tensor(errors.output)[-1], level.states[-1]
    path, *whole = torch.autograd.grad((hidden * last).sum(), (cell, level.states[0][1]), retain_graph=True)
    for gates in level.gates[1:]:
        path = path * gates["f"]
    assert finding.log10_path == pytest.approx(float((path.norm() / whole[0].norm()).log10().detach()), abs=1e-10)


def test_without_recurrent_weights_all_travels_along_the_additive_path() -> None:
    trace = run(replace(SMALL, weight_scale=0.0, forget_bias=3.0))
    assert found_in(trace).log10_path == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(found_in(run(replace(SMALL, cell="rnn"))).log10_path)


@every(("cell", "gate"), [("lstm", "f"), ("gru", "z")])
def test_the_mean_gate_is_torchs_and_its_time_scale_keeps_a_share_of_1_over_e(cell: str, gate: str) -> None:
    trace = run(replace(SMALL, cell=cell, initialisation="torch"))
    network, inputs, _ = given_by(trace)
    (level,) = walk_network(network, inputs).levels
    mean = float(torch.stack([of[gate] for of in level.gates]).mean().detach())
    finding = found_in(trace)
    assert finding.keeps == pytest.approx(mean, rel=1e-12)
    assert finding.keeps**finding.time_scale == pytest.approx(math.exp(-1.0))


@every(("keeps", "expected"), [(1.0, math.inf), (math.nan, math.nan), (0.5, 1.0 / math.log(2.0)), (0.0, 0.0)])
def test_a_gate_that_is_always_open_keeps_for_ever_and_one_that_is_shut_not_for_a_step(
    keeps: float, expected: float
) -> None:
    assert replace(found_in(run(SMALL)), keeps=keeps).time_scale == pytest.approx(expected, nan_ok=True)


@every(("cell", "block"), [("rnn", 0), ("lstm", 2), ("gru", 2), ("jordan", 0)])
def test_the_matrix_is_the_block_that_writes_the_state(cell: str, block: int) -> None:
    trace = run(replace(SMALL, cell=cell))
    matrix = torch.tensor(trace.parameters["weight_hh_l0"])[block * 6 : (block + 1) * 6]
    if cell == "jordan":
        matrix = matrix @ torch.tensor(trace.readout)
    finding = found_in(trace)
    assert finding.largest_singular_value == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-10)
    assert finding.spectral_radius == pytest.approx(float(torch.linalg.eigvals(matrix).abs().max()), rel=1e-10)
    assert finding.cell.state_matrix in dict(verdict_rows(WORDS, finding))


@every("cell", ["rnn", "lstm", "gru"])
@every("scale", [0.5, 1.5])
def test_the_shares_by_lag_are_those_of_the_parts_of_the_gradient(cell: str, scale: float) -> None:
    trace = run(replace(SMALL, cell=cell, weight_scale=scale))
    parts = recurrent_gradients(trace)[::-1].reshape(30, -1)
    whole = parts.sum(axis=0)
    shares = parts @ whole / (whole @ whole)
    by_lag = found_in(trace).by_lag
    assert by_lag is not None
    np.testing.assert_allclose(by_lag.shares, shares, atol=1e-10)
    np.testing.assert_allclose(
        by_lag.groups, [(0, 0, shares[0]), (1, 9, shares[1:10].sum()), (10, 29, shares[10:].sum())], atol=1e-10
    )
    assert by_lag.whole == split_by_lag(trace.experiment).lag_of_whole


@every("steps", [1, 2, 10, 11, 101])
def test_the_groups_of_lags_are_all_lags(steps: int) -> None:
    by_lag = found_in(run(replace(SMALL, sequence_length=steps, cell="gru"))).by_lag
    if steps == 1:  # W_hh meets nothing but the initial state 0
        assert by_lag is None
        return
    assert by_lag is not None
    lags = [lag for first, last, _ in by_lag.groups for lag in range(first, last + 1)]
    assert lags == list(range(steps))
    assert sum(share for *_, share in by_lag.groups) == pytest.approx(1.0)


@every("scale", [0.01, 0.9, 8.0])
@every("kind", ["float16", "bfloat16", "float32"])
def test_a_format_really_stores_zeros_or_infinities_where_it_is_said(kind: str, scale: float) -> None:
    network, inputs = at_rest(scale, 60)
    errors = Errors(output=1e-3 * noise(1, 3, 4))
    (finding,) = findings(run_network(network, inputs, errors), errors)
    (stored,) = (one for one in finding.formats if one.format == kind)
    (level,) = walk_network(network, inputs).levels
    hidden = [state[0] for state in level.states]
    found = torch.autograd.grad((hidden[-1] * torch.tensor(errors.output)[0]).sum(), hidden)
    gradients = torch.stack(found[::-1])
    there = gradients.to(getattr(torch, kind))
    zero, infinite = (there == 0).all(dim=(1, 2)).tolist(), there.isinf().any(dim=(1, 2)).tolist()
    # By the norm of 12 entries an entry is known to within a factor of √12, which is less than two steps here.
    assert_within(zero, stored.zero, 60, most=0 if scale == 0.9 else 1)
    assert_within(infinite, stored.infinite, 60, most=1)
    assert (stored.log2_scale == 0) == (stored.subnormal is None and stored.norm is None)
    if stored.log2_scale is not None:
        scaled = (gradients * 2.0**stored.log2_scale).to(getattr(torch, kind))
        assert not (scaled == 0).all(dim=(1, 2)).any()
        assert scaled.isfinite().all()


def test_a_format_stores_all_errors_together() -> None:
    network, inputs = at_rest(0.2, 60)
    for errors, lost in ((noise(1, 3, 4), True), (noise(60, 3, 4), False)):
        given = Errors(output=errors)
        (finding,) = findings(run_network(network, inputs, given), given)
        assert [one.zero is not None for one in finding.formats] == [lost, lost, False]  # 0.2^59 = 6e-42
        assert finding.verdict.horizon == 3  # of the last error alone in both


def assert_within(there: list[bool], said: Lags | None, steps: int, most: int) -> None:
    """What is said is there, and begins at most so many lags late."""
    first = there.index(True) if True in there else steps
    said_first = said.first if said else steps
    assert first <= said_first <= first + most
    assert all(there[said_first:])


def test_a_network_is_sound_where_1_percent_is_left() -> None:
    holds = Verdict("holds", -1.0, -0.01, None)
    assert is_sound(holds)
    assert not is_sound(replace(holds, horizon=30))
    assert not is_sound(replace(holds, outcome="explodes"))
    silent, fast = Verdict("silent", math.nan, math.nan, None), Verdict("vanishes", -9.0, -0.5, 4)
    assert worst([holds, fast, silent]) == silent
    assert worst([Verdict("none", 0.0, math.nan, None), holds, fast]) == fast


def test_a_gradient_that_holds_by_its_factor_and_has_faded_in_the_end_is_not_sound() -> None:
    network, inputs = at_rest(0.98, 300)
    errors = Errors(output=noise(1, 3, 4))
    (finding,) = findings(run_network(network, inputs, errors), errors)
    assert (finding.verdict.outcome, finding.verdict.horizon, finding.sound) == ("holds", 228, False)  # 0.98^228 < 1 %
    assert "less than 1 % of it is left" in summary(WORDS, finding)
    short = replace(finding, verdict=replace(finding.verdict, horizon=None))
    assert summary(WORDS, short).endswith("the gradient holds")


def test_a_network_of_which_every_unit_is_off_is_silent() -> None:
    network = Network(
        cell="rnn",
        parameters={
            "weight_ih_l0": noise(3, 2),
            "weight_hh_l0": noise(3, 3),
            "bias_ih_l0": np.full(3, -99.0),
            "bias_hh_l0": np.zeros(3),
        },
        nonlinearity="relu",
    )
    errors = Errors(output=np.zeros((1, 2, 3)))
    (finding,) = findings(run_network(network, noise(12, 2, 2), errors, by_step=True), errors)
    assert (finding.verdict.outcome, finding.sound, finding.by_lag) == ("silent", False, None)
    assert_readable("\n".join(verdict_lines(WORDS, [finding])))


@every("steps", [1, 2, 30])
@every("loss", ["last", "every", "h_n"])
@every("scale", [0.0, 0.5, 4.0])
@every(("cell", "options"), [*STACKS, ("rnn", {"nonlinearity": "relu"})])
def test_every_sentence_can_be_read(cell: str, options: dict[str, Any], scale: float, loss: str, steps: int) -> None:
    network = network_of(module_of(cell, **options))
    parameters = {name: of * (scale if "weight_hh" in name else 1.0) for name, of in network.parameters.items()}
    network = replace(network, parameters=parameters)

    def errors(states: States) -> Errors:
        if loss == "h_n":
            return Errors(h_n=states.h_n)
        return Errors(output=states.output if loss == "every" else states.output[-1:])

    trace = run_network(network, noise(steps, 2, 2), errors, by_step=True)
    found = findings(trace, errors, "encoder.rnn")
    lines = verdict_lines(WORDS, found)
    assert_readable("\n".join(lines))
    assert sum("encoder.rnn" in line for line in lines) == network.levels == len(found)


def carousel(cell: str, f: float, steps: int, *, writes: float = 0.0) -> tuple[Network, Array]:
    """An LSTM or sLSTM of 4 units without recurrent weights, whose forget gate is f at every step, and inputs for it.

    At the first step its input gate's argument is 0, at all later ones `writes`.
    """
    bias, weight_ih = np.zeros(16), noise(16, 3)
    bias[4:8] = math.log(f / (1.0 - f))
    weight_ih[:8] = 0.0
    weight_ih[:4, 2] = writes
    parameters = {"weight_ih_l0": weight_ih, "weight_hh_l0": np.zeros((16, 4))}
    parameters |= {"bias_ih_l0": bias, "bias_hh_l0": np.zeros(16)}
    inputs = noise(steps, 3, 3)
    inputs[:, :, 2] = np.arange(steps)[:, None] > 0
    return Network(cell=cell, parameters=parameters), inputs


@every("cell", ["lstm", "slstm"])
@every(("f", "writes", "outcome"), [(0.9999, -10.0, "holds"), (0.5, 0.0, "vanishes")])
def test_without_recurrent_weights_the_cell_state_alone_carries_an_error_and_is_judged(
    cell: str, f: float, writes: float, outcome: str
) -> None:
    (network, inputs), error = carousel(cell, f, 40, writes=writes), noise(1, 3, 4, seed=1)
    errors = Errors(output=error)
    trace = run_network(network, inputs, errors)
    (finding,), (layer,) = findings(trace, errors), trace.layers
    assert np.isneginf(layer.log10_norms["hidden"][:-1]).all(), "of which nothing is left, whatever f"
    assert (finding.verdict.outcome, finding.sound) == (outcome, outcome == "holds")

    sums = np.cumprod(np.full(40, f)) / f  # n_t, of what an sLSTM has written at step 1
    for later in range(1, 40):
        sums[later:] += math.exp(writes) * f ** np.arange(40 - later)
    left = f ** np.arange(40) * (sums[::-1] / sums[-1] if cell == "slstm" else 1.0)  # by lag: the product of f, or f′
    assert layer.cell_states is not None
    squashed = 1.0 if cell == "slstm" else 1.0 - np.tanh(layer.cell_states[-1]) ** 2
    enters = float(np.linalg.norm(error * layer.gates["o"][-1] * squashed))
    first = math.hypot(float(np.linalg.norm(error)), enters)
    assert finding.verdict.orders == pytest.approx(math.log10(left[-1] * enters / first), abs=1e-10)
    assert finding.verdict.log10_factor == pytest.approx(math.log10(left[36] / left[8]) / 28, abs=1e-10)
    if outcome == "vanishes":
        assert 10.0**finding.verdict.log10_factor == pytest.approx(0.5, abs=1e-12 if cell == "lstm" else 2e-3)
    at_inputs = trace.log10_norms["input"]  # which is what learning sees
    assert (at_inputs[0] - at_inputs[-1] > -2.0) == (outcome == "holds")


@every("cell", ["lstm", "slstm"])
def test_the_state_that_is_judged_and_stored_is_the_one_that_is_named(cell: str) -> None:
    network, inputs = carousel(cell, 0.5, 60)
    errors = Errors(output=1e-30 * noise(1, 3, 4, seed=1))
    trace = run_network(network, inputs, errors)
    (finding,) = findings(trace, errors)
    said = dict(verdict_rows(WORDS, finding))
    state = {"lstm": "dL/d(hₜ, cₜ)", "slstm": "dL/d(hₜ, cₜ/nₜ)"}[cell]
    assert f"Factor per step of ‖{state}‖" in said
    assert f"every entry of {state} is 0 at lags 0 to 59" in said["In float16"]
    squares = [10.0 ** (2.0 * trace.layers[0].log10_norms[name]) for name in ("hidden", "cell")]
    typical = 0.5 * np.log2((squares[0] + squares[1])[::-1] / (2 * 3 * 4))
    below = np.flatnonzero(typical < -126)
    subnormal = {of.format: of.subnormal for of in finding.formats}["float32"]
    assert subnormal == Lags(int(below[0]), int(below[-1]), len(below))
    (of_gru,) = findings(run_network(network_of(module_of("gru")), noise(60, 3, 2), errors), errors)
    assert "Factor per step of ‖dL/dhₜ‖" in dict(verdict_rows(WORDS, of_gru))


def test_an_error_that_arrives_in_the_last_cell_state_alone_has_lag_0_there() -> None:
    network, inputs = carousel("lstm", 0.5, 40)
    errors = Errors(c_n=noise(1, 3, 4, seed=1))
    (finding,) = findings(run_network(network, inputs, errors), errors)
    assert (finding.travelled, finding.verdict.outcome) == (39, "vanishes")
    assert finding.verdict.orders == pytest.approx(39 * math.log10(0.5), abs=1e-12)
    assert finding.verdict.horizon == 7  # 2^−7 is the first below 1 %
