"""The page "Fill in the blank": tables and words against readings and histories, and what a reader meets."""

import re
from dataclasses import replace
from functools import cache
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl, urlparse

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.content.numbers import percent, power_of_ten, short
from rnn_dynamics.learning.jobs import Job, worked_through
from rnn_dynamics.learning.limits import LARGEST, allowed
from rnn_dynamics.learning.reading import joint
from rnn_dynamics.learning.tasks import Sentence, Template
from rnn_dynamics.learning.trained import RIGHT, standing_in_answers
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import TESTED
from rnn_dynamics.pictures.blank import PICTURE, filled_in, networks
from rnn_dynamics.pictures.blank import words as blank_words
from rnn_dynamics.pictures.blank.answer import (
    _SPANS,
    BlankAnswer,
    Network,
)
from rnn_dynamics.pictures.kit.axes import ends_downwards
from rnn_dynamics.pictures.kit.theme import THEMES, Background
from rnn_dynamics.remembered import MEMORY
from tests.every import every
from tests.pictured import Rows, column, rows_by_table
from tests.reader import wait_until
from tests.test_pages import link, not_taken, open_page, shown

NETWORK = Experiment(cell="lstm", hidden_size=8, batch_size=16, initialisation="torch", gate_bias="chrono")
PLAIN = Template()
VIEWS = {"gap": "3", "learning_rate": "0.03", "updates": "60"}
SMALL = Template(
    start="the {cue} man",
    fillers=("who sings", "from the far north"),
    end="likes ___",
    answers=(("sea", "ships"), ("old mountain", "snow"), ("<i>", "{x}&y")),
)
#: The same by a link, the smallest that the page offers.
LINK = {"gap": "2", "updates": "50", "hidden_size": "8"}
cells = every("cell", ["rnn", "lstm", "gru"])
WORDS = sentences("blank")
NORM = {"tint": "norm"}


@cache
def job(template: Template = PLAIN, **changes: str) -> Job:
    return worked_through(networks(NETWORK, VIEWS | changes, template))


def answer(cell: str = "lstm", typed: str = "", template: Template = PLAIN, **changes: str) -> BlankAnswer:
    return filled_in(job(template, **changes), cell, typed)


def untrained(cell: str = "lstm", typed: str = "", template: Template = PLAIN, **changes: str) -> BlankAnswer:
    return filled_in(Job(networks(NETWORK, VIEWS | changes, template)), cell, typed)


def rows(of: BlankAnswer) -> dict[str, Rows]:
    return rows_by_table(PICTURE.tables_of(WORDS, of, PICTURE.views))


def claim(of: BlankAnswer) -> str:
    return blank_words.claim(WORDS, of, PICTURE.views)


def tinted(of: BlankAnswer, **views: str) -> str:
    return blank_words.tinted(WORDS, of, {**PICTURE.views, **views})


def finding(of: BlankAnswer) -> str:
    return PICTURE.finding(WORDS, of, PICTURE.views)


def norms(of: BlankAnswer, time: str) -> Any:
    return of.shown.readings[time].log10_norms


def by_torch(of: BlankAnswer, words: tuple[str, ...], right: int) -> tuple[torch.Tensor, list[float]]:
    """Probabilities and log10 norms of a sentence, by the modules of the training itself, in 64 bits."""
    places = torch.tensor([[of.template.words.index(word) if word in of.template.words else 0] for word in words])
    parameters = {name: torch.tensor(value) for name, value in of.shown.parameters.items()}
    module = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[of.cell](16, 8).double()
    module.load_state_dict({name: parameters[name] for name in module.state_dict()})
    embedded = parameters["words_weight"][places].requires_grad_()
    states, _ = module(embedded)
    scores = states[-1] @ parameters["readout_weight"].T + parameters["readout_bias"]
    torch.nn.functional.cross_entropy(scores, torch.tensor([right])).backward()  # type: ignore[no-untyped-call]
    assert embedded.grad is not None
    return scores.softmax(-1)[0].detach(), torch.linalg.vector_norm(embedded.grad[:, 0], dim=-1).log10().tolist()


# What is computed


