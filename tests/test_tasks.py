"""The tasks: labels, lengths and chance levels against their definitions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_dynamics.learning.tasks import TASKS, Batch, Template
from rnn_dynamics.learning.tasks.blank import BLANK, CUE
from tests.every import every

MANY = 4000


def draw(name: str, gap: int, count: int = MANY, seed: int = 0, kept: bool = False) -> Batch:
    return TASKS[name].draw(np.random.default_rng(seed), count, gap, kept)


@every("name", TASKS)
@every("gap", [10, 33])
def test_a_batch_has_the_shapes_that_the_task_says(name: str, gap: int) -> None:
    task, batch = TASKS[name], draw(name, gap, 7)
    steps = task.steps_of(gap)
    assert batch.inputs.shape == (steps, 7, task.input_size)
    assert batch.targets.shape == ((steps, 7) if task.every_step else (7,))
    if task.tolerance is None:
        assert batch.targets.min() >= 0
        assert batch.targets.max() < task.outputs


@every("name", TASKS)
def test_the_generator_decides_everything(name: str) -> None:
    first, again, other = (draw(name, 20, 8, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.inputs, other.inputs)


@given(st.integers(2, 60), st.integers(0, 1000))
def test_adding_asks_for_the_sum_of_one_number_of_each_half(steps: int, seed: int) -> None:
    batch = draw("adding", steps, 9, seed)
    for n in range(9):
        numbers, marks = batch.inputs[:, n].T
        (places,) = np.nonzero(marks)
        assert len(places) == 2
        assert places[0] < steps // 2 <= places[1]
        assert batch.targets[n] == pytest.approx(numbers[places].sum(), abs=1e-12)


def test_who_answers_the_mean_of_the_sum_is_wrong_by_a_sixth() -> None:
    targets, task = draw("adding", 20, 200_000).targets, TASKS["adding"]
    assert task.chance_loss(20) == pytest.approx(1 / 6)  # which the targets have, is a law
    assert task.tolerance is not None
    assert (np.abs(targets - 1.0) < task.tolerance).mean() == pytest.approx(task.chance_accuracy, rel=0.03)


@given(st.integers(10, 90), st.integers(0, 1000))
def test_temporal_order_names_the_two_symbols_in_order(steps: int, seed: int) -> None:
    batch = draw("temporal_order", steps, 9, seed)
    symbols = batch.inputs.argmax(axis=-1)
    np.testing.assert_array_equal(batch.inputs.sum(axis=-1), 1.0)
    for n in range(9):
        (places,) = np.nonzero(symbols[:, n] < 2)
        assert len(places) == 2
        assert int(0.1 * steps) <= places[0] < 0.2 * steps
        assert int(0.5 * steps) <= places[1] < max(0.6 * steps, int(0.5 * steps) + 1)
        assert batch.targets[n] == 2 * symbols[places[0], n] + symbols[places[1], n]


def test_the_classes_of_temporal_order_are_equally_frequent() -> None:
    shares = np.bincount(draw("temporal_order", 50).targets.astype(int), minlength=4) / MANY
    assert shares == pytest.approx([0.25] * 4, abs=0.02)


@given(st.integers(1, 60), st.integers(0, 1000))
def test_copy_memory_asks_for_what_was_read_first(gap: int, seed: int) -> None:
    batch = draw("copy_memory", gap, 5, seed)
    read = batch.inputs.argmax(axis=-1)
    assert len(read) == gap + 20
    np.testing.assert_array_equal(batch.targets[-10:], read[:10])
    assert (read[:10] < 8).all()
    assert (batch.targets[:-10] == 8).all()
    (go,) = np.nonzero((read == 9).all(axis=1))
    assert go.tolist() == [gap + 9]
    assert (np.delete(read, [*range(10), gap + 9], axis=0) == 8).all()


def test_who_hears_the_signal_and_remembers_nothing_has_the_published_loss() -> None:
    task, targets = TASKS["copy_memory"], draw("copy_memory", 30, 500).targets
    certain = np.where(np.arange(50) < 40, 0.0, np.log(8))
    assert task.chance_loss(30) == pytest.approx(certain.mean())
    assert (targets[-10:] == 3).mean() == pytest.approx(task.chance_accuracy, abs=0.01)


def test_the_digits_are_scikit_learns_pixel_by_pixel_and_those_for_testing_are_apart() -> None:
    from sklearn.datasets import load_digits  # a second, which no other test need wait for

    images, digits = load_digits(return_X_y=True)
    known = {
        (image / 16).tobytes(): (digit, k % 5 == 0) for k, (image, digit) in enumerate(zip(images, digits, strict=True))
    }
    assert len(images) == 1797
    for kept in (False, True):
        batch = draw("digits", 1, 300, 2, kept)
        assert batch.inputs.shape == (64, 300, 1)
        for n in range(300):
            assert known[np.ascontiguousarray(batch.inputs[:, n, 0]).tobytes()] == (batch.targets[n], kept)
    assert TASKS["digits"].chance_loss(1) == pytest.approx(np.log(10))


# The sentences

PLAIN = Template()
SMALL = Template(
    start="the {cue} man",
    fillers=("who sings", "from the far north"),
    end="likes ___",
    answers=(("sea", "ships"), ("old mountain", "snow")),
)


def test_a_sentence_holds_its_cue_its_end_and_fillers_of_the_wanted_length() -> None:
    generator = np.random.default_rng(0)
    for gap in (0, 2, 4, 6, 8, 20):
        for pair, cue in enumerate(["sea", "old mountain"]):
            words = SMALL.sentence(generator, gap, pair)
            start = f"the {cue} man".split()
            assert words[: len(start)] == start
            assert words[-1] == "likes"
            between = words[len(start) : -1]
            assert len(between) == gap
            text = " ".join(between)
            assert text.replace("who sings", "").replace("from the far north", "").split() == []


def test_a_gap_that_the_fillers_cannot_make_becomes_the_next_smaller_one() -> None:
    assert SMALL.gaps(9) == (0, 2, 4, 6, 8)
    assert len(SMALL.sentence(np.random.default_rng(0), 7, 0)) == len(["the", "sea", "man", "likes"]) + 6
    assert PLAIN.gaps(40) == tuple(range(41))


def test_words_that_no_network_has_met_are_found_once_each() -> None:
    assert PLAIN.unknown(("i", "zebra", "love", "zebra", "?!", "machine")) == ("zebra", "?!")
    assert PLAIN.unknown(PLAIN.words) == ()


def test_every_sentence_ends_at_the_same_step_and_only_the_cue_decides() -> None:
    task = SMALL.task()
    batch = task.draw(np.random.default_rng(1), 500, 6, False)
    assert batch.inputs.shape == (task.steps_of(6), 500) == (len(["the", "old", "mountain", "man", "likes"]) + 6, 500)
    words = np.array(SMALL.words)[batch.inputs]
    assert (words[-1] == "likes").all()
    for n in range(500):
        assert SMALL.choices[batch.targets[n]] == ("ships" if "sea" in words[:, n] else "snow")
    # Whatever stands between is as likely with one cue as with the other.
    north = (words == "north").any(axis=0)
    assert north[batch.targets == 0].mean() == pytest.approx(north[batch.targets == 1].mean(), abs=0.15)
    assert task.chance_loss(6) == pytest.approx(np.log(2))
    assert task.chance_accuracy == 0.5


def test_chance_counts_answers_that_several_cues_share() -> None:
    answers = (("a", "x"), ("b", "x"), ("c", "x"), ("d", "y"))
    task = Template(answers=answers).task()
    assert task.chance_accuracy == 0.75
    assert task.chance_loss(1) == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))


def test_an_unknown_word_and_a_short_sentence_are_read_as_unknown() -> None:
    read = SMALL.read([["The", "sea", "zebra"], ["likes"]])
    words = [[SMALL.words[place] for place in row] for row in read.T]
    assert words == [["the", "sea", "?"], ["?", "?", "likes"]]


@every(
    ("changes", "said"),
    [
        ({"start": "I am a student"}, f"does not hold {CUE} once"),
        ({"start": f"{CUE} and {CUE}"}, f"does not hold {CUE} once"),
        ({"end": "and I love machine"}, f"does not have {BLANK} as its last word"),
        ({"end": f"{BLANK} or {BLANK}"}, f"does not have {BLANK} as its last word"),
        ({"end": ""}, f"does not have {BLANK} as its last word"),
        ({"start": f"{CUE} " + "x" * 300}, "start has 306 characters; the limit is 200"),
        ({"fillers": ()}, "fillers has 0 lines; there must be 1 to 60"),
        ({"fillers": ("a",) * 61}, "fillers has 61 lines"),
        ({"fillers": ("a", "  ")}, "filler '  ' is empty"),
        ({"answers": (("a", "x"),)}, "there must be 2 at least"),
        ({"answers": (("a", "x"), ("b", "x"))}, "there must be 2 at least"),
        ({"answers": (("a", "x"), ("a", "y"))}, "cue 'a' stands in answers twice"),
        ({"answers": (("a", "x"), ("b", "two words"))}, "answer 'two words' to 'b' is not one word"),
        ({"answers": (("", "x"), ("b", "y"))}, "cue '' is empty"),
        ({"fillers": tuple(" ".join(f"w{k}x{j}" for j in range(9)) for k in range(50))}, "the limit is 400"),
    ],
    ids=str,
)
def test_a_template_that_makes_no_sense_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("{", r"\{").replace("(", r"\(")):
        Template(**changes)


# What a reader types


@every("template", [PLAIN, SMALL], ids=["plain", "small"])
def test_a_template_written_out_and_typed_again_is_the_same(template: Template) -> None:
    assert Template.from_text(**template.as_text()) == template
    loose = template.as_text() | {"fillers": "\n  " + template.as_text()["fillers"].replace("\n", "  \n\n") + "\n"}
    assert Template.from_text(**loose) == template


@every(
    ("answers", "said"),
    [
        ("sea ships", "answers line 'sea ships' is not a cue, one = and a word"),
        ("sea = ships = boats", "is not a cue, one = and a word"),
        ("sea = ships\nair =", "answer '' to 'air' is not one word"),
        ("", "answers has 0 lines; there must be 1 to 20"),
    ],
)
def test_typed_answers_that_make_no_sense_are_named(answers: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Template.from_text(**SMALL.as_text() | {"answers": answers})


def test_a_typed_sentence_loses_its_blank_and_the_signs_beside_its_words() -> None:
    assert SMALL.typed("The SEA man, who sings: likes ___.") == ["the", "sea", "man", "who", "sings", "likes"]
    assert Template(end="well, likes ___").typed("well, likes ____") == ["well,", "likes"]
    assert SMALL.typed("  ... ___ ") == []


def test_the_cue_of_a_sentence_is_found_where_there_is_one() -> None:
    pairs = Template(answers=(("science", "facts"), ("data science", "learning"), ("art", "taste")))
    assert pairs.cue_in(["a", "data", "science", "student"]) == (1, 3, 1)
    assert pairs.cue_in(["a", "science", "student"]) == (1, 2, 0)
    assert pairs.cue_in(["a", "clever", "student"]) is None
    assert pairs.cue_in(["an", "art", "and", "a", "science", "student"]) is None
    assert pairs.cue_in(["science", "and", "data", "science"]) is None
    for pair in range(4):
        start, end, found = PLAIN.cue_in(PLAIN.sentence(np.random.default_rng(pair), 7, pair)) or (0, 0, -1)
        assert (found, start, end) == (pair, *PLAIN.place_of_cue(pair))
    assert [pairs.answer_of(pair) for pair in range(3)] == [0, 1, 2]
    assert Template(answers=(("a", "x"), ("b", "y"), ("c", "x"))).answer_of(2) == 0


@every("gap", [10, 50, 100])
@every("task", ["adding", "temporal_order"])
def test_the_best_linear_answer_learns_a_task_unless_its_answer_multiplies_inputs(task: str, gap: int) -> None:
    """By least squares on all that was read: of adding 2 / T of the variance is explained."""
    rule, batches = TASKS[task], []
    for seed, count in ((1, 20_000), (2, 4000)):
        batch = rule.draw(np.random.default_rng(seed), count, gap, True)
        read = batch.inputs.transpose(1, 0, 2).reshape(count, -1)
        batches.append((np.column_stack([read, np.ones(count)]), batch.targets))
    (known, answers), (new, targets) = batches
    asked = answers if rule.tolerance else np.eye(rule.outputs)[answers]
    found = new @ np.linalg.lstsq(known, asked, rcond=None)[0]
    if rule.multiplies:
        explained = 1.0 - np.mean((found - targets) ** 2) / np.var(targets)
        assert explained == pytest.approx(2.0 / gap, abs=0.03)
    else:
        assert (found.argmax(axis=1) == targets).mean() > 0.99
