"""The reproduction script, run where this library cannot be imported: it prints the numbers of `run`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_dynamics import CELLS, SHAPES, Experiment, run, run_jacobians, run_losses, run_shape
from rnn_dynamics.cliff import CLIPPING, Descent, descend
from rnn_dynamics.experiment import KNOBS, Choice
from rnn_dynamics.reproduction import (
    blank_script,
    cliff_script,
    jacobian_script,
    loss_script,
    reproduction_script,
    shape_script,
)
from rnn_dynamics.tasks import Template
from rnn_dynamics.trainer import Trainer
from rnn_dynamics.training import Training
from tests.scripts import alone, printed_by_all

#: Orders of magnitude; the scripts print twelve decimals.
CLOSE = 1e-9
#: Columns of the printed table, after t.
COMPONENTS = ("input", "hidden", "cell")
SMALL = Experiment(
    sequence_length=13, hidden_size=6, input_size=3, batch_size=2, forget_bias=0.5, input_scale=0.7, seed=4
)
AWKWARD = '"a" \'b\' \\n {T} {{x}} """ é∂ 🎉 #%s'
Answer = tuple[float, NDArray[np.float64]]


def options(name: str) -> tuple[str, ...]:
    knob = KNOBS[name]
    assert isinstance(knob, Choice)
    return tuple(knob.options)


def parsed(output: str) -> Answer:
    """The loss, and the norms (T, components), of one script's output."""
    assert "Traceback" not in output, output
    loss, _, *rows = output.strip().splitlines()
    table = np.array([[float(entry) for entry in row.split()] for row in rows])
    np.testing.assert_array_equal(table[:, 0], np.arange(1, len(table) + 1))
    assert loss.startswith("loss ")
    return float(loss.split()[1]), table[:, 1:]


def assert_prints_the_numbers_of_run(experiment: Experiment, answer: Answer) -> None:
    trace = run(experiment)
    loss, table = answer
    ours = np.stack([trace.log10_norms[name] for name in COMPONENTS if name in trace.log10_norms], axis=1)
    assert loss == pytest.approx(trace.loss, rel=CLOSE)
    np.testing.assert_allclose(table, ours, rtol=0, atol=CLOSE)


