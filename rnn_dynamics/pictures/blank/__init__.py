"""The picture "Fill in the blank": which network bridges the gap, and how much of its error reaches the cue."""

from rnn_dynamics.learning.limits import offered
from rnn_dynamics.pictures.blank.answer import PARTS, blank_answer, filled_in, networks, template_in_use
from rnn_dynamics.pictures.blank.words import RELATIVE, tinted
from rnn_dynamics.pictures.kit.picture import Picture, Setting, made_by

__all__ = ["PARTS", "PICTURE", "filled_in", "networks", "template_in_use", "tinted"]

_LONGEST = {"start": 200, "fillers": 1500, "end": 200, "answers": 800}
PICTURE = Picture(
    **made_by(__name__),
    answer=blank_answer,
    settings={
        "gap": Setting(("1", "2", "3", "5", "7", "10", "15", "20", "30", "40"), "20"),
        "learning_rate": Setting(offered("learning_rate"), "0.01"),
        "updates": Setting(("50", "100", "150", "200", "300", "400", "500", "700", "1000"), "150"),
        **{name: Setting(opening=PARTS[name], longest=most, lines=most > 200) for name, most in _LONGEST.items()},
        "sentence": Setting(longest=300),
        "tint": Setting((RELATIVE, "norm")),
    },
)