@cells
def test_the_sentence_is_read_as_torch_reads_it(cell: str) -> None:
    found = answer(cell)
    sentence = found.sentence
    assert sentence.target is not None
    probabilities, by_word = by_torch(found, sentence.words, sentence.target)
    np.testing.assert_allclose(found.shown.reading.probabilities, probabilities, rtol=1e-10)
    np.testing.assert_allclose(norms(found, "after"), by_word, atol=1e-8)
    assert norms(found, "before").shape == norms(found, "after").shape


@cells
def test_right_answers_are_counted_as_torch_answers_the_sentences(cell: str) -> None:
    found = answer(cell)
    assert all(network.done for network in found.networks)
    trainer = next(one for one in job().trainers if one.training.experiment.cell == cell)
    stream = np.random.SeedSequence(0).spawn(4)[3]
    assert [gap for gap, _ in found.shown.tests] == [1, 2, 3, 4, 5, 6, 7, 8] == list(found.training.gaps)
    for gap, right in found.shown.tests:
        batch = found.training.its_task.draw(np.random.default_rng(stream), TESTED, gap, True)
        with torch.no_grad():
            states, _ = trainer.network(trainer.words(torch.tensor(batch.inputs)))  # type: ignore[misc]
            named = trainer.readout(states[-1]).argmax(-1).numpy()
        assert right == pytest.approx(float((named == batch.targets).mean()))
    assert found.rights[cell] == trainer.history.moments[-1].accuracy


def test_right_answers_are_counted_before_a_training_is_over_so_that_no_hall_waits_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = Job(networks(NETWORK, VIEWS | {"updates": "20"}, PLAIN))
    done.work()
    monkeypatch.delattr(Trainer, "_counted_at")
    done.end()
    assert len(filled_in(done, "gru", "").shown.tests) == 8


def test_gaps_to_test_reach_twice_as_far_and_hold_the_trained_one() -> None:
    assert PLAIN.tested(3) == tuple(range(1, 9))
    for gap in (1, 20, 40):
        gaps = PLAIN.tested(gap)
        assert (gaps[0], gaps[-1]) == (1, 2 * gap + 2)
        assert gap in gaps
        assert len(gaps) <= 13
    assert SMALL.tested(3) == (2, 4, 6, 8)
    assert SMALL.tested(1) == (0, 2, 4)


def test_fillers_that_cannot_make_the_gap_are_said_and_a_gap_of_nothing_is_tested() -> None:
    found = answer(template=SMALL, gap="1", updates="10")
    assert found.training.gap == 0
    assert [gap for gap, _ in found.shown.tests] == [0, 2, 4]
    assert 0.0 <= found.rights["lstm"] <= 1.0
    assert "cannot make up exactly 1 filler word, so the sentences have no filler word" in finding(found)
    assert rows(found)["whole"][0]["gap"] == 0


def test_what_would_take_too_long_is_refused() -> None:
    large = networks(replace(NETWORK, hidden_size=64, batch_size=32), VIEWS | {"gap": "40"}, Template())
    assert allowed(large) == large
    slow = tuple(replace(one, iterations=5000) for one in large)
    with pytest.raises(ValueError, match=f"the limit of this page is {LARGEST:,}"):
        allowed(slow)


def test_the_three_networks_differ_in_their_cell_alone() -> None:
    asked = networks(replace(NETWORK, input_scale=3.0, loss_at="every"), VIEWS, SMALL)
    assert [one.experiment.cell for one in asked] == ["rnn", "lstm", "gru"]
    assert {replace(one, experiment=replace(one.experiment, cell="gru")) for one in asked} == {asked[2]}
    assert (asked[0].experiment.sequence_length, asked[0].learning_rate, asked[0].iterations) == (3, 0.03, 60)


# The tables


def test_parts_of_a_gradient_have_a_joint_norm_at_any_size() -> None:
    parts = np.array([0.3, 0.4])
    assert joint(np.log10(parts)) == pytest.approx(np.log10(0.5))
    assert joint(np.log10(parts) - 700.0) == pytest.approx(np.log10(0.5) - 700.0)
    assert joint(np.array([-np.inf, -3.0])) == -3.0
    assert joint(np.array([-np.inf])) == joint(np.array([])) == -np.inf


