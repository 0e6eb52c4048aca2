"""The claim above each picture: one sentence, true of the settings shown, with numbers of the answer."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment, run
from rnn_dynamics.content import HOME, languages, sentences
from rnn_dynamics.content.numbers import power_of_ten, share, short, times
from rnn_dynamics.engine.run import run_norms
from rnn_dynamics.engine.verdict import judge
from rnn_dynamics.learning.jobs import Job
from tests.every import every
from tests.handed_out import frame_of
from tests.test_pages import PAGES
from tests.test_strange_settings import faults

HEADING = re.compile(r'<h2 class="claim" id="claim">(.*?)</h2>')


def answer_of(page: str, away: dict[str, Any]) -> tuple[Any, Any]:
    """The answer of a page at some settings, with the views."""
    frame = frame_of(page)
    experiment, views = frame.asked(away)
    trainings = getattr(frame, "trainings", None)
    if trainings is None:
        return frame.picture.answer(experiment, views), views
    return frame.learned(Job(trainings(experiment, views)), experiment, views), views  # type: ignore[attr-defined]


@every("page", PAGES)
def test_a_picture_claims_something_at_each_preset_in_each_language(page: str) -> None:
    frame = frame_of(page)
    for key, away in frame.presets.items():
        answer, views = answer_of(page, dict(away))
        for language in languages():
            (claim,) = HEADING.findall(frame.picture.claim(sentences(page, language), answer, views))
            assert faults(claim) == [], (key, claim)
            assert not re.search(r"[{}]|nan|–(?!\d)|\binf\b", claim), (key, claim)
            assert len(re.sub(r"<.*?>", "", claim)) < 180, (key, claim)


def claim_at(page: str, preset: str) -> str:
    """What is claimed in English, as plain text."""
    frame = frame_of(page)
    answer, views = answer_of(page, dict(frame.presets[preset]))
    return re.sub(r"<.*?>", "", frame.picture.claim(sentences(page), answer, views)).replace("&nbsp;", " ")


def numbers(claim: str) -> list[str]:
    return re.findall(r"×?\d(?:[\d,]*\d)?(?:\.\d+)?[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*", claim)


def left(experiment: Experiment, component: str = "input") -> float:
    """log10 of what is left at step 1, by the engine's plain road."""
    norms = run(experiment).log10_norms[component]
    return float(norms[0] - norms[-1])


def test_home_claims_what_is_left_of_the_networks_that_it_names() -> None:
    all_three = ("rnn", "lstm", "gru")
    for preset, form, cells in (
        ("remembers", power_of_ten, ("lstm", "rnn")),
        ("vanishes", power_of_ten, all_three),
        ("explodes", share, ("lstm", "gru")),
        ("edge", share, all_three),
        ("too", power_of_ten, ("lstm",)),
    ):
        asked = frame_of(HOME).asked(frame_of(HOME).presets[preset])[0]
        lefts = [form(left(replace(asked, cell=cell))) for cell in cells]
        assert numbers(claim_at(HOME, preset)) == ["99", *lefts]


def test_a_product_of_jacobians_is_claimed_as_multiplied_out() -> None:
    for preset in ("bound", "chaos"):
        asked = frame_of("jacobians").asked(frame_of("jacobians").presets[preset])[0]
        drawn = run(asked)
        weights, product = drawn.parameters["weight_hh_l0"], np.eye(asked.hidden_size)
        for state in drawn.hidden_states[2:, 0]:
            product = (1.0 - state**2)[:, None] * weights @ product
        found = numbers(claim_at("jacobians", preset))
        assert power_of_ten(np.log10(np.linalg.norm(product, 2))) in found
        if preset == "bound":
            assert f"{np.abs(np.linalg.eigvals(weights)).max():.2f}" in found


def test_the_share_of_the_additive_path_is_what_a_cut_network_keeps() -> None:
    for preset in ("carousel", "chrono"):
        asked = frame_of("additive_path").asked(frame_of("additive_path").presets[preset])[0]
        whole, path = left(asked, "cell"), left(replace(asked, hidden_path="cut"), "cell")
        claim = claim_at("additive_path", preset)
        assert claim.endswith("arrives, most of it through gates.") == (path - whole < -1.0)
        assert numbers(claim) == [share(path), "99", share(whole)]
        assert f"multiplies by gate f. Alone it makes a gradient {share(path)} in" in claim


