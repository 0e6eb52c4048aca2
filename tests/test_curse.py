"""The curse of memory (Zucchet & Orvieto 2024): its laws against exact sums, autograd, the engine, and networks."""

from collections.abc import Iterable
from itertools import accumulate, product, repeat
from operator import mul
from typing import Any

import gmpy2
import numpy as np
import pytest
import torch

from rnn_dynamics.engine.curse import (
    REMEDIES,
    START,
    USUAL_MEMORY,
    Student,
    factor_of,
    memory_of,
    sensitivity,
    state_variance,
)
from rnn_dynamics.engine.curse_measured import (
    GATES,
    MEMORIES,
    correlated,
    gate_parameters,
    gate_walk,
    measure,
)
from rnn_dynamics.engine.given import Errors, Network
from rnn_dynamics.engine.run_network import run_network
from tests.every import every

Array = np.ndarray[Any, Any]
factors = every("factor", [0.0, 0.3, 0.9, 0.99, -0.8, 0.6 + 0.5j, -0.2 + 0.9j])
RHOS = (0.0, 0.3, 0.9, 0.99)
rhos = every("rho", RHOS)


def kernel(factor: torch.Tensor, rho: torch.Tensor, steps: int) -> torch.Tensor:
    """What an impulse of the noise behind the inputs leaves in the state, step by step: h_t is a sum of such."""
    h, x, found = torch.zeros_like(factor), torch.ones_like(rho), []
    for _ in range(steps):
        h = factor * h + x
        found.append(h)
        x = x * rho
    return torch.stack(found) * (1.0 - rho**2) ** 0.5


def doubles(values: Iterable[float]) -> torch.Tensor:
    return torch.tensor([*values], dtype=torch.float64)


@factors
@rhos
def test_both_laws_are_the_exact_sums_in_forty_digits(factor: complex, rho: float) -> None:
    with gmpy2.context(precision=133):
        powers = [*accumulate(repeat(gmpy2.mpc(factor), 3499), mul, initial=gmpy2.mpc(1))]

        def pairs(weights: Iterable[Any]) -> float:
            """E of |Σ_k w_k x_{t−k}|²: Σ_k |w_k|² + 2 Re Σ_{k, lag ≥ 1} w_k conj(w_{k+lag}) ρ^lag, by a recursion."""
            total, behind, power = gmpy2.mpfr(0), gmpy2.mpc(0), gmpy2.mpfr(rho)
            for own in weights:
                total += gmpy2.norm(own) + 2 * (own * behind.conjugate()).real
                behind = power * (behind + own)
            return float(total)

        state = pairs(powers)
        derivative = pairs([gmpy2.mpc(0), *(k * power for k, power in enumerate(powers[:-1], 1))])
    assert float(state_variance(factor, rho)) == pytest.approx(state, rel=1e-10)
    assert float(sensitivity(factor, rho)) == pytest.approx(derivative, rel=1e-10)


def test_they_are_the_papers_formulas_and_autograds() -> None:
    factor, rho = np.array([*product([0.0, 0.3, 0.9, 0.99, -0.8], RHOS)]).T
    one, turned = 1.0 - factor**2, 1.0 - factor * rho
    paper = ((1 + factor**2) * (1 - factor**2 * rho**2) + 2 * one * factor * rho) / (one**3 * turned**2)
    states, sensitivities = (np.array([*map(of, factor, rho)]) for of in (state_variance, sensitivity))
    np.testing.assert_allclose(states, (1 + rho * factor) / (turned * one), rtol=1e-12)
    np.testing.assert_allclose(sensitivities, paper, rtol=1e-12)
    own, ones, steps = doubles(factor), torch.ones(len(factor), dtype=torch.float64), 3000
    along = torch.autograd.functional.jvp
    found, slopes = along(lambda value: kernel(value, doubles(rho), steps), own, ones)  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(states, (found**2).sum(0).numpy(), rtol=1e-8)
    np.testing.assert_allclose(sensitivities, (slopes**2).sum(0).numpy(), rtol=1e-8)


def test_loss_gradient_and_step_are_autograds() -> None:
    students = [
        Student(memory=memory, rho=rho, remedy=remedy)
        for memory, rho, remedy in product([2.0, 10.0, 50.0], RHOS, REMEDIES)
    ]
    scaled, exponential = (
        torch.tensor([student.remedy in (name, "both") for student in students]) for name in ("gamma", "exponential")
    )
    teacher, start = doubles(each.factor for each in students), doubles(each.step.start for each in students)
    rho, gamma_squared = doubles(each.rho for each in students), torch.where(scaled, 1.0 - teacher**2, 1.0)
    own = torch.where(exponential, torch.log(-torch.log(start)), start).requires_grad_()

    def as_factor(parameter: torch.Tensor) -> torch.Tensor:
        return torch.where(exponential, torch.exp(-torch.exp(parameter)), parameter)

    apart = kernel(as_factor(own), rho, 2500) - kernel(teacher, rho, 2500)
    found = 0.5 * gamma_squared * (apart**2).sum(0)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert own.grad is not None
    moved = as_factor(own.detach() - doubles(each.step.learning_rate for each in students) * own.grad)
    for student, loss, gradient, end in zip(students, found, own.grad, moved, strict=True):
        assert student.step.loss_before == pytest.approx(loss.item(), rel=1e-8), student
        assert float(student.gradient(student.step.start)) == pytest.approx(gradient.item(), rel=1e-8), student
        assert student.step.end == pytest.approx(end.item(), rel=1e-8), student
        assert float(student.loss(student.factor)) == pytest.approx(0.0, abs=1e-12), student


