"""Which script finds the numbers of a picture's answer again, by its kind; it is written once somebody asks for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rnn_dynamics.engine.run import run
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.remembered import remembered
from rnn_dynamics.scripts.cliff import cliff_script
from rnn_dynamics.scripts.curse import curse_script
from rnn_dynamics.scripts.gradients import reproduction_script
from rnn_dynamics.scripts.jacobians import jacobian_script
from rnn_dynamics.scripts.losses import loss_script
from rnn_dynamics.scripts.own_network import own_network_script
from rnn_dynamics.scripts.shapes import shape_script


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script that repeats an answer.

    what: it finds, as a part of a file's name. text: makes it. of: the network, None where it is of no single one.
    digits: how many of them another program shares, where that can be said.
    """

    what: str
    text: Callable[[], str]
    of: Experiment | None = None
    digits: Callable[[], int] | None = None


@remembered
def _gradients(experiment: Experiment) -> tuple[str, int]:
    """The script that finds the gradients of one network again, and how many of their digits."""
    trace = run(experiment)
    return reproduction_script(trace), trace.digits


def _of_gradients(experiment: Experiment) -> Script:
    return Script(
        what="gradients_cut" if experiment.hidden_path == "cut" else "gradients",
        text=lambda: _gradients(experiment)[0],
        of=experiment,
        digits=lambda: _gradients(experiment)[1],
    )


def _of_network(what: str, answer: Any, text: Callable[[], str]) -> Script:
    return Script(what=what, text=text, of=answer.experiment, digits=lambda: int(answer.digits))


#: Kind -> the script that repeats an answer of a picture which names that kind.
SCRIPTS: Mapping[str, Callable[[Any], Script]] = {
    "gradients": lambda answer: _of_gradients(answer.experiment),
    "default": lambda answer: _of_gradients(answer.default),
    "whole_gradient": lambda answer: _of_gradients(replace(answer.experiment, hidden_path="open")),
    "path_alone": lambda answer: _of_gradients(replace(answer.experiment, hidden_path="cut")),
    "products": lambda answer: _of_network("products", answer, partial(jacobian_script, answer)),
    "shape": lambda answer: _of_network(answer.trace.shape, answer, partial(shape_script, answer.trace)),
    "each_loss": lambda answer: _of_network("each_loss", answer, partial(loss_script, answer.trace)),
    "comparison": lambda answer: Script(what="comparison", text=lambda: str(answer.comparison)),
    "own_network": lambda answer: Script(
        what="own_network",
        text=lambda: own_network_script(answer.given, answer.experiment, answer.digits),
        digits=lambda: int(answer.digits),
    ),
    "curse": lambda answer: Script(
        what="curse",
        text=lambda: curse_script([(one, one.step.learning_rate) for one in answer.students.values()]),
    ),
    "descents": lambda answer: Script(
        what="descents", text=lambda: cliff_script([path.descent for path in answer.paths.values()])
    ),
}
