"""The picture "Fill in the blank": which network bridges the gap, and how much of its error reaches the cue."""

from rnn_dynamics.pictures.blank.answer import blank_answer, filled_in
from rnn_dynamics.pictures.blank.asked import OFFERED, PARTS, networks, template_in_use
from rnn_dynamics.pictures.blank.chart import chart
from rnn_dynamics.pictures.blank.table import accuracy, sentence, tables
from rnn_dynamics.pictures.blank.words import RELATIVE, above, finding, texts
from rnn_dynamics.pictures.kit.picture import Picture

PICTURE = Picture(
    name="blank",
    answer=blank_answer,
    texts=texts,
    tables=tables,
    chart=chart,
    finding=finding,
    views={"gap": "20", "learning_rate": "0.01", "updates": "150", **PARTS, "sentence": "", "tint": RELATIVE},
    charted=(),
    files={"accuracy": accuracy, "sentence": sentence},
)

__all__ = ["OFFERED", "PARTS", "PICTURE", "RELATIVE", "above", "filled_in", "networks", "template_in_use"]