@every("remedy", REMEDIES)
def test_the_curvature_is_that_of_the_loss_and_the_usual_memory_steps_home(remedy: str) -> None:
    student = Student(memory=30.0, rho=0.5, remedy=remedy)
    away = 1e-5
    if student.learns_exponent:
        places = np.exp(np.log(student.factor) * np.exp([-away, away]))
    else:
        places = student.factor + np.array([-away, away])
    low, high = student.gradient(places)
    assert (high - low) / (2 * away) == pytest.approx(student.curvature, rel=1e-4)
    usual = Student(memory=USUAL_MEMORY, remedy=remedy).step
    assert 0.75 < usual.ratio < 1.0
    assert float(memory_of(usual.start)) == pytest.approx(START * USUAL_MEMORY)


@every("remedy", REMEDIES)
def test_the_loss_is_infinite_where_the_state_explodes(remedy: str) -> None:
    np.testing.assert_array_equal(Student(memory=10.0, remedy=remedy).loss([1.0, 1.5, -1.0]), np.inf)


def test_an_impossible_question_is_refused_by_name() -> None:
    for asked, told in (
        ({"memory": 0.0}, "memory = 0.0 is not"),
        ({"memory": "ten"}, "memory = 'ten' is not"),
        ({"memory": 10.0, "rho": 1.0}, "rho = 1.0 is not a number from 0 to 0.999999"),
        ({"memory": 10.0, "remedy": "clip"}, "remedy = 'clip' is not one of none, gamma, exponential, both"),
    ):
        with pytest.raises(ValueError, match=told):
            Student(**asked)
    with pytest.raises(ValueError, match=r"factor = 1\.0 is not a number inside the unit circle"):
        state_variance(1.0, 0.0)
    with pytest.raises(ValueError, match="rho = -1 is not"):
        measure(-1, 0)
    with pytest.raises(ValueError, match=r"seed = 0\.5 is not a whole number"):
        measure(0.0, 0.5)  # type: ignore[arg-type]


# --- networks that are run --------------------------------------------------------------------------------------------


@every("rho", [0.0, 0.5, 0.9])
def test_networks_lie_on_the_laws_within_what_a_simulation_errs(rho: float) -> None:
    seeds = [measure(rho, seed).units for seed in range(24)]
    linear = [units["linear"] for units in seeds]
    for found, law in (("state", state_variance), ("sensitivity", sensitivity)):
        ratios = np.array([getattr(one, found) for one in linear]) / law(factor_of(MEMORIES), rho)
        errors = ratios.std(axis=0, ddof=1) / np.sqrt(len(seeds))
        assert (np.abs(ratios.mean(axis=0) - 1.0) < 4.0 * errors + 0.01).all()
        assert errors.max() < 0.1
    if rho == 0.0:  # the turn of a complex λ changes nothing where inputs are white
        for found, law in (("state", state_variance), ("sensitivity", sensitivity)):
            each = (getattr(units["lru"], found) / law(factor_of(units["lru"].memory), rho) for units in seeds)
            pooled = np.concatenate(list(each))
            assert pooled.mean() == pytest.approx(1.0, abs=4.0 * pooled.std() / np.sqrt(len(seeds)))


def test_the_inputs_are_correlated_as_they_say() -> None:
    inputs = correlated(0.8, 400, 2000, np.random.default_rng(1))
    for lag in (0, 1, 5):
        assert (inputs[lag:] * inputs[: 400 - lag]).mean() == pytest.approx(0.8**lag, abs=0.02)


def test_the_gates_gradients_are_the_engines_and_autograds() -> None:
    inputs = correlated(0.5, 50, 1, np.random.default_rng(5))
    states, jacobians, sensitivities = gate_walk(inputs)
    own, size = gate_parameters(), len(GATES) * len(MEMORIES)
    network = Network(cell="gru", parameters={f"{name}_l0": of for name, of in own.items()})
    trace = run_network(network, inputs[..., None], Errors(output=np.ones((1, 1, size))))
    by_bias = trace.gradients["bias_ih_l0"][size : 2 * size]
    np.testing.assert_allclose(sensitivities[-1, :, 0], by_bias, rtol=1e-10)
    np.testing.assert_allclose(trace.layers[0].hidden_states[1:, 0], states[:, :, 0], rtol=1e-12)

    torch_gru = torch.nn.GRU(1, size).double()
    for name, of in own.items():
        getattr(torch_gru, f"{name}_l0").data = torch.tensor(of)
    start = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    output, _ = torch_gru(torch.tensor(inputs[..., None]), start)
    (by_start,) = torch.autograd.grad(output[-1].sum(), start)
    np.testing.assert_allclose(jacobians.prod(axis=0)[:, 0], by_start[0, 0], rtol=1e-9)


def test_a_gate_that_sees_nothing_multiplies_by_its_memorys_factor() -> None:
    gates = measure(0.5, 0).gates
    np.testing.assert_allclose(10.0 ** gates["constant"].log10_factor, factor_of(MEMORIES), rtol=1e-12)
