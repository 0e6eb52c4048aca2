"""Gradient dynamics of recurrent networks: backpropagation through time, computed by hand and exact at any size.

from rnn_dynamics import Experiment, run

trace = run(Experiment(cell="lstm", weight_scale=1.0, sequence_length=100, seed=0))
trace.log10_norms["input"]        # log10 of the norm of dL/dx_t for t = 1 .. T
"""

from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.given import Errors, Network, States
from rnn_dynamics.engine.phase import phase_grid
from rnn_dynamics.engine.run import (
    run,
    run_chunks,
    run_family,
    run_jacobians,
    run_losses,
    split_additive_path,
    split_by_lag,
    time_run,
)
from rnn_dynamics.engine.run_network import NetworkLayer, NetworkTrace, run_network
from rnn_dynamics.engine.shapes import SHAPES, run_shape
from rnn_dynamics.engine.trace import (
    Edge,
    FamilyTrace,
    JacobianTrace,
    LagSplit,
    LayerTrace,
    LossByTime,
    LossInChunks,
    PathSplit,
    PhaseRow,
    RunTime,
    ShapeTrace,
    Trace,
    UnitGradients,
)
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.own.probe import probe

__all__ = [
    "CELLS",
    "SHAPES",
    "Edge",
    "Errors",
    "Experiment",
    "FamilyTrace",
    "JacobianTrace",
    "LagSplit",
    "LayerTrace",
    "LossByTime",
    "LossInChunks",
    "Network",
    "NetworkLayer",
    "NetworkTrace",
    "PathSplit",
    "PhaseRow",
    "RunTime",
    "ShapeTrace",
    "States",
    "Trace",
    "UnitGradients",
    "phase_grid",
    "probe",
    "run",
    "run_chunks",
    "run_family",
    "run_jacobians",
    "run_losses",
    "run_network",
    "run_shape",
    "split_additive_path",
    "split_by_lag",
    "time_run",
]
