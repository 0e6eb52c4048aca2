"""The scripts of trainings, run where this library cannot be imported: the same losses, to what float32 allows."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.downloads import Download, files_of
from rnn_dynamics.dashboard.training import TrainingPage
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import TRAINABLE, Training
from rnn_dynamics.pictures import blank, clipping, learning
from rnn_dynamics.pictures.kit.answered import OfTrainings
from rnn_dynamics.scripts import training_script
from tests.every import every
from tests.handed_out import frame_of, only, presets_of, table
from tests.scripts import alone, printed_by_all, rows_of

OWN = Template(
    start="The \"x\" \\n '{cue}' {cue}",
    fillers=("who sings", 'Far {x} """ é∂ ___ ?'),
    end="likes ___",
    answers=(("Sea", "Ships"), ("old mountain", "snow"), ("pond", "ships")),
)
TINY: dict[str, Any] = {"hidden_size": 6, "batch_size": 5, "seed": 4}
#: What the page's controls can be set to, each value at least once.
WAYS: list[tuple[str, str, dict[str, Any]]] = [
    ("adam", "norm", {"initialisation": "torch", "gate_bias": "chrono"}),
    ("rmsprop", "value", {"initialisation": "orthogonal", "forget_bias": 1.0, "weight_scale": 0.8}),
    ("sgd", "none", {"initialisation": "identity", "nonlinearity": "relu"}),
]


def trainings() -> dict[str, Training]:
    """Each preset of the page that learns, at its own settings but for sizes; each task, cell and way; sentences."""
    page = frame_of("learning")
    assert isinstance(page, TrainingPage)
    found: dict[str, Training] = {}
    for name, (preset, views) in presets_of("learning").items():
        asked = page.trainings(replace(preset, **TINY), views | {"iterations": "100"})
        found |= {f"{name}-{one.experiment.cell}": replace(one, iterations=5) for one in asked}
    for first, task in enumerate(("temporal_order", "adding", "copy_memory", "digits", "blank")):
        for second, cell in enumerate(TRAINABLE):
            optimiser, clips, changes = WAYS[(first + second) % 3]  # each way with each task, and with each cell
            experiment = Experiment(cell=cell, sequence_length=12, **TINY | changes)
            found[f"{task}-{cell}"] = Training(
                experiment=experiment, task=task, optimiser=optimiser, clipping=clips,
                clip_at=0.1, learning_rate=0.03, iterations=4, template=OWN if optimiser == "sgd" else Template(),
            )  # fmt: skip
    diverges = Experiment(cell="rnn", initialisation="identity", nonlinearity="relu", weight_scale=2.0, **TINY)
    both = clipping.networks(Experiment(seed=4), {"network_rate": "0.01", "clip_at": "1"})
    found |= {f"cliff-{one.clipping}": replace(one, iterations=5) for one in both}
    found["diverges"] = Training(experiment=replace(diverges, sequence_length=50), task="adding", iterations=4)
    return found


TRAININGS = trainings()


@cache
def trained(name: str) -> Trainer:
    trainer = Trainer(TRAININGS[name])
    while not trainer.done:
        trainer.advance()
    return trainer


def files_of_training(name: str) -> Sequence[Download]:
    """What the page hands out once this training is over."""
    training, trainer = TRAININGS[name], trained(name)
    if training.task == "blank":
        tests = [(gap, trainer.accuracy_at(gap)) for gap in training.gaps]
        network = SimpleNamespace(training=training, cell=cell_of(training.experiment), tests=tests)
        answer = type("Tested", (OfTrainings,), {"handed_out": (training,)})(networks=(network,))
        picture = replace(blank.PICTURE, files={"accuracy": blank.PICTURE.files["accuracy"]})
        return files_of(picture, answer, {}, sentences("blank"))
    if name.startswith("cliff"):
        job = job_of("cliff-none", "cliff-norm")
        answer = clipping.ClippingAnswer(networks=job.networks)
        files = files_of(clipping.PICTURE, answer, {}, sentences("clipping"))
        return [file for file in files if file.what in ("network", f"training, clipping {training.clipping}")]
    learned = learning.LearningAnswer(networks=job_of(name).networks)
    return files_of(learning.PICTURE, learned, learning.PICTURE.views, sentences("learning"))


def job_of(*names: str) -> Any:
    """As much of a job, once it is over, as answers look at."""
    return SimpleNamespace(
        trainings=tuple(TRAININGS[name] for name in names),
        networks=tuple(Trained(TRAININGS[name], trained(name).history) for name in names),
        complete=True,
        failure="",
    )


@pytest.fixture(scope="module")
def trained_by_scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    scripts = {}
    for name in TRAININGS:
        (file,) = (file for file in files_of_training(name) if file.suffix == "py")
        scripts[name] = file.content()
    assert not any("rnn_dynamics" in script for script in scripts.values())
    return printed_by_all(scripts, tmp_path_factory.mktemp("trainings"))


@every("name", TRAININGS)
def test_a_training_is_repeated_to_what_float32_allows(name: str, trained_by_scripts: dict[str, str]) -> None:
    _, *lines = rows_of(trained_by_scripts[name])
    history, training = trained(name).history, TRAININGS[name]
    by_kind: dict[str, list[list[float]]] = {}
    for kind, *values in lines:
        by_kind.setdefault(kind, []).append([float(value) for value in values])
    updates = list(zip(history.losses, history.gradient_norms, strict=True))
    assert [int(row[0]) for row in by_kind["update"]] == list(range(1, len(updates) + 1))
    np.testing.assert_allclose(np.array(by_kind["update"])[:, 1:], updates, rtol=1e-4)
    looks = [(look.iteration, look.loss, look.accuracy) for look in history.moments]
    np.testing.assert_allclose(by_kind["look"], looks, rtol=1e-4)
    assert ("stopped" in by_kind) == bool(history.failure)
    assert history.failure or name != "diverges"
    kind = "network" if name.startswith("cliff") else "accuracy" if training.task == "blank" else "learned"
    frame = table(only(files_of_training(name), kind))
    if kind == "network":
        mine = frame[frame["clipping"] == training.clipping]
        np.testing.assert_allclose(by_kind["update"], mine[["update", "loss", "gradient_norm"]], rtol=1e-4)
    elif training.task == "blank":
        assert by_kind["gap"] == frame[["filler_words", "accuracy"]].to_numpy().tolist()
    else:
        np.testing.assert_allclose(by_kind["look"], frame[["update", "loss", "accuracy"]], rtol=1e-4)


def test_a_script_that_trains_runs_by_itself_and_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    training = TRAININGS["digits-gru"]
    script = training_script(training)
    (tmp_path / "digits.py").write_text(script, encoding="utf-8")
    assert alone("digits.py", folder=tmp_path).splitlines()[-1].startswith("look 4 ")
    assert "scikit-learn, which carries the digits" in script
    with pytest.raises(ValueError, match=r"gaps = \[7\] with task = 'digits': only 'blank'"):
        training_script(training, (7,))