def tints(*norms: Any, relative: bool) -> Any:
    """Of the first reading of a network that has made these."""
    found = answer()
    readings = {str(k): replace(found.shown.before, log10_norms=of) for k, of in enumerate(norms)}
    alone = replace(found, networks=(replace(found.shown, readings=readings),))
    return alone.tints(readings["0"], relative)


def test_tints_are_even_on_the_scale_of_powers_of_ten() -> None:
    one, two = np.array([-9.0, -6.0, -3.0]), np.array([-8.0, -np.inf, -7.5])
    np.testing.assert_allclose(tints(one, relative=True), [0.0, 0.5, 1.0])
    np.testing.assert_allclose(tints(two, relative=True), [5.5 / 6, 0.0, 1.0])
    assert ends_downwards([one, two], _SPANS) == (-9.0, -3.0)
    np.testing.assert_allclose(tints(two, one, relative=False), [1 / 6, 0.0, 0.25])
    nothing = np.array([-np.inf, -np.inf])
    np.testing.assert_array_equal(tints(nothing, relative=False), [0.0, 0.0])


@every(
    ("norm", "text"),
    [(0.0016, "0.0016"), (2.3e-6, "2·10⁻⁶"), (9.7e-6, "10⁻⁵"), (1.4e-12, "10⁻¹²"), (4e-4, "4·10⁻⁴"), (0, "0")],
)
def test_a_norm_is_short(norm: float, text: str) -> None:
    with np.errstate(divide="ignore"):
        assert short(float(np.log10(norm))) == text


@cells
def test_the_picture_holds_the_gate_and_the_right_answers(cell: str) -> None:
    found = answer(cell)
    tables = rows(found)
    for network in found.networks:
        name = network.cell.name
        tests = zip(
            column(tables["tests"], "gap", cell=name), column(tables["tests"], "accuracy", cell=name), strict=True
        )
        assert list(tests) == network.tests
    assert column(tables["words"], "word") == list(found.sentence.words)
    assert [row["step"] - 1 for row in tables["words"] if row["cue"]] == list(range(*found.sentence.cue or ()))
    keeps = {time: one.keeps for time, one in found.shown.readings.items() if one.keeps is not None}
    assert bool(keeps) == (cell != "rnn") == bool(tables["whole"][0]["now"]) == bool(tables["whole"][0]["earlier"])
    for place, row in enumerate(tables["words"]):
        if cell == "rnn":
            assert row["mean"] is row["before"] is None
            continue
        now = np.sort(keeps["after"][place])
        assert row["mean"] == pytest.approx(now.mean())
        assert row["before"] == pytest.approx(keeps["before"][place].mean())
        assert now[0] <= row["low"] <= now[1]  # a tenth of eight units lies between the first and the second
        assert now[6] <= row["high"] <= now[7]
        assert f"”: {100 * row['mean']:.0f} % kept" in row["kept"]
        assert f"after: {short(norms(found, 'after')[place])}" in row["gradient"]
    assert ("no gate" in tables["whole"][0]["gate"]) == (cell == "rnn")


def test_the_tables_for_download_hold_every_number() -> None:
    found = answer()
    accuracy, words = (table(found, {}) for table in PICTURE.files.values())
    assert len(accuracy) == 3 * 8
    row = accuracy.query("cell == 'lstm' and filler_words == 3").iloc[0]
    assert (row["accuracy"], row["chance"]) == (found.rights["lstm"], 0.25)
    assert words["word"].tolist() == list(found.sentence.words)
    np.testing.assert_array_equal(words["log10_norm_after"], norms(found, "after"))
    assert found.shown.before.keeps is not None
    np.testing.assert_allclose(words["gate_mean_before"], found.shown.before.keeps.mean(axis=1))
    assert list(PICTURE.files["sentence"](untrained("rnn"), {}).columns) == ["step", "word", "log10_norm_before"]


# The words


def test_the_claim_has_the_numbers_and_the_true_wording() -> None:
    found = answer()
    rights = found.rights
    assert rights["lstm"] >= RIGHT  # with these settings
    said = claim(found).replace("&nbsp;", " ")
    for cell, right in rights.items():
        assert f"{100 * right:.0f} %" in said, cell
    assert "chance is 25 %" in said or "chance, 25 %" in said


