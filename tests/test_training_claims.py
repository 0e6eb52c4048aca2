"""What the pages that train say, against the numbers beside it: hand-made histories of every outcome, and settings.

Nothing is trained here. A sentence is looked for by a part of its text, and what it claims is asked of the history.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from rnn_dynamics import CELLS, Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.experiment import KNOBS_NUMBER
from rnn_dynamics.learning.jobs import Job
from rnn_dynamics.learning.reading import Reading, starting_parameters
from rnn_dynamics.learning.tasks import TASKS, Template
from rnn_dynamics.learning.trainer import Trainer
from rnn_dynamics.learning.training import OF_TORCH, TESTED, TRAINABLE, TRAINING_KNOBS, History, Moment, Training
from rnn_dynamics.pictures import blank, learning
from rnn_dynamics.pictures.blank import words as blank_words
from rnn_dynamics.pictures.blank.answer import BlankAnswer
from tests.every import every
from tests.reader import LONGEST_LINE
from tests.test_pages import ROOT

OFFERED = {name: TRAINING_KNOBS[name].offered for name in ("learning_rate", "iterations")}  # type: ignore[union-attr]
#: Characters by which a phone has less room for the titles of "Learning long lags", whose axes are wide.
BESIDE = 7
#: What never reaches a reader. Of a number and its unit: "1 updates", but not "21 updates" or "1 of 100 updates".
NONSENSE = re.compile(r"\b[nN]a[nN]\b|None|\binf\b|[{}]|(?<![\d.,])1 (updates|steps|words|fillers|networks)\b")
#: How far a training came: its last loss as a share of that of chance, and how it ended.
ENDS = {
    "learned": (0.02, ""),
    "perfect": (0.0, ""),
    "partly": (0.5, ""),
    "chance": (1.0, ""),
    "above": (1.6, ""),
    "unknown": (np.nan, ""),
    "first": (1.0, "norm"),
    "first_loss": (1.0, "loss_lost"),
    "grown": (0.9, "loss"),
    "lost": (0.7, "loss_lost"),
    "states": (1.0, "states"),
}
DONE = {"first": 0, "first_loss": 0, "grown": 1, "lost": 40, "states": 50}


def moment(training: Training, update: int, loss: float, right: float, left: float) -> Moment:
    """A look whose gradient at step 1 is 10^`left` of that at step T."""
    norms = np.linspace(left, 0.0, training.steps)
    if loss == 0.0:
        norms = np.full(training.steps, -np.inf)  # nothing is left to learn
    cell = CELLS[training.experiment.cell]
    gates = {name: np.full(training.steps, 0.5) for name in (*cell.gates, cell.keeps)}
    return Moment(iteration=update, loss=loss, accuracy=right, log10_norms={"hidden": norms}, gates=gates)


def history(training: Training, end: str, done: int | None = None) -> History:
    """A history that comes to such an end."""
    task = training.its_task
    chance = task.chance_loss(training.experiment.sequence_length)
    share, failure = ENDS[end]
    done = DONE.get(end, training.iterations) if done is None else done
    right = np.nan if np.isnan(share) else task.chance_accuracy + max(0.0, 1.0 - share) * (1.0 - task.chance_accuracy)
    looks = [moment(training, 0, chance, task.chance_accuracy, -9.0)]
    if done > 1:
        looks.append(moment(training, done, share * chance, right, -1.5))
    losses, norms = [chance] * done, [0.3] * done
    if failure in ("loss", "loss_lost"):
        losses.append(7.6e4 if failure == "loss" else np.nan)
        norms.append(3.0)
    if failure == "norm":
        losses, norms = [*losses, chance], [*norms, np.inf]
    return History(losses, norms, [False, *[True] * (done - 1)][:done], looks, f"Iteration: {failure}" * bool(failure))


def job_of(asked: tuple[Training, ...], ends: tuple[str, ...], over: bool = True, done: int | None = None) -> Job:
    job = Job(asked)
    complete = done is None
    job._trainers = [
        cast(Trainer, SimpleNamespace(history=history(one, end, done), done=complete, training=one, parameters=dict))
        for one, end in zip(asked, ends, strict=True)
    ]
    if over:
        job.end()
    return job


# Learning long lags


def learning_jobs() -> Iterator[Job]:
    """Every pair of ends, and settings at both ends of what is offered in turn."""
    settings = list(
        product(TASKS, ("constant", "chrono"), ("none", "norm", "value"), ("0.0001", "0.01", "1"), ("100", "3000"))
    )
    for number, (rnn, gated) in enumerate(product(ENDS, ENDS)):
        task, bias, clipping, rate, updates = settings[(29 * number) % len(settings)]
        experiment = Experiment(
            cell=TRAINABLE[number % len(TRAINABLE)],
            sequence_length=learning.LENGTHS[number % len(learning.LENGTHS)],
            hidden_size=8,
            batch_size=8,
            initialisation="torch",
            gate_bias=bias,
            weight_scale=KNOBS_NUMBER["weight_scale"].offered[0 if number % 5 == 0 else -1],
        )
        views = {"task": task.replace("_", " "), "learning_rate": rate, "iterations": updates, "clipping": clipping}
        asked = learning.networks(experiment, views | {"optimiser": ("adam", "sgd")[number % 2], "clip_at": "1"})
        yield job_of(asked, (rnn, gated)[-len(asked) :])


def rows_of(html: str) -> dict[str, list[str]]:
    """Head of a row of a table -> its cells, without marks."""
    found = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)
    plain = {re.sub(" \\(.*", "", head): re.findall(r"<td>(.*?)</td>", cells) for head, cells in found}
    return {head: [re.sub("<.*?>", "", cell) for cell in cells] for head, cells in plain.items()}


def said(job: Job) -> tuple[str, dict[str, str]]:
    words, answer = sentences("learning"), learning.LearningAnswer(networks=job.networks)
    picture = learning.PICTURE
    found = picture.finding(words, answer, picture.views) + picture.claim(words, answer, picture.views)
    return found, dict(picture.texts(words, answer, picture.views))


def test_no_history_makes_the_page_on_long_lags_say_nonsense() -> None:
    jobs = list(learning_jobs())
    assert len(jobs) > 60
    for job in jobs:
        html, titles = said(job)
        assert max(map(len, re.split("[|¦]", "|".join(titles.values())))) <= LONGEST_LINE - BESIDE
        for text in (html, *titles.values()):
            assert not NONSENSE.search(text), (NONSENSE.search(text), text)


def test_each_outcome_is_said_beside_a_loss_that_bears_it_out() -> None:
    seen: set[str] = set()
    for job in learning_jobs():
        html, titles = said(job)
        rows, chance = rows_of(html), job.trainings[0].its_task.chance_loss(job.trainings[0].experiment.sequence_length)
        for number, (training, its) in enumerate(zip(job.trainings, job.histories, strict=True)):
            cell, loss = CELLS[training.experiment.cell].short, rows["Test loss"][number]
            (line,) = (line for line in titles["learned"].split("|") if line.startswith(cell))
            kind = re.sub("[:\\d].*", "", line.removeprefix(cell)).strip(" :")
            seen.add(kind)
            assert rows["Updates done"][number] == f"{its.iterations:,} of {training.iterations:,}"
            if kind == "has learned it":
                assert float(loss) <= 0.1 * chance * 1.01
            elif kind == "learned a part":
                assert 0.1 * chance <= float(loss) <= 0.91 * chance
            elif kind == "is at chance":
                assert loss == "–" or float(loss) >= 0.9 * chance * 0.99
            else:
                assert its.failure
                assert (kind == "") == (its.iterations == 0)  # "no update could be made"
                failed = len(its.losses)
                assert kind == "" or f"diverged at update {failed}" in line
                assert its.iterations in (failed, failed - 1)
                assert f"update {failed}" in html
    assert len(seen) == 5


def test_what_is_left_of_the_gradient_is_that_of_the_first_and_the_last_look() -> None:
    for job in learning_jobs():
        rows = rows_of(said(job)[0])
        before = next(cells for head, cells in rows.items() if head.endswith("before training"))
        after = next(cells for head, cells in rows.items() if head.endswith("at the latest look"))
        for place, its in enumerate(job.histories):
            assert before[place] == "×10⁻⁹"
            known = len(its.moments) > 1 and its.moments[-1].loss != 0.0
            assert after[place] == ("×0.032" if known else "–")


def advised(html: str) -> dict[str, float]:
    """Kind of advice -> its number, or 0."""
    kinds = {
        "slower": r"Try a smaller learning rate, ([\d.,]+)\.<",
        "faster": r"Try a larger learning rate, ([\d.,]+)\.<",
        "longer": r"Try more updates, ([\d.,]+)\.<",
        "shorter": r"Try a shorter sequence, T = (\d+)\.<",
        "smaller_weights": r"Try a smaller weight scale, ([\d.,]+)\.<",
        "clip": r"Try clipping by norm()",
        "chrono": r"Try the chrono gate bias()",
    }
    found = {kind: re.search(pattern, html) for kind, pattern in kinds.items()}
    return {kind: float(match[1].replace(",", "") or 0.0) for kind, match in found.items() if match}


def test_advice_fits_what_happened_and_what_the_controls_allow() -> None:
    seen: set[str] = set()
    for job in learning_jobs():
        html, _ = said(job)
        training, its = job.trainings[-1], job.histories[-1]
        experiment, loss = training.experiment, its.moments[-1].loss
        chance, advice = training.its_task.chance_loss(experiment.sequence_length), advised(html)
        seen |= advice.keys()
        assert html.count("Try ") == len(advice)  # each is known here
        if not its.failure and loss < 0.9 * chance:
            assert not advice
            continue
        offers = {"slower": OFFERED["learning_rate"], "faster": OFFERED["learning_rate"], "shorter": learning.LENGTHS}
        offers |= {"longer": OFFERED["iterations"], "smaller_weights": KNOBS_NUMBER["weight_scale"].offered}
        now = {"slower": training.learning_rate, "faster": training.learning_rate, "longer": training.iterations}
        now |= {"shorter": experiment.sequence_length, "smaller_weights": experiment.weight_scale}
        for kind, value in advice.items():
            if kind in offers:
                assert value in offers[kind]
                assert (value > now[kind]) == (kind in ("faster", "longer"))
        assert ("clip" in advice) == (training.clipping == "none" and bool(its.failure) and its.iterations > 0)
        assert not its.failure or {"faster", "longer", "chrono"}.isdisjoint(advice)
        assert its.iterations > 0 or {"slower", "clip"}.isdisjoint(advice)
        assert "chrono" not in advice or (CELLS[experiment.cell].gates and experiment.gate_bias == "constant")
        assert "shorter" not in advice or training.task != "digits"
        assert "faster" not in advice or loss <= 1.1 * chance
        assert ("Gates alone" in html) == (bool(CELLS[experiment.cell].gates) and not its.failure)
    assert len(seen) == 7


def test_notes_on_two_networks_and_on_the_rnn_are_said_where_they_hold() -> None:
    for job in learning_jobs():
        html, _ = said(job)
        assert ("Both networks" in html) == (len(job.trainings) == 2)
        (rnn,) = (its for one, its in zip(job.trainings, job.histories, strict=True) if one.experiment.cell == "rnn")
        chance = job.trainings[0].its_task.chance_loss(job.trainings[0].experiment.sequence_length)
        learned = not rnn.failure and rnn.moments[-1].loss <= 0.1 * chance
        assert bool(re.search("cannot learn long lags”? is false", html)) == learned
        assert ("thin line" in html) == any(its.failure for its in job.histories)
        cell, shown = CELLS[job.trainings[-1].experiment.cell], job.networks[-1]
        assert ("Gate bias: " in html) == bool(cell.gates)
        stuck = shown.outcome in ("chance", "partly") and job.trainings[0].task == "adding"
        assert ("is linear in what it reads" in html) == (cell.name == "lru" and stuck)
        assert "without" not in html
        assert not re.search(r"\b(adam|sgd|temporal_order|copy_memory)\b", html)


@every("done", [0, 1, 2, 57])
def test_a_training_that_goes_on_or_was_stopped_is_counted_and_not_advised_too_early(done: int) -> None:
    experiment = Experiment(cell="lstm", sequence_length=10, hidden_size=8, batch_size=8, initialisation="torch")
    views = {"task": "adding", "learning_rate": "0.01", "iterations": "100", "clipping": "norm"}
    asked = learning.networks(experiment, views | {"optimiser": "adam", "clip_at": "1"})
    for over in (False, True):
        html, titles = said(job_of(asked, ("chance", "chance"), over, done))
        assert f"(after {done} of 100 updates;" in titles["learned"]
        assert not advised(html)  # whether it goes on or was stopped: there are updates left
        assert titles["reach"].startswith("LSTM, untrained") == (done < 2)
        assert not NONSENSE.search(html + "".join(titles.values()))


@every(
    ("rnn", "lstm", "claim"),
    [
        (
            (-1.0, -2.0),
            (-1.0, -3.0),
            "in 2 of 2 looks 1&nbsp;% or more of its gradient reached step 1: that is necessary, not sufficient",
        ),
        (
            (-8.0, -1.0),
            (-1.0, -3.0),
            "(thin) 10⁻⁸ of its gradient reached step 1, after it 0.1: that alone is not enough",
        ),
        (
            (-9.0, -2.0),
            (-1.0, -1.0),
            "(thin) 10⁻⁹ of its gradient reached step 1, after it 0.01: that alone is not enough",
        ),
        ((-9.0, -8.0), (-9.0, -1.0), "step 1 receives 0.1 in the LSTM, 10⁻⁸ in the RNN"),
        ((-9.0, -6.0), (-9.0, -7.0), "The same sequences"),
    ],
)
def test_what_arrives_of_both_gradients_is_claimed_beside_who_has_learned(rnn: Any, lstm: Any, claim: str) -> None:
    experiment = Experiment(cell="lstm", sequence_length=10, hidden_size=8, batch_size=8, initialisation="torch")
    views = {"task": "adding", "learning_rate": "0.01", "iterations": "100", "clipping": "norm"}
    job = job_of(
        learning.networks(experiment, views | {"optimiser": "adam", "clip_at": "1"}), ("chance", "learned"), True, 100
    )
    for trainer, lefts in zip(job._trainers, (rnn, lstm), strict=True):
        for look, left in enumerate(lefts):
            its = trainer.history.moments[look]
            trainer.history.moments[look] = moment(trainer.training, its.iteration, its.loss, its.accuracy, left)
    above = re.findall("<h2.*?</h2>", said(job)[0])[0]
    assert claim in above
    assert claim == "The same sequences" or "The LSTM has learned to add the two marked numbers (" in above
    answer, picture = learning.LearningAnswer(networks=job.networks), learning.PICTURE
    for at, place in (("0 %", 0), ("100 %", 1)):  # the title is of the look at which the slider stands
        title = picture.texts(sentences("learning"), answer, {**picture.views, "look": at})["reach"]
        both = "thin ×{}, thick ×{}" if place else "×{}"  # before training one curve is drawn
        said_of = [both.format(power_of_ten(of[0]), power_of_ten(of[place])) for of in (lstm, rnn)]
        assert [line.split(": ")[1] for line in title.split("|")[-2:]] == said_of
        assert title.startswith("Before training") == (place == 0)


def test_the_gru_with_default_biases_learns_temporal_order_with_three_of_five_seeds() -> None:
    """What "What to look at" says of it stands in the table of outcomes."""
    table = (ROOT / "docs" / "learning_outcomes.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in table if "PyTorch's default biases" in line and ": GRU |" in line)
    assert re.findall(r"\d+ %", row)[1:].count("100 %") == 3
    assert "| 500 |" in row


# Fill in the blank

CHANCE, CUE = 0.25, (3, 5)
BORDER = CHANCE + 3.0 * (CHANCE * (1.0 - CHANCE) / TESTED) ** 0.5
RIGHTS = (1.0, 0.95, 0.6, 0.34, 0.25, 0.0)
#: log10 of the cue's gradient over the strongest word's, before and after; None where no word has any.
SHARES: tuple[tuple[float | None, float | None], ...] = (
    *((-9.0, -1.0), (-9.0, -12.0), (-1.0, -1.0), (-1.0, -3.5), (-0.2, -2.0), (-3.1, -2.9), (-2.0, -0.3)),
    *((None, -1.0), (-1.0, None), (None, None)),
)


def reading(words: int, share: float | None, loss: float, cell: str, cue: Any) -> Reading:
    norms = np.full(words, -np.inf if share is None else -2.0)
    if share is not None:
        norms[CUE[0]] = -2.0 + share
        norms[CUE[0] + 1 : CUE[1]] = -np.inf
    keeps = None if cell == "rnn" else np.full((words, 4), 0.9)
    return Reading(
        choices=Template().choices,
        cue=cue,
        probabilities=np.array([0.97, 0.01, 0.01, 0.01]),
        target=int(loss > 1.0),
        loss=loss,
        log10_norms=norms,
        keeps=keeps,
        writes=None if keeps is None else np.zeros((words, 4)) if share is None else np.ones((words, 4)),
    )


def answers() -> Iterator[tuple[BlankAnswer, Mapping[str, float], tuple[float | None, float | None]]]:
    """Every mixture of outcomes, with gaps, cells, shares, sentences and states of the training in turn."""
    states: tuple[tuple[bool, int | None], ...] = ((True, None), (False, 1), (True, 7), (False, 0))
    for number, rights in enumerate(product(RIGHTS, repeat=3)):
        over, done = states[number % len(states)]
        share, cell, gap = SHARES[number % len(SHARES)], OF_TORCH[number % 3], ("1", "3", "20")[number // 3 % 3]
        asked = blank.networks(
            Experiment(hidden_size=4, batch_size=4, initialisation="torch"),
            {"gap": gap, "learning_rate": "0.01", "updates": "50"},
            Template(),
        )
        job = job_of(asked, ("grown" if number % 7 == 0 else "chance", "partly", "learned"), over, done)
        of_cell = dict(zip(OF_TORCH, rights, strict=True))
        for trainer, right in zip(job._trainers, rights, strict=True):
            fake = cast(Any, trainer)
            fake.tests = lambda training=trainer.training, right=right: [(gap, right) for gap in training.gaps]
            fake.parameters = lambda training=trainer.training: starting_parameters(training)
            fake.history.moments[-1] = replace(fake.history.moments[-1], accuracy=right)
        typed = ("", "", "who are you and where are they ___")[number % 3]
        read = blank.filled_in(job, cell, typed)
        sentence = read.sentence
        losses = ((1.4, 0.001), (1.4, 1.3), (np.inf, 0.2))[number % 3]
        of = share if sentence.cue else (None, None)
        networks = tuple(
            replace(
                network,
                readings={
                    time: reading(
                        len(sentence.words), of[k], losses[k] if sentence.cue else 1.0, network.cell.name, sentence.cue
                    )
                    for k, time in enumerate(("before", "after"))
                },
            )
            for network in read.networks
        )
        yield (
            replace(read, networks=networks),
            of_cell,
            share,
        )


BLANK = sentences("blank")


def above(answer: BlankAnswer, **views: str) -> str:
    """The claim, and the tinted sentence."""
    views = {**blank.PICTURE.views, **views}
    return blank.PICTURE.claim(BLANK, answer, views) + blank.tinted(BLANK, answer, views)


def found(answer: BlankAnswer) -> str:
    return blank.PICTURE.finding(BLANK, answer, blank.PICTURE.views)


def test_no_history_makes_the_page_on_blanks_say_nonsense() -> None:
    for answer, _, _ in list(answers())[::3]:
        whole = blank.PICTURE.texts(BLANK, answer, blank.PICTURE.views)
        assert max(map(len, re.split("[|¦]", f"{whole['learned']}|{whole['gate']}"))) <= LONGEST_LINE
        beside = (*whole["kept"], *whole["gradient"])
        for text in (
            above(answer),
            above(answer, tint="norm"),
            found(answer),
            whole["learned"],
            whole["gate"],
            *beside,
        ):
            assert not NONSENSE.search(text), (NONSENSE.search(text), text)


def test_the_claim_holds_of_the_right_answers_in_it() -> None:
    seen: set[str] = set()
    predicates: dict[str, Callable[[float, float, float], bool]] = {
        "Even the RNN bridges": lambda lstm, gru, rnn: lstm >= 0.95 and rnn >= 0.95,
        "more than chance, 25": lambda lstm, gru, rnn: lstm >= 0.95 > rnn > BORDER,
        "so it has learned a part": lambda lstm, gru, rnn: BORDER < lstm < 0.95 and rnn <= lstm,
        "more often than the LSTM": lambda lstm, gru, rnn: BORDER < lstm < rnn,
        "The LSTM is no better than chance": lambda lstm, gru, rnn: lstm <= BORDER < rnn,
        "only the GRU is better than chance": lambda lstm, gru, rnn: lstm <= BORDER and rnn <= BORDER < gru,
        "No network bridges": lambda lstm, gru, rnn: max(lstm, gru, rnn) <= BORDER,
    }
    for answer, rights, _ in answers():
        text = blank_words.claim(BLANK, answer, {}).replace("&nbsp;", " ")
        over = all(network.done for network in answer.networks)
        for words, holds in predicates.items():
            if words in text:
                seen.add(words)
                assert over  # nobody knows yet what will have come of it
                assert holds(rights["lstm"], rights["gru"], rights["rnn"]), (text, rights)
        numbers = {int(number) for number in re.findall(r"(\d+) %", text)}
        assert numbers == {round(100 * right) for right in rights.values()} | {25}
        assert ("1 filler word " in text.replace(",", " ").replace(":", " ")) == (answer.training.gap == 1)
        assert ("So far" in text) == (not over)
    assert seen == set(predicates)


def test_what_becomes_of_the_cues_gradient_is_said_beside_shares_that_bear_it_out() -> None:
    holds: dict[str, Callable[[Any, Any], bool]] = {
        "hardly any of the error reaches it": lambda before, after: after < -3.0,
        "the error has learned to reach it": lambda before, after: before < -3.0 <= after,
        "more of the error reaches it": lambda before, after: before < after,
        "as it did before training": lambda before, after: min(before, after) >= -3.0 and after >= before - 0.3,
        "less of the error reaches it": lambda before, after: after < before - 0.3,
        "less, and enough": lambda before, after: -3.0 <= after < before - 0.3,
        "before training, no word got any": lambda before, after: before is None,
    }
    seen: set[str] = set()
    for found_so_far, _, share in answers():
        answer = replace(found_so_far, cell="rnn")
        if answer.sentence.cue is None:
            continue
        heading = re.findall(r'<p class="block">(.*?)</p>', above(answer))[1]
        said_of_it = [words for words in holds if words in heading]
        seen |= set(said_of_it)
        assert bool(said_of_it) != ("no word gets any gradient" in heading)
        assert ("no word gets any gradient" in heading) == (share[1] is None)
        assert all(holds[words](*share) for words in said_of_it), (heading, share)
        assert answer.shown.reading.correct or "enough" not in heading
    assert seen == set(holds)


def test_rows_of_two_networks_say_of_each_what_its_reading_bears_out() -> None:
    seen: set[tuple[bool, ...]] = set()
    for found_so_far, _, share in answers():
        answer = replace(found_so_far, cell="lstm")
        for network, heading in zip(
            answer.compared, re.findall(r'<p class="block">(.*?)</p>', above(answer)), strict=False
        ):
            assert heading.startswith(f"<b>{network.cell.short}</b>, ")
            whole, silent = network.history.iterations == network.training.iterations, "no word gets any" in heading
            assert ("</b>, trained:" in heading) == whole
            assert ("the cue gets" in heading, silent) == (
                (share[1] is not None, share[1] is None) if answer.sentence.cue else (False, False)
            )
            assert "rightly" not in heading or network.reading.correct
            assert "wrongly" not in heading or not network.reading.correct
            seen.add((whole, silent, "rightly" in heading, "wrongly" in heading))
    assert {whole for whole, *_ in seen} == {silent for _, silent, *_ in seen} == {True, False}
    assert {kind[2:] for kind in seen} == {(True, False), (False, True), (False, False)}


def test_the_note_on_small_gradients_is_said_only_where_the_loss_has_fallen_tenfold() -> None:
    for answer, _, _ in list(answers())[::5]:
        before, after = answer.shown.before.loss, answer.shown.reading.loss
        assert ("every gradient with it" in found(answer)) == (10 * after < before < np.inf)
