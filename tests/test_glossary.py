"""The glossary: its numbers are those by which the pages judge, and pages mark its terms where they mention them."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment, phase_grid, run
from rnn_dynamics.content import languages, link_to, mentions, sentences
from rnn_dynamics.course import glossary as course
from rnn_dynamics.course.glossary import as_html, glossary, marked_claims, marked_html, marked_markdown, mentioned
from rnn_dynamics.engine.phase_crossing import row_crossing
from rnn_dynamics.engine.verdict import ENDS_CHANGE, HOLDS_WITHIN, HORIZON_SHARE, judge, log10_factor_per_step
from rnn_dynamics.experiment import WEIGHT_SCALES
from tests.every import every
from tests.test_pages import ALL, PAGES
from tests.unmarked import unmarked

ENGLISH = glossary("en")
SAYS = {key: term.says for key, term in ENGLISH.items()}
every_language = every("language", languages())
#: Words of the field that no explanation may take for known: each must be a form of some term.
JARGON = {
    "en": r"\b(adjoint|attractor|autograd|batch|candidate|cell state|chaotic|chrono|embedding|forget gate|gates?|norm"
    r"|lags?|gradients?|hidden state|horizon|initialisation|Jacobians?|eigenvalue|singular values?|Lyapunov|mean field"
    r"|carousel|orthogonal|read-out|ReLU|saturat\w+|seeds?|spectral|truncat\w+|vanishes|explodes|holds|uneven|χ|ρ"
    r"|σ_max|BPTT|logits?|softmax|epochs?|hysteresis|isometry|fan-in|detach\w*|perplexity|regulari[sz]\w+|nats?|Glorot"
    r"|IRNN|LSTM|GRU)\b",
    "zh": r"(伴随|吸引子|自动微分|候选状态|细胞状态|混沌|chrono|嵌入|遗忘门|梯度|隐藏状态"
    r"|视界|初始化|雅可比|滞后|特征值|奇异值|李雅普诺夫|平均场|范数|正交|读出|ReLU|饱和|种子"
    r"|谱半径|截断|消失|爆炸|保持|不均匀|χ|ρ|σ_max|BPTT|传送带|奈特|门控|LSTM|GRU)",
}


def texts(words: Any) -> Iterator[str]:
    if isinstance(words, dict | list):
        for part in words.values() if isinstance(words, dict) else words:
            yield from texts(part)
    elif isinstance(words, str):
        yield words


# --- terms ------------------------------------------------------------------------------------------------------------


@every_language
def test_every_term_is_explained_in_a_few_sentences_has_forms_of_its_own_and_a_page_that_exists(language: str) -> None:
    terms, forms = glossary(language), [form for term in glossary(language).values() for form in term.forms]
    assert len(forms) == len(set(forms))
    for key, term in terms.items():
        assert 5 < len(term.says) < 600, key
        assert term.says.endswith((".", "。")), key
        assert term.page in PAGES, key
        assert not re.search(r"[*`<\[]", term.says), f"{key} is no plain text"


@every_language
def test_every_term_is_said_on_the_page_where_it_is_seen(language: str) -> None:
    for key, term in glossary(language).items():
        files = (term.page, "own") if term.page == "own_network" else (term.page,)
        said = " ".join(text for file in files for text in texts(sentences(file, language)))
        assert any(form in said for form in term.forms), f"{term.page} does not say {key}"


@every_language
def test_a_term_has_the_same_page_and_the_same_figures_in_every_language(language: str) -> None:
    for key, term in glossary(language).items():
        assert term.page == ENGLISH[key].page, key
        assert sorted(set(_figures(term.says))) == sorted(set(_figures(SAYS[key]))), key


def _figures(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", text)


@every_language
def test_no_explanation_takes_a_word_of_the_field_for_known_that_is_explained_nowhere(language: str) -> None:
    explained = {form for term in glossary(language).values() for form in term.forms}
    for key, term in glossary(language).items():
        used = set(re.findall(JARGON[language], term.says))
        assert {word for word in used if not any(word in form for form in explained)} == set(), key


def test_an_entry_that_lacks_a_field_or_has_an_unknown_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"term": "Lag", "says": "So many steps.", "page": "losses", "forms": "lag"}
    for slip, said in (({"symbl": "T"}, "symbl"), ({"says": None}, "says")):
        wrong = {name: value for name, value in (entry | slip).items() if value is not None}
        monkeypatch.setattr(course, "sentences", lambda *_, wrong=wrong: {"lag": wrong})
        with pytest.raises(ValueError, match=rf"content/en/glossary\.toml: lag: .*{said}"):
            glossary.__wrapped__("en")


# --- marks ------------------------------------------------------------------------------------------------------------


def test_the_first_mention_is_marked_and_the_longest_form_wins() -> None:
    assert marked_markdown("The forget gate is a gate. A gate too.", "en") == (
        "The [forget gate](#term-forget_gate) is a [gate](#term-gate). A gate too."
    )
    assert marked_markdown("梯度经过遗忘门和门f，LSTM的梯度消失。", "zh") == (
        "[梯度](#term-gradient)经过[遗忘门](#term-forget_gate)和[门](#term-gate)f，"
        "[LSTM](#term-lstm)的梯度[消失](#term-outcome)。"
    )
    assert mentioned(marked_html("∏ρ² is ρ, W<sub>hh</sub>ρ", "en")) == ["rho", "weights"]


def test_parts_of_words_headings_code_links_and_mentions_of_pages_stay_as_they_are() -> None:
    for text in (
        "## The norm",
        "`norm`",
        "```\nnorm\n```",
        "[the norm](losses)",
        "normal",
        "enorm",
        "*the norm* and\n**a norm\nof it**",
        "[Learning long lags](learning?lang=zh)",
    ):
        assert marked_markdown(text, "en") == text
    for text in (
        "<h2>norm</h2>",
        "<code>norm</code>",
        '<a href="x">norm</a>',
        '<td class="norm">',
        "<pre>a\nnorm</pre>",
    ):
        assert marked_html(text, "en") == text


#: What is emphasised, with the letter before it, if one stands there, what is in it, and the letter behind it.
EMPHASISED = re.compile(r"(\w?)\*+(?=[^\s*])((?:[^*\n]|\n(?!\n))+)(?<=[^\s*])\*+(\w?)")


@every_language
def test_what_is_emphasised_between_letters_begins_and_ends_with_one(language: str) -> None:
    """Else Markdown shows the stars; Chinese writes no spaces around a word, and a marked one ends with a bracket."""
    for page in ALL:
        prose = marked_markdown(sentences(page, language)["prose"], language)
        for before, inner, behind in EMPHASISED.findall(prose):
            assert not before or inner[0].isalnum(), (page, inner)
            assert not behind or inner[-1].isalnum(), (page, inner)


@every_language
def test_marks_add_nothing_to_what_a_page_says_and_name_terms_that_there_are(language: str) -> None:
    for page in PAGES:
        prose = sentences(page, language)["prose"]
        marked = marked_markdown(prose, language)
        assert re.sub(r"\[([^\]]*)\]\(#term-\w+\)", r"\1", marked) == prose
        keys = mentioned(marked)
        assert len(keys) == len(set(keys)) >= 3, page
        assert set(keys) <= set(glossary(language))


@every_language
def test_claims_are_marked_as_templates_and_say_the_same_whatever_they_are_filled_with(language: str) -> None:
    marked_on = []
    for page in PAGES:
        words, marked = sentences(page, language), marked_claims(sentences(page, language))
        assert {name: part for name, part in marked.items() if name != "claim"} == {
            name: part for name, part in words.items() if name != "claim"
        }
        assert marked is marked_claims(words)  # once for all numbers
        for name, text in marked["claim"].items():
            assert unmarked(text) == words["claim"][name]
            assert not re.search(r"\{[^}]*#term", text), "within braces"
            assert text.place == words["claim"][name].place
            keys = mentioned(text)
            assert len(keys) == len(set(keys))
            assert set(keys) <= set(glossary(language))
            marked_on += [page] * bool(keys)
    assert set(marked_on) >= set(PAGES) - {"blank", "by_hand"}


@every_language
def test_the_list_has_every_term_below_the_link_to_its_page(language: str) -> None:
    terms, shown = glossary(language), as_html(language)
    links = {page: mentions.as_html(link_to(page, language)) for page in {term.page for term in terms.values()}}
    listed = re.findall(r'(<a href=.*?</a>)<dl>|data-term="(\w+)"', shown)
    above, found = "", {}
    for link, key in listed:
        above = link or above
        if key:
            found[key] = above
    assert found == {key: links[term.page] for key, term in terms.items()}
    assert len(listed) == len(terms) + len(links)  # nothing stands there twice
    assert all(term.says in unescape(shown) for term in terms.values())


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_borders_are_those_of_the_verdict() -> None:
    meaning = SAYS["outcome"]
    below, above = (float(re.search(rf"{word} \w+ ×([\d.]+)", meaning)[1]) for word in ("vanishes", "explodes"))  # type: ignore[index]
    assert (below, above) == (round(10**-HOLDS_WITHIN, 3), round(10**HOLDS_WITHIN, 3))
    for factor, outcome in ((below - 0.001, "vanishes"), (1.0, "holds"), (above + 0.001, "explodes")):
        assert judge(np.log10(factor) * np.arange(9.0, -1.0, -1.0)).outcome == outcome
    assert f"100 steps at ×{below} leave {100 * below**100:.0f} %" in meaning
    assert f"100 steps at ×{above} make it {round(above**100, -1):.0f} times" in meaning


def test_a_gradient_is_uneven_where_the_whole_way_contradicts_the_factor_in_the_middle() -> None:
    meaning, middle = SAYS["uneven"], np.linspace(1.0, -1.0, 101)
    assert f"over {10**ENDS_CHANGE:g} times more than ×{10**-HOLDS_WITHIN:.3f} or ×{10**HOLDS_WITHIN:.3f}" in meaning
    for slope, first, outcome in (
        (-0.1, -1.0, "vanishes"),
        (-0.1, 1.0, "uneven"),
        (0.1, 1.0, "explodes"),
        (0.1, -1.0, "uneven"),
        (0.0, 3.9, "holds"),
        (0.0, 4.1, "uneven"),
        (0.0, -3.9, "holds"),
        (0.0, -4.1, "uneven"),
    ):
        curve = 50 * slope * middle
        curve[0] = curve[-1] + first
        assert judge(curve).log10_factor == pytest.approx(slope)
        assert judge(curve).outcome == outcome


def test_the_factor_is_taken_between_the_lags_that_are_named() -> None:
    assert "between the lags T/5 and 9T/10" in SAYS["factor"]
    lags = np.arange(99.0, -1.0, -1.0)
    within = np.where((lags >= 20) & (lags <= 90), lags, np.nan)  # nan wherever it must not look
    assert log10_factor_per_step(-0.1 * within) == pytest.approx(-0.1)


def test_the_horizon_is_of_the_share_that_is_named() -> None:
    assert f"below {100 * HORIZON_SHARE:g} % of the norm at step T" in SAYS["horizon"]


def test_the_norm_runs_over_features_and_sequences_and_the_loss_is_half_a_mean_square() -> None:
    torch = pytest.importorskip("torch")
    trace = run(Experiment(cell="rnn", sequence_length=7, batch_size=3, hidden_size=4, input_size=5))
    cell = torch.nn.RNN(5, 4, dtype=torch.float64)
    cell.load_state_dict({name: torch.tensor(values) for name, values in trace.parameters.items()})
    inputs = torch.tensor(trace.inputs, requires_grad=True)
    error = cell(inputs)[0][-1] @ torch.tensor(trace.readout).T - torch.tensor(trace.targets)
    loss = error.square().mean() / 2
    (gradient,) = torch.autograd.grad(loss, inputs)
    assert trace.loss == pytest.approx(loss.item())
    np.testing.assert_allclose(trace.log10_norms["input"], gradient.square().sum(dim=(1, 2)).sqrt().log10())


def test_a_forget_gate_is_open_as_far_as_the_glossary_says() -> None:
    assert "half at 0, more than nine tenths at 3" in SAYS["forget_bias"]
    for bias, low, high in ((0.0, 0.45, 0.55), (3.0, 0.9, 1.0)):
        gate = run(Experiment(cell="lstm", forget_bias=bias)).gates["f"]
        assert low < gate.mean() < high


def test_float16_rounds_to_zero_what_the_glossary_says() -> None:
    assert "smaller than about 3·10⁻⁸" in SAYS["float16"]
    assert np.float16(2.9e-8) == 0.0
    assert np.float16(3.1e-8) > 0.0


def test_the_other_formats_round_to_zero_what_the_glossary_says() -> None:
    torch = pytest.importorskip("torch")
    assert "smaller than about 5·10⁻⁴¹" in SAYS["bfloat16"]
    assert "smaller than about 7·10⁻⁴⁶" in SAYS["float32"]
    for kind, lost, kept in ((torch.bfloat16, 4.5e-41, 5e-41), (torch.float32, 6.9e-46, 7.1e-46)):
        rounded = torch.tensor([lost, kept], dtype=torch.float64).to(kind)
        assert (rounded != 0.0).tolist() == [False, True]


def test_mean_field_is_off_by_as_much_as_the_glossary_says() -> None:
    said = SAYS["mean_field"]
    assert "11 to 15 % above its prediction at input scales from 0.5 to 2, and almost half above it at 0.1" in said
    assert "of 128 units they differ by at most 4 %" in said

    def excess(units: int) -> list[float]:
        asked = Experiment(cell="rnn", hidden_size=units, sequence_length=100, batch_size=2)
        points = map(row_crossing, phase_grid(asked, WEIGHT_SCALES[1:], [0.1, 0.5, 0.7, 1.0, 2.0], range(8)))
        return [point.measured / point.predicted - 1 for point in points]  # type: ignore[operator]

    weak, *strong = excess(32)
    assert 0.4 < weak < 0.5
    assert all(0.105 <= off < 0.155 for off in strong)
    assert all(abs(off) < 0.045 for off in excess(128))