@every(
    ("lstm", "gru", "rnn", "key"),
    [
        (1.0, 1.0, 0.26, "lstm_only"),
        (1.0, 0.2, 0.5, "rnn_partly"),
        (0.95, 1.0, 1.0, "all"),
        (0.6, 1.0, 0.2, "lstm_partly"),
        (0.26, 1.0, 0.25, "gru_only"),
        (0.26, 0.25, 0.9, "rnn_better"),
        (0.6, 1.0, 1.0, "rnn_ahead"),
        (0.6, 0.2, 0.7, "rnn_ahead"),
        (0.33, 0.25, 0.2, "none"),
    ],
)
def test_each_outcome_has_its_claim(lstm: float, gru: float, rnn: float, key: str) -> None:
    rights, found = {"lstm": lstm, "gru": gru, "rnn": rnn}, answer()
    judged = tuple(
        replace(network, tests=[(found.training.gap, rights[network.cell.name])]) for network in found.networks
    )
    assert blank_words._claim_of(replace(found, networks=judged)) == key
    assert key in WORDS["claim"]


def test_chance_is_left_only_beyond_three_standard_errors() -> None:
    error = (0.25 * 0.75 / TESTED) ** 0.5
    assert standing_in_answers(0.25 + 2.9 * error, 0.25) == "chance"
    assert standing_in_answers(0.25 + 3.1 * error, 0.25) == "partly"
    assert standing_in_answers(0.95, 0.95) == "chance"
    assert standing_in_answers(1.0, 0.95) == "learned"


@every(
    ("before", "after", "key"),
    [
        (-9.0, -1.0, "after_rises"),
        (-2.0, -1.0, "after_grows"),
        (-1.0, -1.1, "after_reaches"),
        (-0.5, -2.0, "after_falls"),
        (-0.82, -1.23, "after_falls"),
        (-9.0, -9.5, "after_lost"),
        (-1.0, -4.0, "after_lost"),
        (-3.1, -2.9, "after_grows"),
        (np.nan, -1.0, "after_new"),
    ],
)
def test_what_becomes_of_the_cues_gradient_has_its_heading(before: float, after: float, key: str) -> None:
    found = answer(typed="linguistics today ___")
    heights = {"before": before, "after": after}
    norms = {time: np.array([height, 0.0 * height]) for time, height in heights.items()}
    norms = {time: np.where(np.isnan(of), -np.inf, of) for time, of in norms.items()}
    readings = {time: replace(one, log10_norms=norms[time]) for time, one in found.shown.readings.items()}
    network = replace(found.shown, readings=readings)
    reading = network.readings["after"]
    for right in (True, False):
        target = reading.answer if right else reading.answer - 1
        judged = replace(network, readings={**readings, "after": replace(reading, target=target)})
        now = "after_enough" if right and key == "after_falls" else key
        assert blank_words._heading(replace(found, networks=(judged,)), "after") == now
        assert now in WORDS["blocks"]


def said_of(network: Network, sentence: Sentence) -> tuple[str, bool, str]:
    """What it names, whether that is right, and the share of its cue's gradient."""
    reading = network.reading
    right = int(reading.probabilities.argmax()) == sentence.target
    return reading.named, right, power_of_ten(joint(reading.log10_norms[3:5]) - max(reading.log10_norms))


def headings(of: BlankAnswer) -> list[str]:
    """Above each row of words, and below the last, as a reader sees them."""
    return [re.sub("<.*?>", "", one) for one in re.findall(r'<p class="block">(.*?)</p>', tinted(of))]


def test_above_the_rows_of_the_rnn_each_network_says_what_it_fills_in_and_how_much_reaches_its_cue() -> None:
    found = answer("rnn")
    (said,) = re.findall(r'<p class="networks">(.*?)</p>', tinted(found))
    lines = [re.sub("<.*?>", "", one) for one in re.findall(r"<span>(.*?)</span>", said)]
    expected = []
    for network in (*found.networks[1:], found.networks[0]):
        named, right, share = said_of(network, found.sentence)
        expected.append(f"{network.cell.short} {'✓' if right else '✗'} {named}, {share}")
    assert lines == expected
    assert [one.split(":")[0] for one in headings(found)] == ["Before training", "After 60 of 60 updates"]
    assert '<p class="networks">' not in tinted(untrained("rnn"))
    assert '<p class="networks">' not in tinted(answer("rnn", typed="who are you and where are they ___"))


