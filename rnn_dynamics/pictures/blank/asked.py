"""What is asked of the networks: the template of their sentences, and what is to be trained."""

from collections.abc import Mapping
from dataclasses import replace

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.learning.limits import network_of
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.training import TRAINABLE, Training

#: The parts of a template, as `Template.from_text` names them, and what they are at the opening.
PARTS = Template().as_text()
#: The numbers of filler words, and of updates, that the page offers.
OFFERED = {
    "gap": ("1", "2", "3", "5", "7", "10", "15", "20", "30", "40"),
    "updates": ("50", "100", "150", "200", "300", "400", "500", "700", "1000"),
}


def template_in_use(views: Mapping[str, str], latest: Template | None) -> tuple[Template, str]:
    """The template that the views hold, or the latest that made sense, and then why the present one does not."""
    try:
        return template_of(views), ""
    except ValueError as error:
        return latest or Template(), str(error)


def template_of(views: Mapping[str, str]) -> Template:
    """The template that the views hold.

    Raises:
        ValueError: they make none.
    """
    return Template.from_text(**{part: views[part] for part in PARTS})


def networks(experiment: Experiment, views: Mapping[str, str], template: Template) -> tuple[Training, ...]:
    """What is to be trained side by side: one network of each kind."""
    return tuple(
        Training(
            experiment=replace(network_of(experiment, cell), sequence_length=int(views["gap"])),
            task="blank",
            template=template,
            learning_rate=float(views["learning_rate"]),
            iterations=int(views["updates"]),
        )
        for cell in TRAINABLE
    )
