"""Many experiments on a grid, here or on a cluster: `pip install "rnn-dynamics[sweep]"`.

from rnn_dynamics import Experiment
from rnn_dynamics.sweep import Sweep, open_sweep, run_sweep

sweep = Sweep(Experiment(sequence_length=100), axes={"weight_scale": [0.5, 1.0, 2.0]}, seeds=range(100))
run_sweep(sweep, "atlas.zarr")
open_sweep("atlas.zarr").log10_factor.median("seed")
"""

from rnn_dynamics.sweep.question import Sweep
from rnn_dynamics.sweep.running import Progress, run_sweep
from rnn_dynamics.sweep.store import SweepStopped, open_sweep, sweep_of

__all__ = ["Progress", "Sweep", "SweepStopped", "open_sweep", "run_sweep", "sweep_of"]