@every(("cell", "other"), [("lstm", "gru"), ("gru", "lstm")])
def test_a_trained_network_has_its_row_below_the_rnns_and_the_third_is_named(cell: str, other: str) -> None:
    found = answer(cell, gap="20", updates="50")
    by_cell, html = {network.cell.name: network for network in found.networks}, tinted(found)
    rights, expected = set(), []
    for network in (by_cell["rnn"], by_cell[cell], by_cell[other]):
        (named, right, share), name = said_of(network, found.sentence), network.cell.short
        rights.add(right)
        fills = f"and the {name} {'rightly' if right else 'wrongly'} fills in “{named}”"
        expected.append(f"{name}, trained: the cue gets {share} of the strongest word's gradient, {fills}")
    assert headings(found) == expected
    assert rights == {True, False}
    assert '<p class="networks">' not in html
    small = re.findall(r"title=\"[^\"]*\"><b>.*?</b><small>(.*?)</small>", html)
    assert small == [short(one) for which in ("rnn", cell) for one in by_cell[which].reading.log10_norms]
    colours = [
        f"--cell: light-dark({', '.join(theme.cells[one] for theme in THEMES.values())})" for one in ("rnn", cell)
    ]
    assert re.findall(r'<p class="words" style="(.*?)"', html) == colours
    assert re.findall(r'class="scale" style="(.*?);', html) == colours
    (before,) = headings(untrained(cell))
    assert before.startswith("Before training: the cue gets")
    plain = headings(answer(cell, typed="who are you and where are they ___"))
    assert [re.sub("“.*?”", "…", one) for one in plain] == [
        f"{by_cell[which].cell.short}, trained: it fills in …" for which in ("rnn", cell, other)
    ]


def test_where_no_word_gets_any_gradient_the_heading_says_so() -> None:
    found = answer("rnn")
    nothing = replace(found.shown.reading, log10_norms=np.full_like(norms(found, "after"), -np.inf))
    silent = replace(found.shown, readings={**found.shown.readings, "after": nothing})
    silenced = replace(found, networks=(silent, *found.networks[1:]))
    assert "After 60 of 60 updates: no word gets any gradient" in headings(silenced)
    assert "reaches it" not in "".join(headings(silenced))
    assert headings(replace(silenced, cell="lstm"))[0].startswith(
        "RNN, trained: no word gets any gradient, and the RNN "
    )


def strengths(html: str) -> list[int]:
    """Of the tints of all words, in per cent."""
    return [int(part) for part in re.findall(r"--tint: (\d+)%\" title", html)]


@cells
def test_each_word_is_tinted_by_its_gradient_and_the_cue_is_framed(cell: str) -> None:
    found = answer(cell)
    html, first = tinted(found), found.networks[0].before if cell == "rnn" else found.networks[0].reading
    found_strengths, above = strengths(html), first.log10_norms
    assert len(found_strengths) == 2 * len(found.sentence.words)
    order = np.argsort(above)
    assert (np.diff(np.array(found_strengths[: len(above)])[order]) >= 0).all()
    assert max(found_strengths[: len(above)]) == max(found_strengths[len(above) :]) == blank_words.STRONGEST
    assert re.findall(r'class="word cue".*?<b>(.*?)</b>', html) == ["data", "science"] * 2
    parts = 10**above
    assert 10**first.share == pytest.approx(np.hypot(parts[3], parts[4]) / parts.max())
    assert tinted(found, **NORM) != html


