"""What may be asked: every limit is kept, and every refusal names field, value and limit."""

import math
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_dynamics import CELLS, Experiment
from rnn_dynamics.engine.initialise import SCHEMES
from rnn_dynamics.experiment import KNOBS, LARGEST_STATE_HISTORY, WEIGHT_SCALES, Choice, Flag, Number, Text, settings
from tests.every import every

NUMBERS = {name: knob for name, knob in KNOBS.items() if isinstance(knob, Number)}
CHOICES = {name: knob for name, knob in KNOBS.items() if isinstance(knob, Choice)}
FLAGS = {name: knob for name, knob in KNOBS.items() if isinstance(knob, Flag)}
TEXTS = {name: knob for name, knob in KNOBS.items() if isinstance(knob, Text)}
LONGEST_MESSAGE = 200

numbers = every("name", NUMBERS)
whole_numbers = every("name", [name for name, knob in NUMBERS.items() if knob.whole])
choices = every("name", CHOICES)


def refusal(**values: Any) -> str:
    """The message with which a question is refused."""
    with pytest.raises(ValueError, match=r".") as caught:
        Experiment(**values)
    message = str(caught.value)
    assert len(message) <= LONGEST_MESSAGE
    return message


def limits(knob: Number) -> str:
    """Both limits with all their digits; no fraction of ours has more than a few."""
    return f"from {int(knob.minimum)} to {int(knob.maximum)}"


def test_every_field_has_a_knob() -> None:
    assert [item.name for item in fields(Experiment)] == list(KNOBS)
    assert set(KNOBS) == set(NUMBERS) | set(CHOICES) | set(TEXTS) | set(FLAGS)


@every("value", [1, 0, "true", None, np.int64(1), math.nan])
def test_a_flag_is_true_or_false_and_nothing_like_it(value: object) -> None:
    assert refusal(bidirectional=value) == f"bidirectional = {value!r} is not True or False"


@every("more", [{"num_layers": 2}, {"bidirectional": True}])
def test_a_jordan_network_has_one_layer_and_one_direction(more: dict[str, Any]) -> None:
    message = refusal(cell="jordan", **more)
    assert message.endswith("a Jordan network has one layer and one direction")
    assert all(f"{name} = {value}" in message for name, value in more.items())


def test_layers_and_directions_count_towards_the_size_that_is_refused() -> None:
    fits: dict[str, Any] = {"sequence_length": 10_000, "batch_size": 8, "hidden_size": 64}
    assert Experiment(**fits).levels == 1
    assert "num_layers × directions = 10,240,000" in refusal(**fits, bidirectional=True)
    assert Experiment(num_layers=3, bidirectional=True).levels == 6


NO_NUMBERS = [math.nan, math.inf, -math.inf, "1", "", b"1", True, False, np.True_, None, [1], (), 1j]


@every("value", [*NO_NUMBERS, *(pytest.param("9" * n, id=f"{n} nines") for n in (400, 5000))])
@numbers
def test_what_is_not_a_number_within_its_limits_is_refused_by_name(name: str, value: object) -> None:
    message = refusal(**{name: value})
    assert message.startswith(f"{name} = {repr(value)[:50]}")
    assert limits(NUMBERS[name]) in message


@every("digits", [400, 5000])  # beyond float's range, and beyond what Python prints
@numbers
def test_a_huge_whole_number_is_refused_by_name(name: str, digits: int) -> None:
    for value in (10**digits, -(10**digits)):
        message = refusal(**{name: value})
        assert message.startswith(f"{name} = ")
        assert limits(NUMBERS[name]) in message


@numbers
def test_a_number_just_outside_its_limits_is_refused_and_the_limit_itself_is_not(name: str) -> None:
    knob = NUMBERS[name]
    small: dict[str, Any] = {"sequence_length": 1, "hidden_size": 1, "batch_size": 1, "input_size": 1}
    step = 1 if knob.whole else 1e-9
    for limit, outside in ((knob.minimum, knob.minimum - step), (knob.maximum, knob.maximum + step)):
        assert getattr(Experiment(**(small | {name: limit if not knob.whole else int(limit)})), name) == limit
        message = refusal(**(small | {name: outside if not knob.whole else int(outside)}))
        assert message.startswith(f"{name} = ")
        assert limits(knob) in message


@every("value", [1.5, 2.0, np.float64(3.0)])
@whole_numbers
def test_a_fraction_is_no_whole_number(name: str, value: float) -> None:
    assert "a whole number" in refusal(**{name: value})


@numbers
def test_a_number_of_numpy_becomes_one_of_python(name: str) -> None:
    given_value: Any = np.int64(1) if NUMBERS[name].whole else np.float32(0.5)
    value = getattr(Experiment(**{name: given_value}), name)
    assert type(value) is (int if NUMBERS[name].whole else float)
    assert value == given_value