def test_the_gradients_of_a_shared_matrix_are_claimed_as_its_arrows_have_them() -> None:
    answer, _ = answer_of("shapes", dict(frame_of("shapes").presets["sentiment"]))
    sizes = [edge.log10_norm for edge in answer.trace.edges if edge.source[0] == "h" and edge.target[0] in "h0"]
    assert numbers(claim_at("shapes", "sentiment")) == ["6", short(min(sizes)), short(max(sizes))]


def test_what_a_sum_of_losses_hides_is_what_the_last_one_alone_loses() -> None:
    for preset in ("hidden", "carousel", "exploding"):
        answer, _ = answer_of("losses", dict(frame_of("losses").presets[preset]))
        last = replace(answer.experiment, loss_at="last")
        said = [number.removeprefix("×") for number in numbers(claim_at("losses", preset))]
        assert power_of_ten(left(last, "hidden")) in said


def test_what_is_cut_off_is_said_to_have_no_gradient_however_small_the_error() -> None:
    frame = frame_of("losses")
    answer, views = answer_of("losses", {"below": "truncation", "truncation": "20"})
    claim = frame.picture.claim(sentences("losses"), answer, views)
    assert "an error stops after 20 steps" in claim
    log10_error = answer.trace.log10_errors["every"][answer.trace.truncations.tolist().index(20)]
    assert log10_error < -4.0
    assert f"({power_of_ten(log10_error)})" in claim
    whole, views = answer_of("losses", {"below": "truncation", "truncation": "200"})
    assert "an error stops" not in frame.picture.claim(sentences("losses"), whole, views)


def test_depth_claims_of_a_second_direction_where_it_has_a_gradient() -> None:
    asked = frame_of("depth").asked(frame_of("depth").presets["last"])[0]
    *before, last = run(asked).layers[-1].log10_norms["hidden"]
    assert not np.isfinite(before).any()
    assert np.isfinite(last)
    assert numbers(claim_at("depth", "last")) == ["100", "2", "100", "2"]


def test_depth_helps_by_the_factors_of_the_two_networks() -> None:
    both_ways = {"num_layers": 3, "bidirectional": True}  # without the layers, where directions are seen
    for away in (*(frame_of("depth").presets[preset] for preset in ("two", "deep", "rnn")), both_ways):
        answer, views = answer_of("depth", dict(away))
        one_layer = replace(answer.experiment, num_layers=1, bidirectional=False)
        deep, single = (
            judge(run_norms(one).log10_norms["input"]).log10_factor for one in (answer.experiment, one_layer)
        )
        assert deep > single
        claim = frame_of("depth").picture.claim(sentences("depth"), answer, views)
        assert [times(deep), times(single)] == [n for n in numbers(re.sub(r"<.*?>", "", claim)) if "×" in n]


def test_the_numbers_of_the_other_claims_stand_in_what_the_page_says_besides() -> None:
    """Where the tests of these pages hold them to the library."""
    for page, preset in (("cliff", "flies"), ("cliff", "small"), ("own_network", "trained"), ("own_network", "rnn")):
        frame, (answer, views) = frame_of(page), answer_of(page, dict(frame_of(page).presets[preset]))
        besides = frame.picture.finding(sentences(page), answer, views)
        if page == "own_network":  # what is left stands in the picture, and the middle of 100 steps is known
            besides += frame.picture.texts(sentences(page), answer, views)["gradient"] + f" {100 // 5} {9 * 100 // 10}"
        claimed = numbers(claim_at(page, preset))
        assert [number for number in claimed if number not in besides and number not in ("1", "99")] == []


def test_by_hand_claims_as_many_weights_as_torch_has() -> None:
    torch = pytest.importorskip("torch")
    asked = frame_of("by_hand").asked({})[0]
    layer = torch.nn.RNN(asked.input_size, asked.hidden_size)
    assert numbers(claim_at("by_hand", "rnn")) == [str(sum(one.numel() for one in layer.parameters()))]


def test_a_finding_that_has_risen_to_the_claim_is_not_said_twice() -> None:
    for page in PAGES:
        frame = frame_of(page)
        for away in frame.presets.values():
            answer, views = answer_of(page, dict(away))
            claim = re.sub(r"<.*?>", "", frame.picture.claim(sentences(page), answer, views))
            said = re.sub(r"<.*?>", "", frame.picture.finding(sentences(page), answer, views))
            assert claim not in said
            for rule in re.findall(r"“[^”]+” is false", claim):
                assert rule not in said, (page, away)
