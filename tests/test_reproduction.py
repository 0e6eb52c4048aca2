"""Every script that a page hands out, run where this library cannot be imported: it prints the numbers of the page.

All pages, all their presets, and every kind of network that their controls can reach; each printed number is compared
with the page's own table and with the library's answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnn_dynamics import CELLS, Experiment, run, run_chunks, run_jacobians, run_losses, run_shape
from rnn_dynamics.dashboard.downloads import Download
from rnn_dynamics.engine.verdict import log10_factor_per_step
from rnn_dynamics.engine.work import each_loss
from rnn_dynamics.experiment import settings
from rnn_dynamics.laws.autograd import CLOSE, gradients_of_run, gradients_printed
from rnn_dynamics.pictures.cliff import PICTURE as CLIFF
from rnn_dynamics.pictures.kit.digits import digits_note
from rnn_dynamics.scripts import cliff_script, reproduction_script, shape_script
from tests.every import every
from tests.handed_out import PAGES, Case, cases, only, presets_of, table
from tests.scripts import alone, printed_by_all, rows_of

Numbers = Mapping[Any, float]
ALL: dict[str, Case] = {name: case for page in PAGES for name, case in cases(page).items()}


#: Norms that float64 cannot hold, and the like at the sliders' ends.
SMALL = Experiment(
    sequence_length=13, hidden_size=6, input_size=3, batch_size=2, forget_bias=0.5, input_scale=0.7, seed=4
)
CORNERS = {
    "vanishes_far": replace(SMALL, cell="jordan", initialisation="torch", weight_scale=0.1, sequence_length=240),
    "explodes_far": replace(SMALL, cell="rnn", initialisation="orthogonal", weight_scale=10.0, input_scale=0.0),
    "grows_beyond": replace(
        SMALL, cell="rnn", nonlinearity="relu", initialisation="identity", weight_scale=8.0, sequence_length=200
    ),
    "gates_of_the_input": replace(SMALL, cell="mingru", input_scale=3.0, sequence_length=300),
    "steps_of_the_input": replace(SMALL, cell="ssm", initialisation="torch", sequence_length=300),
    "steps_by_chrono": replace(SMALL, cell="ssm", gate_bias="chrono", loss_at="every", input_weights="keras"),
    "steps_without_bias": replace(SMALL, cell="ssm", bias=False, initial_state="noise"),
    "stack_of_steps": replace(SMALL, cell="ssm", num_layers=2, bidirectional=True, initial_state="carried"),
    "ring": replace(SMALL, cell="lru", weight_scale=0.1, sequence_length=300, initialisation="torch", loss_at="every"),
    "oscillating": replace(SMALL, cell="cornn", weight_scale=3.0, initialisation="linear", loss_at="every"),
    "oscillating_cut": replace(SMALL, cell="cornn", hidden_path="cut", initial_state="noise"),
    "stack_of_oscillators": replace(SMALL, cell="cornn", num_layers=2, bidirectional=True, input_weight_scale=10.0),
    "normalised": replace(SMALL, cell="slstm", weight_scale=2.0, initialisation="torch", loss_at="every"),
    "normalised_chrono_cut": replace(SMALL, cell="slstm", gate_bias="chrono", hidden_path="cut"),
    "ring_of_an_odd_size": replace(SMALL, cell="lru", weight_scale=0.0, hidden_size=5),
    "no_recurrence": replace(SMALL, cell="rnn", weight_scale=0.0),
    "one_step_under_chrono": replace(SMALL, cell="lstm", sequence_length=1, gate_bias="chrono"),
    "stack_vanishes_far": replace(
        SMALL, cell="lstm", weight_scale=0.1, forget_bias=-20.0, sequence_length=60, num_layers=3, bidirectional=True
    ),
    "stack_of_normalised": replace(SMALL, cell="slstm", num_layers=2, bidirectional=True, initial_state="carried"),
    "stack_of_rings": replace(SMALL, cell="lru", weight_scale=3.0, num_layers=2, bidirectional=True),
    "stack_explodes": replace(SMALL, cell="rnn", weight_scale=3.0, sequence_length=100, num_layers=2),
}


@cache
def files_of(name: str) -> Sequence[Download]:
    return ALL[name].files()


@cache
def cliffs() -> Sequence[Any]:
    """The answers at the presets of the cliff."""
    return [CLIFF.answer(Experiment(), views) for _, views in presets_of("cliff").values()]


def scripts_of(name: str) -> dict[str, Download]:
    return {f"{name}-{k}": file for k, file in enumerate(files_of(name)) if file.suffix == "py"}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each script of each page prints, those of the corners and the cliff's, all in one process."""
    scripts = {key: file.content() for name in ALL for key, file in scripts_of(name).items()}
    scripts |= {name: reproduction_script(run(experiment)) for name, experiment in CORNERS.items()}
    scripts["cliff"] = cliff_script([path.descent for answer in cliffs() for path in answer.paths.values()])
    assert not any("rnn_dynamics" in script for script in scripts.values())
    return printed_by_all(scripts, tmp_path_factory.mktemp("scripts"))


