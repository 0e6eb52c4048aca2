"""PyTorch scripts that repeat, without this library, what it has answered: the same settings, seed and numbers."""

from rnn_dynamics.reproduction.cliff import cliff_script
from rnn_dynamics.reproduction.gradients import reproduction_script
from rnn_dynamics.reproduction.jacobians import jacobian_script
from rnn_dynamics.reproduction.losses import loss_script
from rnn_dynamics.reproduction.shapes import shape_script
from rnn_dynamics.reproduction.training import training_script

__all__ = [
    "cliff_script",
    "jacobian_script",
    "loss_script",
    "reproduction_script",
    "shape_script",
    "training_script",
]
