"""The words of a reader's language: those of every setting, in every language that there is."""

import pytest

from rnn_dynamics.content import languages, sentences
from rnn_dynamics.dashboard.settings_words import Names, in_link
from rnn_dynamics.experiment import KNOBS, Choice
from rnn_dynamics.learning.training import TRAINING_KNOBS
from tests.handed_out import frame_of
from tests.test_pages import PAGES

every_language = pytest.mark.parametrize("language", languages())


@every_language
def test_every_setting_has_a_label_and_a_tooltip_and_each_of_its_values_words(language: str) -> None:
    words = sentences("knobs", language)
    for name, knob in {**KNOBS, **TRAINING_KNOBS}.items():
        assert words[name]["label"]
        assert words[name]["help"].endswith(".")
        if isinstance(knob, Choice):
            said = words[name].get("words") or words[name]["shown"]
            assert list(said) == [option.replace("_", " ") if name == "task" else option for option in knob.options]


@pytest.mark.parametrize("page", PAGES)
def test_every_value_is_shown_as_a_word_of_the_language_and_in_english_as_a_link_spells_it(page: str) -> None:
    frame = frame_of(page)
    for name, offered in frame._offered.items():
        knob, words = KNOBS.get(name), frame.names.of(name)
        values = knob.options if isinstance(knob, Choice) else offered if name in frame.views else ()
        assert words["label"]
        for value in values if not isinstance(values, int) and values else ():
            assert Names(page, "en").shown(name, value) == in_link(name, value)
            word = value.rpartition(" ")[0] or value
            assert not word.isalpha() or {value, word} & set(words["shown"]), (name, value)
