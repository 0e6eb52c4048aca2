"""The phase diagram: how fast gradients grow or decay, over weight scale and input strength, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rnn_dynamics.engine.run import each_value, run_family
from rnn_dynamics.engine.trace import PhaseRow, read_only
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.experiment import Experiment, checked_experiment


def phase_grid(
    experiment: Experiment,
    weight_scales: Sequence[float],
    input_scales: Sequence[float],
    seeds: Sequence[int] | None = None,
) -> Iterator[PhaseRow]:
    """Measure log10 of the factor per step of ‖dL/dh_t‖ for each input strength and weight scale.

    A row is computed when it is asked for, so a reader may show what there is and stop after any row. A single small
    network lies far from the average one; the factors are the mean over the networks of all `seeds`.

    Args:
        experiment: cell, sizes, seed and all else that the whole grid has in common.
        weight_scales: S of them, the columns.
        input_scales: one row each.
        seeds: K networks; None stands for the experiment's own.

    Returns:
        the rows, in the order of `input_scales`; see `PhaseRow`.

    Raises:
        ValueError: a scale or seed is outside the limits of Experiment, there is none of one of them, or the sequence
            has a single step and so no factor.
    """
    if checked_experiment(experiment).sequence_length < 2:
        raise ValueError(f"sequence_length = {experiment.sequence_length} has no factor per step; the limit is 2")
    scales = each_value(experiment, "weight_scale", weight_scales)
    networks = tuple(int(seed) for seed in each_value(experiment, "seed", seeds))
    rows = [replace(experiment, input_scale=scale) for scale in each_value(experiment, "input_scale", input_scales)]
    return (grid_row(row, scales, networks) for row in rows)


def grid_row(experiment: Experiment, weight_scales: tuple[float, ...], seeds: tuple[int, ...]) -> PhaseRow:
    """A row of `phase_grid` by itself, at the experiment's own input scale."""
    length = experiment.sequence_length
    family = run_family(experiment, weight_scales=weight_scales, seeds=seeds, beside=[])
    norms, shape = family.log10_norms["hidden"], (len(weight_scales), len(seeds))
    by_seed = log10_factor_per_step(norms).reshape(shape).T
    return PhaseRow(
        experiment=experiment,
        weight_scales=weight_scales,
        seeds=seeds,
        log10_norms=read_only(norms.reshape(*shape, length).mean(axis=1)),
        log10_factors=read_only(by_seed.mean(axis=0)),
        log10_factors_by_seed=read_only(by_seed),
        digits_by_seed=read_only(family.digits.reshape(shape).T),
    )