def test_one_tint_is_one_share_whatever_the_network_and_the_time() -> None:
    found = answer(gap="20", updates="50")
    rnn = found.networks[0]
    seen: dict[str, set[int]] = {}
    for cell in ("rnn", "lstm", "gru"):
        one = replace(found, cell=cell)
        html = tinted(one)
        rows = (rnn.before if cell == "rnn" else rnn.reading, one.shown.reading)
        shares = np.concatenate([row.log10_norms - row.log10_norms.max() for row in rows])
        expected = blank_words.STRONGEST * np.clip((shares + 6) / 6, 0, 1)
        np.testing.assert_allclose(strengths(html), expected, atol=0.51)
        seen[cell] = set(strengths(html)[len(one.sentence.words) :][3:5])
        assert "10⁻⁶ <span" in html
        assert "on one scale for all rows and networks" in html
    assert max(seen["rnn"]) < min(seen["lstm"])  # a dead cue is paler than a living one
    ends = r"(\S+) <span class=\"scale\".*</span> (\S+)</p>"
    assert len({re.findall(ends, tinted(replace(found, cell=cell), **NORM))[0] for cell in ("rnn", "lstm", "gru")}) == 1


def test_the_words_below_the_axis_keep_their_distance_and_begin_with_the_cue() -> None:
    text = PICTURE.specification(PICTURE.views, "light", LANGUAGE)
    assert "(datum.step - whole.cue) % every === 0" in text
    assert rows(answer())["whole"][0]["cue"] == 4
    assert rows(answer(typed="who are you ___"))["whole"][0]["cue"] == 1


def test_before_any_training_the_page_shows_the_network_as_it_is_drawn() -> None:
    found = untrained()
    assert not found.rights
    assert not found.begun
    named = found.shown.before.named
    assert f"guesses “{named}”" in claim(found)
    assert "After" not in tinted(found)
    assert "60 updates side by side" in finding(found)
    assert rows(found)["tests"] == []
    unknown = untrained(typed="hello there ___")
    assert "right" not in claim(unknown)


def test_every_cue_has_its_row_with_what_is_named() -> None:
    found = answer()
    html = finding(found)
    for pair, (cue, right) in enumerate(found.template.answers):
        sentence = found.training.sentence(pair)
        probabilities, _ = by_torch(found, sentence.words, sentence.target or 0)
        named = found.template.choices[int(probabilities.argmax())]
        assert f"<td>{cue}</td><td><b>{right}</b></td>" in html
        mark = "✓" if named == right else "✗"
        assert f"{mark} {named}, " in html
    fillers = {found.training.sentence(pair).words[-8:] for pair in range(4)}
    assert len(fillers) == 1


def test_an_own_sentence_is_read_by_the_trained_network_and_its_unknown_words_are_named() -> None:
    typed = "I am a purple linguistics student, <script> and I love machine ___"
    found = answer(typed=typed)
    assert found.sentence.own
    assert (found.sentence.cue, found.sentence.target) == ((4, 5), 1)
    probabilities, by_word = by_torch(found, found.sentence.words, 1)
    np.testing.assert_allclose(found.shown.reading.probabilities, probabilities, rtol=1e-10)
    np.testing.assert_allclose(norms(found, "after"), by_word, atol=1e-8)
    html = tinted(found) + finding(found)
    assert "<script>" not in html
    assert "“purple”, “&lt;script&gt;”" in html
    assert "the cue is “linguistics”, so “translation” counts as right" in html
    plain = answer(typed="who are you ___")
    assert plain.sentence.cue is None
    assert "holds no cue" in finding(plain)
    assert headings(answer("rnn", typed="who are you ___")) == ["Before training", "After 60 of 60 updates"]
    assert rows(plain)["whole"][0]["gate"].startswith("LSTM: its forget gate keeps")


def test_what_is_left_of_the_cues_writing_is_said_at_any_size() -> None:
    found = answer()
    one = found.shown.before
    assert one.keeps is not None
    said = {gate: percent(replace(one, keeps=np.full_like(one.keeps, gate)).left) for gate in (1.0, 0.5, 0.1, 0.0)}
    assert said[1.0] == "100 %"
    assert (
        float(said[0.1].removeprefix("10⁻").removesuffix(" %").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))) > 4
    )
    assert 0.01 < float(said[0.5].removesuffix(" %")) < 2.0
    assert said[0.0] == "0 %"
    assert percent(answer("rnn").shown.before.left) == "–"