def assert_same(shown: Numbers, expected: Numbers, digits: int) -> None:
    """All keys of `shown` are expected, with these values, as far as the digits reach."""
    assert shown.keys() <= expected.keys()
    pairs = np.array([(value, expected[key]) for key, value in shown.items()])
    assert len(pairs)
    np.testing.assert_array_equal(np.isfinite(pairs[:, 0]), np.isfinite(pairs[:, 1]))
    first, second = pairs[np.isfinite(pairs).all(axis=1)].T
    np.testing.assert_allclose(first, second, rtol=0, atol=max(CLOSE, 10.0**-digits))


def assert_same_growth(shown: Numbers, expected: Numbers) -> None:
    """Where no digit is certain: the factor per step of the gradient of h, or of the product, within a tenth."""
    keys = [key for key in expected if key in shown and "hidden" in key] or [key for key in expected if key in shown]
    first, second = (np.array([numbers[key] for key in keys]) for numbers in (shown, expected))
    assert len(keys) > 20
    assert log10_factor_per_step(first) == pytest.approx(log10_factor_per_step(second), abs=np.log10(1.1))


def gradients_of_table(case: Case, files: Sequence[Download], cut: bool) -> dict[Any, float]:
    """The same of the page's table, where it has them."""
    if case.page == "vanish_or_explode":
        frame = table(only(files, "curves"))
        frame = frame[frame["cell"] == case.experiment.cell].assign(layer=1, direction="forwards")
    elif case.page == "depth":
        frame = table(only(files, "layers"))
        if case.experiment.levels == 1:
            frame = frame[frame["layer"] > 0]
    elif case.page == "additive_path":
        if case.experiment.hidden_path == "cut" and not cut:
            return {}  # the table is then of the cut network alone
        component = CELLS[case.experiment.cell].components[-1]
        curve = table(only(files, "curves"))["path" if cut else "total"]
        return {(1, "forwards", component, step): float(value) for step, value in enumerate(curve, start=1)}
    else:
        return {}
    frame = frame[frame["component"] != "cell_path"]
    columns = ("layer", "direction", "component", "step", "log10_norm")
    return {tuple(key): value for *key, value in zip(*(frame[name] for name in columns), strict=True)}


def relative_to_the_end(numbers: Numbers, length: int) -> dict[Any, float]:
    return {key: value - numbers[(*key[:-1], length)] for key, value in numbers.items() if key != ("loss",)}


GRADIENTS = [name for name, case in ALL.items() if case.page not in ("losses", "jacobians", "shapes")]


@every("name", GRADIENTS)
def test_a_script_of_gradients_prints_the_numbers_of_its_page(name: str, printed: dict[str, str]) -> None:
    case, scripts = ALL[name], scripts_of(name)
    assert len(scripts) == (2 if case.page == "additive_path" else 1)
    for key, file in scripts.items():
        assert file.of is not None
        asked = Experiment(**file.of)
        shown, ours, digits = gradients_printed(rows_of(printed[key])), gradients_of_run(asked), run(asked).digits
        for level in range(asked.levels):
            assert sum(1 for place in shown if place[1:2] == ("forwards",)) > level * asked.sequence_length
        if digits == 0:
            assert_same_growth(shown, ours)
            continue
        assert_same(shown, ours, digits)
        by_table = gradients_of_table(case, files_of(name), asked.hidden_path == "cut")
        if case.page == "additive_path":
            shown = relative_to_the_end(shown, asked.sequence_length)
        if by_table:
            assert_same(by_table, {key: shown[key] for key in by_table}, digits)


