"""PyTorch scripts that repeat, without this library, what it has answered: the same settings, seed and numbers."""

from rnn_dynamics.scripts.cliff import cliff_script
from rnn_dynamics.scripts.gradients import reproduction_script
from rnn_dynamics.scripts.jacobians import jacobian_script
from rnn_dynamics.scripts.kinds import SCRIPTS
from rnn_dynamics.scripts.losses import loss_script
from rnn_dynamics.scripts.own_network import own_network_script
from rnn_dynamics.scripts.shapes import shape_script
from rnn_dynamics.scripts.training import training_script

__all__ = [
    "SCRIPTS",
    "cliff_script",
    "jacobian_script",
    "loss_script",
    "own_network_script",
    "reproduction_script",
    "shape_script",
    "training_script",
]