def test_a_readers_signs_do_no_harm() -> None:
    found = answer(template=SMALL, typed="the <i> man likes ___")
    html = claim(found) + tinted(found) + finding(found)
    assert "<td>&lt;i&gt;</td><td><b>{x}&amp;y</b></td>" in html
    assert "<i>" not in html


def test_a_training_that_diverges_is_named_and_shows_what_there_is() -> None:
    whole = job()
    history, norm = whole.histories[0], whole.histories[0].gradient_norms[5]
    ended = replace(history, clipped=history.clipped[:6], losses=[*history.losses[:6], np.nan], failure="Iteration 7")
    part = Job(whole.trainings)
    trainers = [SimpleNamespace(**vars(one)) for one in whole.trainers]
    for trainer, kept, its in zip(trainers, whole.trainers, (ended, *whole.histories[1:]), strict=True):
        trainer.history, trainer.parameters, trainer.done = its, kept.parameters, True
    part._trainers = [cast(Trainer, trainer) for trainer in trainers]
    html = finding(filled_in(part, "lstm", ""))
    assert "<b>Vanilla RNN: the training diverged at update 7.</b> The loss had left the range" in html
    assert f"One update earlier the gradient's norm was {short(float(np.log10(norm)))}." in html
    assert "nan" not in html


def test_a_stopped_training_says_so_far() -> None:
    part = Job(networks(NETWORK, VIEWS | {"updates": "1000"}, Template()))

    def stop_once_begun() -> None:
        wait_until(lambda: part.done > 0, "nothing is learned")
        part.stop()

    Thread(target=stop_once_begun).start()
    part.work()
    part.end()
    found = filled_in(part, "gru", "")
    done = found.shown.history.iterations
    assert 0 < done < 1000
    assert f"So far, after {done} of 1,000 updates with " in claim(found)
    for trainer, network in zip(part.trainers, found.networks, strict=True):
        assert network.tests == [(gap, trainer._counted_at(gap)) for gap in found.training.gaps]


def test_networks_that_are_remembered_count_with_all_that_they_have_learned() -> None:
    MEMORY.clear()
    found = PICTURE.answer(replace(NETWORK, hidden_size=64), {**PICTURE.views, **VIEWS, "updates": "50"})
    learned = sum(values.nbytes for network in found.networks for values in network.parameters.values())
    assert MEMORY.bytes > learned > 300_000


# The page


def finished(app: AppTest) -> AppTest:
    """The page once its training is over."""
    wait_until(lambda: any(button.label == "Train again" for button in app.run().button), "the training does not end")
    return app


def words(app: AppTest) -> str:
    return " ".join(shown(app)["words"])


def test_a_reader_trains_and_looks_at_each_cell() -> None:
    app = open_page("blank", LINK)
    assert "Untrained, the LSTM" in words(app)
    assert shown(app)["0-tests"] == []
    app.button(key="train").click().run()
    assert not app.exception
    app = finished(app)
    assert not app.exception
    assert {row["cell"] for row in shown(app)["0-tests"]} == {"rnn", "lstm", "gru"}
    assert "After 2 filler words" in words(app) or "2 filler words" in words(app)
    app.segmented_control(key="cell").set_value("rnn").run()
    assert "no gate" in shown(app)["0-whole"][0]["gate"]
    assert "Not trained yet at these settings" not in words(app)
    app.text_input(key="sentence").set_value("I am a zebra student and I love machine ___").run()
    assert "read them all as one and the same unknown word: “zebra”" in words(app)
    app.select_slider(key="gap").set_value("40").run()
    assert "Not trained yet at these settings: press Train" in words(app)
    assert "right in" not in "".join(re.findall("<h2.*?</h2>", words(app)))
    assert shown(app)["0-whole"][0]["gap"] == 2  # what was trained stays


def test_the_page_opens_with_a_training_that_everybody_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = job()
    monkeypatch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda *_: shared)
    app = open_page("blank", LINK)
    assert not app.exception
    assert {row["cell"] for row in shown(app)["0-tests"]} == {"rnn", "lstm", "gru"}
    assert "</b>, trained: the cue gets" in words(app)
    (said,) = (caption.value for caption in app.caption if "with which this page opens" in caption.value)
    assert "Your settings have moved" in said
    assert "Not trained yet at these settings" in words(app)
    assert len([button for button in app.get("download_button") if "Right answers" in button.proto.label]) == 1