EVERY_WAY = {
    f"{cell}-{initialisation}-{loss_at}": replace(SMALL, cell=cell, initialisation=initialisation, loss_at=loss_at)
    for cell in CELLS
    for initialisation in options("initialisation")
    for loss_at in options("loss_at")
}
CUT = {
    f"{cell}-cut-{loss_at}": replace(SMALL, cell=cell, hidden_path="cut", loss_at=loss_at)
    for cell in CELLS
    for loss_at in options("loss_at")
}
VARIANTS = {
    f"{cell}-{initialisation}-relu-chrono": replace(
        SMALL, cell=cell, initialisation=initialisation, nonlinearity="relu", gate_bias="chrono"
    )
    for cell in CELLS
    for initialisation in options("initialisation")
}
TEXTS = {
    f"{cell}-{kind}": replace(SMALL, cell=cell, text=text, input_scale=2.0)
    for cell in CELLS
    for kind, text in {"sentence": "gates hold.", "awkward": AWKWARD, "one_letter": "a"}.items()
}
#: The corners of the sliders, in a network that is not chaotic: norms whose squares a double cannot hold.
CORNERS = {
    "vanishes_far": replace(SMALL, cell="rnn", weight_scale=0.1, sequence_length=200),
    "explodes_far": replace(
        SMALL, cell="rnn", weight_scale=10.0, initialisation="orthogonal", input_scale=0.0, sequence_length=200
    ),
    "no_recurrence": replace(SMALL, cell="rnn", weight_scale=0.0),
    "one_step": replace(SMALL, cell="lstm", sequence_length=1),
    "one_step_under_chrono": replace(SMALL, cell="lstm", sequence_length=1, gate_bias="chrono"),
    "text_under_chrono": replace(SMALL, cell="gru", text="gates hold.", gate_bias="chrono"),
    "relu_explodes": replace(SMALL, cell="rnn", nonlinearity="relu", weight_scale=5.0, sequence_length=60),
}
ALL = EVERY_WAY | CUT | VARIANTS | TEXTS | CORNERS


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script prints, all in one process."""
    scripts = {name: reproduction_script(experiment) for name, experiment in ALL.items()}
    return printed_by_all(scripts, tmp_path_factory.mktemp("scripts"))


@pytest.mark.parametrize("cell", CELLS)
def test_a_script_run_by_itself_prints_the_numbers_of_the_page(cell: str, tmp_path: Path) -> None:
    experiment = replace(SMALL, cell=cell, weight_scale=1.3)
    (tmp_path / "gradients.py").write_text(reproduction_script(experiment), encoding="utf-8")
    assert_prints_the_numbers_of_run(experiment, parsed(alone("gradients.py", folder=tmp_path)))


@pytest.mark.parametrize("name", EVERY_WAY)
def test_every_cell_initialisation_and_loss_is_reproduced(name: str, outputs: dict[str, str]) -> None:
    assert_prints_the_numbers_of_run(ALL[name], parsed(outputs[name]))


@pytest.mark.parametrize("name", CUT)
def test_the_additive_path_alone_is_reproduced(name: str, outputs: dict[str, str]) -> None:
    assert_prints_the_numbers_of_run(ALL[name], parsed(outputs[name]))


@pytest.mark.parametrize("name", VARIANTS)
def test_relu_and_chrono_biases_are_reproduced(name: str, outputs: dict[str, str]) -> None:
    assert_prints_the_numbers_of_run(ALL[name], parsed(outputs[name]))


@pytest.mark.parametrize("name", TEXTS)
def test_any_sentence_is_reproduced(name: str, outputs: dict[str, str]) -> None:
    assert_prints_the_numbers_of_run(ALL[name], parsed(outputs[name]))


@pytest.mark.parametrize("name", CORNERS)
def test_the_corners_of_the_sliders_are_reproduced(name: str, outputs: dict[str, str]) -> None:
    assert_prints_the_numbers_of_run(ALL[name], parsed(outputs[name]))


#: A part of all, because the scripts share the network's head.
JACOBIANS = {
    name: replace(experiment, loss_at="last")
    for name, experiment in (CUT | VARIANTS | TEXTS | CORNERS).items()
    if not name.endswith("every")
}


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script of Jacobians prints, all in one process."""
    scripts = {name: jacobian_script(experiment) for name, experiment in JACOBIANS.items()}
    return printed_by_all(scripts, tmp_path_factory.mktemp("products"))


@pytest.mark.parametrize("name", JACOBIANS)
def test_the_product_of_jacobians_is_reproduced(name: str, products: dict[str, str]) -> None:
    assert "Traceback" not in products[name], products[name]
    _, *rows = products[name].strip().splitlines()
    table = np.array([[float(entry) for entry in row.split()] for row in rows])
    lags = range(1, JACOBIANS[name].sequence_length + 1)
    np.testing.assert_array_equal(table[:, 0], lags)
    norms = run_jacobians(JACOBIANS[name], lags).log10_singular_values[:, 0]
    np.testing.assert_allclose(table[:, 1], norms, rtol=0, atol=CLOSE)


def test_a_script_of_jacobians_runs_by_itself(tmp_path: Path) -> None:
    experiment = replace(SMALL, cell="lstm")
    script = jacobian_script(experiment)
    (tmp_path / "jacobians.py").write_text(script, encoding="utf-8")
    last = alone("jacobians.py", folder=tmp_path).splitlines()[-1].split()
    assert int(last[0]) == 13
    assert float(last[1]) == pytest.approx(run_jacobians(experiment, [13]).log10_singular_values[0, 0], abs=CLOSE)


