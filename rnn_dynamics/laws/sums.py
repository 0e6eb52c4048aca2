"""Laws of sums over losses and over time, of what a network costs, of the tasks' chance, and of the shipped atlas."""

import math
from dataclasses import replace

import numpy as np

from rnn_dynamics.atlas.shipped import shipped
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run, run_family, run_losses, split_by_lag, time_run
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.laws.law import Laws, Sides
from rnn_dynamics.learning.tasks import TASKS

LAWS = Laws()

SMALL = Experiment(sequence_length=23, hidden_size=7, input_size=3, batch_size=3, seed=3)
_USUAL = {CELLS[cell].short: (cell,) for cell in ("rnn", "lstm", "gru")}


@LAWS.law("losses", "exact", within=1e-10, cases=_USUAL)
def shares_of_losses(cell: str) -> Sides:
    """At each step the shares of all losses in the gradient sum to 1."""
    return 1.0, run_losses(replace(SMALL, cell=cell)).shares.sum(axis=0)


@LAWS.law("losses", "exact", within=1e-12, cases=_USUAL)
def losses_together(cell: str) -> Sides:
    """The losses that were sent back one by one give together what one way back gives; log10 of its norms."""
    experiment = replace(SMALL, cell=cell, loss_at="every")
    return run(experiment).log10_norms["hidden"], run_losses(experiment).every


@LAWS.law("losses", "exact", within=1e-10)
def nothing_left_out() -> Sides:
    """Truncation after all T steps turns the gradient of the recurrent weights by 0 degrees."""
    return 0.0, run_losses(SMALL, [SMALL.sequence_length]).angles["every"]


@LAWS.law("losses", "count", within=1e-12, of="each")
def parameters_and_time() -> Sides:
    """An LSTM has 4H(D + H + 2) parameters, over 10 steps as over 200."""
    network = replace(SMALL, cell="lstm")
    counts = [time_run(replace(network, sequence_length=length)).parameters for length in (10, 200)]
    return 4.0 * 7.0 * (3.0 + 7.0 + 2.0), counts


@LAWS.law("phase_diagram", "exact", within=1e-12, cases=_USUAL)
def shares_of_steps(cell: str) -> Sides:
    """The shares of all steps in dL/dW_hh sum to 1."""
    return 1.0, split_by_lag(replace(SMALL, cell=cell)).share.sum()


@LAWS.law("phase_diagram", "exact", within=1e-12, of="each", cases=_USUAL)
def steps_together(cell: str) -> Sides:
    """The norm of their sum is that of the gradient of W_hh."""
    experiment = replace(SMALL, cell=cell)
    return np.linalg.norm(run(experiment).gradients["weight_hh_l0"]), 10.0 ** split_by_lag(experiment).total


@LAWS.law("learning", "adding", within=0.01, of="each")
def adding_chance() -> Sides:
    """Always answering the mean of the sum errs by 1/6, mean square of 200,000 answers."""
    targets = TASKS["adding"].draw(np.random.default_rng(0), 200_000, 20, False).targets
    return 1.0 / 6.0, np.square(targets - 1.0).mean()


@LAWS.law("learning", "order", within=5e-5)
def order_chance() -> Sides:
    """The cross-entropy of guessing among four classes."""
    return 1.3863, TASKS["temporal_order"].chance_loss(50)


@LAWS.law("learning", "copy", within=1e-12, of="each")
def copy_chance() -> Sides:
    """The cross-entropy of who knows when to answer, and remembers nothing."""
    lags = np.array([10, 30, 100])
    return 10.0 * math.log(8.0) / (lags + 20), [TASKS["copy_memory"].chance_loss(int(lag)) for lag in lags]


@LAWS.law("atlas", "shipped", within=1e-6)
def shipped_factors() -> Sides:
    """log10 of the factor per step of LSTMs of five seeds, in the file that ships and computed now."""
    atlas = shipped()
    asked = replace(atlas.experiment, cell="lstm", input_scale=1.0, forget_bias=1.0, weight_scale=1.0)
    place = tuple(values.index(getattr(asked, name)) for name, values in atlas.axes.items())
    stored = np.asarray(atlas.arrays["log10_factor"][(*place, slice(None))], dtype=np.float64)
    found = run_family(asked, seeds=atlas.seeds, beside=())
    return stored, log10_factor_per_step(found.log10_norms["hidden"])