def test_until_the_training_that_everybody_shares_has_begun_the_page_says_that_it_will(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = Job(networks(NETWORK, VIEWS, PLAIN))
    monkeypatch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda *_: waits)
    app = open_page("blank", LINK)
    assert [caption.value for caption in app.caption if "begins by itself" in caption.value]
    assert "Nothing is trained yet" in shown(app)["0-whole"][0]["untrained"]
    monkeypatch.setattr("rnn_dynamics.dashboard.seat.opening_job", lambda *_: None)
    assert not [caption.value for caption in open_page("blank", LINK).caption if "begins by itself" in caption.value]


def test_a_template_that_makes_no_sense_is_named_and_nothing_is_lost() -> None:
    app = open_page("blank", LINK)
    app.text_area(key="answers").set_value("sea = ships\nair = planes").run()
    assert "planes" in words(app)
    app.text_area(key="answers").set_value("sea = ships").run()
    assert not app.exception
    (warning,) = app.warning
    assert "there must be 2 at least" in warning.value
    assert "planes" in words(app)
    assert app.text_area(key="answers").value == "sea = ships"
    app.text_area(key="answers").set_value("").run()
    assert "answers has 0 lines" in app.warning[0].value
    app.text_area(key="answers").set_value("sea = ships\nfire = smoke").run()
    assert not app.warning
    assert "smoke" in words(app)


def test_a_template_has_its_place_in_the_link() -> None:
    app = open_page("blank", LINK)
    app.text_area(key="answers").set_value("a & b = x=y\nq=1").run()
    assert "is not a cue, one = and a word" in app.warning[0].value
    app.text_area(key="answers").set_value("a & b = ü\nq=1").run()
    app.text_input(key="start").set_value("so {cue} ?").run()
    app.text_input(key="sentence").set_value("so q ___").run()
    settings = dict(parse_qsl(urlparse(link(app)).query))
    assert settings["answers"] == "a & b = ü\nq=1"
    again = open_page("blank", settings)
    assert not not_taken(again)
    assert shown(again) == shown(app)
    assert link(again) == link(app)
    app.button(key="reset").click().run()
    assert link(app) == link(open_page("blank"))


def test_a_link_with_too_long_a_text_is_cut_and_says_so() -> None:
    app = open_page("blank", {"fillers": "word\n" * 2000, "start": "x" * 500})
    assert not app.exception
    (said,) = not_taken(app)
    assert "`fillers` was cut to 1500 characters" in said
    assert "`start` was cut to 200 characters" in said
    assert app.warning


def test_a_training_is_stopped_and_goes_on() -> None:
    app = open_page("blank", LINK | {"updates": "1000"})
    app.button(key="train").click().run()
    wait_until(lambda: bool(shown(app.run())["0-tests"]), "the training does not begin")
    assert "So far, after " in words(app)
    app.button(key="stop").click().run()
    wait_until(lambda: any(button.key == "go_on" for button in app.run().button), "the training does not stop")
    assert "Stopped after" in " ".join(caption.value for caption in app.caption)
    app.button(key="go_on").click().run()
    assert not app.exception
    app.button(key="stop").click().run()


def rgb(colour: str) -> list[float]:
    return [float(int(colour[place : place + 2], 16)) for place in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    """Relative luminance by WCAG 2, of red, green and blue up to 255."""
    shares = [part / 255 for part in colour]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@every("background", THEMES)
def test_a_word_on_the_strongest_tint_has_the_contrast_that_wcag_asks_of_small_type(background: Background) -> None:
    theme, share = THEMES[background], blank_words.STRONGEST / 100
    for colour in theme.cells.values():
        mixed = [share * own + (1 - share) * page for own, page in zip(rgb(colour), rgb(theme.panel), strict=True)]
        low, high = sorted((luminance(mixed), luminance(rgb(theme.text))))
        assert (high + 0.05) / (low + 0.05) >= 4.5