@pytest.fixture(scope="module")
def single_losses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script of single losses prints, all in one process."""
    scripts = {name: loss_script(experiment) for name, experiment in JACOBIANS.items()}
    return printed_by_all(scripts, tmp_path_factory.mktemp("losses"))


@pytest.mark.parametrize("name", JACOBIANS)
def test_every_single_loss_is_reproduced(name: str, single_losses: dict[str, str]) -> None:
    assert "Traceback" not in single_losses[name], single_losses[name]
    loss, _, *rows = single_losses[name].strip().splitlines()
    experiment = replace(JACOBIANS[name], loss_at="every")
    assert float(loss.split()[1]) == pytest.approx(run(experiment).loss, rel=CLOSE)
    norms = run_losses(experiment).log10_norms
    assert len(rows) == len(norms)
    for k, row in enumerate(rows, start=1):
        first, *printed = map(float, row.split())
        assert first == k
        np.testing.assert_allclose(printed, norms[k - 1, :k], rtol=0, atol=CLOSE)


def test_a_script_of_single_losses_runs_by_itself(tmp_path: Path) -> None:
    experiment = replace(SMALL, cell="lstm")
    script = loss_script(experiment)
    (tmp_path / "losses.py").write_text(script, encoding="utf-8")
    last = alone("losses.py", folder=tmp_path).splitlines()[-1].split()
    assert int(last[0]) == 13
    assert float(last[1]) == pytest.approx(run_losses(experiment).log10_norms[-1, 0], abs=CLOSE)


KINDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "chrono": {"initialisation": "torch", "gate_bias": "chrono", "nonlinearity": "relu"},
    "silent": {"initialisation": "orthogonal", "weight_scale": 0.0},
}
UNROLLED = {
    f"{cell}-{shape}-{kind}": (replace(SMALL, cell=cell, sequence_length=5, **changes), shape)
    for cell in ("rnn", "lstm", "gru")
    for shape in SHAPES
    for kind, changes in KINDS.items()
}


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script of a shape prints, all in one process."""
    scripts = {name: shape_script(experiment, shape) for name, (experiment, shape) in UNROLLED.items()}
    return printed_by_all(scripts, tmp_path_factory.mktemp("shapes"))


@pytest.mark.parametrize("name", UNROLLED)
def test_the_gradient_of_every_edge_of_a_shape_is_reproduced(name: str, edges: dict[str, str]) -> None:
    assert "Traceback" not in edges[name], edges[name]
    loss, parameters, *rows = (line.split() for line in edges[name].strip().splitlines())
    trace = run_shape(*UNROLLED[name])
    assert float(loss[1]) == pytest.approx(trace.loss, rel=CLOSE)
    assert int(parameters[1]) == trace.parameter_count
    expected = {(edge.source, edge.target): edge.log10_norm for edge in trace.edges}
    printed = {(source, target): float(norm) for source, target, norm in rows}
    assert len(rows) == len(printed)
    assert printed.keys() == expected.keys()
    for ends, norm in printed.items():
        assert norm == pytest.approx(expected[ends], abs=CLOSE), ends


def test_a_script_of_a_shape_runs_by_itself(tmp_path: Path) -> None:
    script = shape_script(SMALL, "encoder-decoder")
    (tmp_path / "shape.py").write_text(script, encoding="utf-8")
    last = alone("shape.py", folder=tmp_path).splitlines()[-1].split()
    assert "rnn_dynamics" not in script
    assert last[:2] == ["y13", "L"]
    assert float(last[2]) == pytest.approx(run_shape(SMALL, "encoder-decoder").edges[-1].log10_norm, abs=CLOSE)


#: Flights and descents that stay, none of which meets the wall so often that its last digits count.
DESCENTS = [
    Descent(w=w, b=b, learning_rate=rate, threshold=threshold, steps=steps, clipping=clipping)
    for w, b, rate, threshold, steps in (
        (4.9, -2.65, 0.1, 0.3, 30),
        (4.95, -3.1, 0.1, 1.0, 45),
        (5.0, -3.0, 0.3, 0.03, 20),
        (3.0, -4.0, 0.3, 0.3, 50),
        (4.8, -2.5, 0.01, 1.0, 12),
    )
    for clipping in CLIPPING
]


