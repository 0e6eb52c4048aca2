"""What networks are trained on: problems whose answer depends on inputs far back, each with the score of chance."""

from collections.abc import Mapping

from rnn_dynamics.learning.tasks.adding import ADDING
from rnn_dynamics.learning.tasks.blank import Sentence, Template
from rnn_dynamics.learning.tasks.copy_memory import COPY_MEMORY
from rnn_dynamics.learning.tasks.digits import DIGITS
from rnn_dynamics.learning.tasks.task import Batch, Task
from rnn_dynamics.learning.tasks.temporal_order import TEMPORAL_ORDER

#: Name of a task -> the task, in the order in which readers meet them.
TASKS: Mapping[str, Task] = {
    "temporal_order": TEMPORAL_ORDER,
    "adding": ADDING,
    "copy_memory": COPY_MEMORY,
    "digits": DIGITS,
}

__all__ = ["TASKS", "Batch", "Sentence", "Task", "Template"]