@every("value", ["", "LSTM", "rnn ", "x" * 5000, None, 3, True, math.nan, ["lstm"]])
@choices
def test_an_unknown_choice_is_refused_with_all_valid_ones(name: str, value: object) -> None:
    message = refusal(**{name: value})
    assert message.startswith(f"{name} = {repr(value)[:50]}")
    assert all(option in message for option in CHOICES[name].options)


def test_a_text_beyond_its_limit_is_refused_with_its_length_and_the_limit() -> None:
    assert set(TEXTS) == {"text"}
    longest = TEXTS["text"].longest
    message = refusal(text="ab" * longest)
    assert message.startswith("text = 'abab")
    assert str(2 * longest) in message
    assert str(longest) in message


@every("value", [None, 3, b"abc", ["a"]])
def test_what_is_not_a_text_is_refused(value: object) -> None:
    assert refusal(text=value).startswith(f"text = {value!r} is not a text")


def test_a_text_of_more_characters_than_inputs_is_refused() -> None:
    letters = int(NUMBERS["input_size"].maximum) + 1
    message = refusal(text="".join(chr(0x4E00 + k) for k in range(letters)), batch_size=1, hidden_size=1)
    assert message.startswith(f"input_size = {letters} ")


def test_a_long_value_is_shortened_in_the_message() -> None:
    message = refusal(cell="l" * 100_000)
    assert "..." in message
    assert len(message) < 90 + len(", ".join(CELLS))


def test_a_question_too_large_to_answer_is_refused_with_its_size_and_the_limit() -> None:
    message = refusal(sequence_length=10_000, hidden_size=512, batch_size=256)
    assert f"{10_000 * 512 * 256:,}" in message
    assert f"{LARGEST_STATE_HISTORY:,}" in message
    assert "sequence_length × batch_size × hidden_size" in message


def test_the_largest_question_is_allowed() -> None:
    assert LARGEST_STATE_HISTORY == 10_000 * 10 * 100
    Experiment(sequence_length=10_000, hidden_size=100, batch_size=10)
    refusal(sequence_length=10_000, hidden_size=100, batch_size=11)


@every(("name", "value"), [(name, value) for name in NUMBERS for value in NUMBERS[name].offered])
def test_every_offered_number_is_valid(name: str, value: float) -> None:
    assert getattr(Experiment(**{name: value}), name) == value  # type: ignore[arg-type]


@every(("name", "value"), [(name, value) for name in CHOICES for value in CHOICES[name].options])
def test_every_offered_choice_is_valid(name: str, value: str) -> None:
    assert getattr(Experiment(**{name: value}), name) == value  # type: ignore[arg-type]


@numbers
def test_offered_values_rise_and_hold_the_default(name: str) -> None:
    offered = NUMBERS[name].offered
    assert list(offered) == sorted(set(offered))
    assert getattr(Experiment(), name) in offered


def test_the_dearest_offered_question_is_allowed() -> None:
    dearest = {
        name: NUMBERS[name].offered[-1] for name in ("sequence_length", "hidden_size", "input_size", "batch_size")
    }
    Experiment(**dearest)  # type: ignore[arg-type]
    Experiment(text="a" * TEXTS["text"].offered_length, **(dearest | {"sequence_length": 1}))  # type: ignore[arg-type]


def test_the_choices_are_what_the_registries_hold() -> None:
    assert tuple(CHOICES["cell"].options) == tuple(CELLS)
    assert tuple(CHOICES["initialisation"].options) == tuple(SCHEMES)
    assert NUMBERS["weight_scale"].offered == WEIGHT_SCALES


def test_an_experiment_is_frozen_hashable_and_compared_by_value() -> None:
    first, second = Experiment(cell="gru", weight_scale=1), Experiment(cell="gru", weight_scale=np.float64(1.0))
    assert first == second
    assert len({first, second, replace(first, cell="rnn")}) == 2
    with pytest.raises(FrozenInstanceError):
        first.seed = 3  # type: ignore[misc]


def test_fields_are_given_by_keyword_only() -> None:
    with pytest.raises(TypeError, match="positional"):
        Experiment("lstm")  # type: ignore[call-arg]


def test_the_settings_rebuild_the_experiment() -> None:
    question = Experiment(cell="gru", weight_scale=1.25, text="to and fro", seed=9)
    assert Experiment(**settings(question)) == question
    assert list(settings(question)) == list(KNOBS)


@given(st.text(min_size=1, max_size=80))
def test_a_text_sets_the_number_of_steps_and_of_features(text: str) -> None:
    question = Experiment(text=text, sequence_length=3, input_size=200)
    assert question.sequence_length == len(text)
    assert question.input_size == len(set(text))
    assert replace(question, cell="rnn").sequence_length == len(text)


def test_without_a_text_steps_and_features_are_those_asked_for() -> None:
    question = Experiment(text="", sequence_length=3, input_size=7)
    assert (question.sequence_length, question.input_size) == (3, 7)