@every("name", [name for name in ALL if ALL[name].page == "losses"])
def test_a_script_of_single_losses_prints_the_numbers_of_its_page(name: str, printed: dict[str, str]) -> None:
    ((key, _),) = scripts_of(name).items()
    (_, loss), _, *lines = rows_of(printed[key])
    heading = next(place for place, line in enumerate(lines) if line[0] == "chunk")
    lines, chunks = lines[:heading], {int(size): float(error) for size, error in lines[heading + 1 :]}
    shown = {(int(k), t): float(norm) for k, *norms in lines for t, norm in enumerate(norms, start=1)}
    answer = run_losses(each_loss(ALL[name].experiment), chunks)  # of as many sequences as the page computes
    assert chunks.keys() == set(table(only(files_of(name), "truncation"))["truncation"])
    ours = {(k, t): answer.log10_norms[k - 1, t - 1] for k, t in shown}
    frame = table(only(files_of(name), "loss_by_time"))
    by_table = dict(zip(zip(frame["loss"], frame["step"], strict=True), frame["log10_norm"], strict=True))
    assert shown.keys() == by_table.keys()
    if answer.digits == 0:
        last = len(answer.every)
        assert_same_growth({key: shown[key] for key in shown if key[0] == last}, ours)
        return
    assert_same(shown, ours, answer.digits)
    assert_same(shown, by_table, answer.digits)
    errors = run_chunks(answer.experiment, chunks).log10_errors["every"]
    for size, error in zip(chunks, errors, strict=True):  # less is rounding
        found, expected = 10.0 ** np.array([chunks[size], error])
        assert found == pytest.approx(expected, rel=10.0**-answer.digits, abs=1e-11, nan_ok=True)
    whole = run(answer.experiment).loss
    assert float(loss) == pytest.approx(whole, rel=max(CLOSE, 10.0**-answer.digits))


@every("name", [name for name in ALL if ALL[name].page == "jacobians"])
def test_a_product_of_jacobians_prints_the_numbers_of_its_page(name: str, printed: dict[str, str]) -> None:
    ((key, _),) = scripts_of(name).items()
    _, *lines = rows_of(printed[key])
    shown = {int(lag): float(norm) for lag, norm in lines}
    answer = run_jacobians(ALL[name].experiment, shown, exponents=1)
    ours = dict(zip(answer.lags.tolist(), answer.log10_singular_values[:, 0].tolist(), strict=True))
    assert shown.keys() == ours.keys()
    if answer.digits == 0:
        assert_same_growth(shown, ours)
        return
    assert_same(shown, ours, answer.digits)
    frame = table(only(files_of(name), "lines"))
    by_table = dict(zip(frame["lag"], frame["log10_singular_value_1"], strict=True))
    del by_table[0]
    if len(shown) > 1:  # else the page has lag 0 alone
        assert_same(by_table, shown, answer.digits)


@every("name", [name for name in ALL if ALL[name].page == "shapes"])
def test_the_gradient_of_every_edge_of_a_shape_is_printed(name: str, printed: dict[str, str]) -> None:
    case, ((key, _),) = ALL[name], scripts_of(name).items()
    (_, loss), (_, count), *lines = rows_of(printed[key])
    shown = {(source, target): float(norm) for source, target, norm in lines}
    answer = run_shape(case.experiment, case.views["shape"])
    frame = table(only(files_of(name), "edges"))
    by_table = dict(zip(zip(frame["from"], frame["to"], strict=True), frame["log10_norm"], strict=True))
    assert len(lines) == len(shown) == len(by_table) == len(answer.edges)
    assert_same(shown, {(edge.source, edge.target): edge.log10_norm for edge in answer.edges}, answer.digits)
    assert_same(shown, by_table, answer.digits)
    assert int(count) == answer.parameter_count
    assert float(loss) == pytest.approx(answer.loss, rel=CLOSE)


