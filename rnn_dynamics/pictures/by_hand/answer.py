"""A small example computed by hand, by torch and by finite differences, and the text of the functions that ran."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnn_dynamics.by_hand.arrays import Arrays
from rnn_dynamics.by_hand.comparison import TOLERANCE, Comparison, compare
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.by_hand.mistakes import MARK, MISTAKES
from rnn_dynamics.by_hand.resets import Resets, compare_resets
from rnn_dynamics.by_hand.script import comparison_script, torch_lines
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.kit.answered import OfExperiment
from rnn_dynamics.remembered import COMPUTING, remembered

#: What other rooms of this picture have from here, beside what is defined here.
__all__ = ["MARK", "MISTAKES", "TOLERANCE", "Arrays"]

#: Largest sizes whose numbers fit on a board, and whose finite differences on a moment.
MOST = {"sequence_length": 6, "batch_size": 3, "input_size": 4, "hidden_size": 3}
#: Where both orders of the reset are compared: networks of a size that people train.
_RESET_IN, _RESET_SEEDS = Experiment(cell="gru", hidden_size=128, sequence_length=100), range(7)


@dataclass(frozen=True, kw_only=True)
class HandAnswer(OfExperiment, Comparison):
    """The comparison, and the text of what ran."""

    #: The ticks say how close these numbers are to another program's.
    digits: None = None

    def place(self, step: str) -> int:
        """The step, from 1, that is shown where this one is asked for: the last where there are not so many."""
        return min(int(step), self.steps)

    @cached_property
    def sequence(self) -> int:
        """That which is drawn, from 1: the one whose outputs are furthest from torch's, or the first where none are."""
        gaps = np.abs(self.forward.outputs - self.torch).max(axis=(1, 2))
        return 1 if self.results["outputs"][1].closed else int(gaps.argmax()) + 1

    @cached_property
    def code(self) -> dict[str, str]:
        """The functions by hand, "forward" and "backward", and the lines that ask "torch"."""
        texts: dict[str, list[str]] = {"forward": [], "backward": []}
        for name in self.hand.functions(self.example.both):
            texts["backward" if name.endswith(("back", "backward")) else "forward"].append(self.hand.source(name))
        return {walk: "\n\n".join(of) for walk, of in texts.items()} | {"torch": torch_lines(self.example)}

    @property
    def comparison(self) -> str:
        """The file that repeats the comparison without this library."""
        return comparison_script(self.hand, self.example)


@remembered
def hand_answer(experiment: Experiment, mistake: str) -> HandAnswer:
    """Answer for the example at sizes that fit on a board; `mistake` as in `HandWritten`."""
    from rnn_dynamics.by_hand.against_torch import ask_torch  # it takes a second: title and controls are there before

    shown = replace(experiment, **{name: min(most, getattr(experiment, name)) for name, most in MOST.items()})
    with COMPUTING:
        example = make_example(shown)
        return HandAnswer(experiment=shown, **vars(compare(example, mistake, *ask_torch(example))))


@remembered
def resets(initialisation: str, input_scale: float) -> Resets:
    """Which order of the GRU's reset loses more of the gradient, measured."""
    from rnn_dynamics.by_hand.against_torch import gru_gradients

    asked = replace(_RESET_IN, initialisation=initialisation, input_scale=input_scale)
    with COMPUTING:
        return compare_resets(asked, _RESET_SEEDS, gru_gradients)