def test_descents_on_the_cliff_are_reproduced_by_a_script_alone(tmp_path: Path) -> None:
    script = cliff_script(DESCENTS)
    (tmp_path / "cliff.py").write_text(script, encoding="utf-8")
    _, *rows = alone("cliff.py", folder=tmp_path).splitlines()
    printed = iter([line.split() for line in rows])
    for path in (descend([descent])[0] for descent in DESCENTS):
        for k, point in enumerate(path.points):
            clipping, step, *values = next(printed)
            assert (clipping, int(step)) == (path.descent.clipping, k)
            expected = [*point, path.errors[k], path.norms[k]]
            np.testing.assert_allclose([float(value) for value in values], expected, rtol=1e-7, atol=1e-12)
    assert next(printed, None) is None
    assert "rnn_dynamics" not in script


SENTENCES: dict[str, tuple[Template, dict[str, Any]]] = {
    "chrono": (Template(), {"initialisation": "torch", "gate_bias": "chrono"}),
    "own": (
        Template(
            start="The \"x\" \\n '{cue}' {cue}",
            fillers=("who sings", 'Far {x} """ é∂ ___ ?'),
            end="likes ___",
            answers=(("Sea", "Ships"), ("old mountain", "snow"), ("pond", "ships")),
        ),
        {"initialisation": "orthogonal", "forget_bias": 1.0, "weight_scale": 0.8, "nonlinearity": "relu"},
    ),
}
BLANKS = {
    f"{cell}-{kind}": Training(
        experiment=Experiment(cell=cell, sequence_length=7, hidden_size=6, batch_size=5, seed=4, **changes),
        task="blank",
        template=template,
        learning_rate=0.03,
        iterations=5,
    )
    for cell in ("rnn", "lstm", "gru")
    for kind, (template, changes) in SENTENCES.items()
}


@pytest.fixture(scope="module")
def blanks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script that trains on blanks prints, all in one process."""
    scripts = {name: blank_script(training, (2, 7, 12)) for name, training in BLANKS.items()}
    return printed_by_all(scripts, tmp_path_factory.mktemp("blanks"))


@pytest.mark.parametrize("name", BLANKS)
def test_a_training_on_blanks_is_reproduced(name: str, blanks: dict[str, str]) -> None:
    assert "Traceback" not in blanks[name], blanks[name]
    trainer = Trainer(BLANKS[name])
    while not trainer.done:
        trainer.advance()
    head, *rows = (line.split() for line in blanks[name].strip().splitlines())
    losses, (second_head, *tests) = rows[:5], rows[5:]
    assert (head, second_head) == (["update", "loss"], ["filler_words", "accuracy"])
    assert [int(update) for update, _ in losses] == [1, 2, 3, 4, 5]
    assert [float(loss) for _, loss in losses] == pytest.approx(trainer.history.losses, rel=1e-5)
    assert [(int(gap), float(right)) for gap, right in tests] == [(gap, trainer.accuracy_at(gap)) for gap in (2, 7, 12)]


def test_a_script_that_trains_runs_by_itself_and_refuses_what_it_does_not_hold(tmp_path: Path) -> None:
    training = BLANKS["gru-own"]
    script = blank_script(training, (7,))
    (tmp_path / "blank.py").write_text(script, encoding="utf-8")
    assert alone("blank.py", folder=tmp_path).splitlines()[-1].startswith("7 ")
    assert "rnn_dynamics" not in script
    others: tuple[dict[str, Any], ...] = ({"optimiser": "sgd"}, {"clipping": "none"}, {"task": "adding"})
    for changes in others:
        with pytest.raises(ValueError, match="the script is for 'blank', 'adam' and 'norm'"):
            blank_script(replace(training, **changes), (7,))


@pytest.mark.parametrize("experiment", ALL.values(), ids=ALL)
def test_a_script_says_nothing_of_this_library(experiment: Experiment) -> None:
    for script_of in (reproduction_script, jacobian_script, loss_script):
        assert "rnn_dynamics" not in script_of(experiment)


def test_a_script_states_its_settings() -> None:
    script = reproduction_script(replace(SMALL, cell="gru", weight_scale=1.3))
    for stated in ("weight_scale = 1.3", "initialisation = gaussian", "loss_at = last"):
        assert stated in script