@every("name", CORNERS)
def test_gradients_of_any_size_are_printed(name: str, printed: dict[str, str]) -> None:
    shown, ours = gradients_printed(rows_of(printed[name])), gradients_of_run(CORNERS[name])
    digits = run(CORNERS[name]).digits
    assert digits >= 8 or name == "stack_explodes"
    assert_same(shown, ours, digits)
    lowest, highest = (float(end) for end in (min(ours.values()), max(ours.values())))
    assert lowest < -320.0 or highest > 310.0 or "far" not in name or name == "explodes_far"


def test_a_script_runs_by_itself_and_states_settings_and_digits(tmp_path: Path) -> None:
    trace = run(replace(SMALL, cell="gru", weight_scale=1.3, num_layers=2, bidirectional=True))
    script = reproduction_script(trace)
    (tmp_path / "gradients.py").write_text(script, encoding="utf-8")
    shown = gradients_printed(rows_of(alone("gradients.py", folder=tmp_path)))
    assert_same(shown, gradients_of_run(trace.experiment), trace.digits)
    for stated in ("weight_scale = 1.3", "num_layers = 2", "bidirectional = True", f"page to {trace.digits} digits"):
        assert stated in script
    explodes = replace(SMALL, cell="rnn", weight_scale=5.0, sequence_length=100, hidden_size=32)
    assert "until no digit is certain" in reproduction_script(run(explodes))


def test_a_script_of_one_pass_refuses_what_autograd_cannot_hold() -> None:
    grown = replace(
        SMALL, cell="rnn", nonlinearity="relu", initialisation="identity", weight_scale=8.0, sequence_length=200
    )
    with pytest.raises(ValueError, match=r"= \d\d\d; the limit of a script of one pass is ±290"):
        shape_script(run_shape(grown, "many-to-one"))


def test_descents_on_the_cliff_are_reproduced_by_a_script_alone(printed: dict[str, str]) -> None:
    _, *lines = rows_of(printed["cliff"])
    columns = ["w", "b", "error", "gradient_norm"]
    frame = pd.concat([CLIFF.files["paths"](answer, {}) for answer in cliffs()])
    assert [line[:2] for line in lines] == [
        [kind, str(k)] for kind, k in zip(frame["clipping"], frame["step"], strict=True)
    ]
    # A difference in the last digit grows on the wall, as the script says.
    np.testing.assert_allclose(np.array([line[2:] for line in lines], float), frame[columns], rtol=1e-6, atol=1e-12)
    assert "grows from step to step" in cliff_script([path.descent for path in cliffs()[0].paths.values()])


def test_every_table_of_one_answer_says_how_many_digits_are_certain() -> None:
    presets = [name for name in ALL if not name[-1].isdigit()]
    assert {ALL[name].page for name in presets} == set(PAGES)
    for name in presets:
        for file in files_of(name):
            if file.what in ("map", "table"):  # whose networks have digits of their own
                assert "digits" in table(file)
            elif file.suffix == "csv":
                assert file.digits is not None
                head = [line for line in file.text(ALL[name].page).splitlines() if line.startswith("# ")]
                assert head[-1] == f"# {digits_note(file.digits())}"
    explodes = {file.what: file for file in files_of("vanish_or_explode-explodes")}
    assert explodes["curves"].digits is not None
    assert explodes["curves"].digits() == 0


def test_a_script_belongs_to_the_settings_that_its_file_names() -> None:
    for name, case in ALL.items():
        for file in scripts_of(name).values():
            assert file.of is not None
            shared = {"cell", "hidden_path", "loss_at", "initialisation"} & settings(case.experiment).keys()
            assert case.page in ("initialisation", "additive_path", "losses", "shapes") or all(
                file.of[field] == getattr(case.experiment, field) for field in shared
            )
