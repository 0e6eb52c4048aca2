"""What "The cliff and clipping" claims, at a hundred starts, rates and thresholds, held against the three descents."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cliff import CLIPPING, START, STEPS_IN_TIME, Descent, Path, descend, edge, error_surface
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.learning.training import History, Moment, Training
from rnn_dynamics.pictures.cliff.answer import NEIGHBOURS, REGIONS, CliffAnswer, grid_values, start_of
from rnn_dynamics.pictures.clipping import ClippingAnswer, networks
from tests.claims import assert_readable, plain
from tests.every import every
from tests.reader import LONGEST_LINE
from tests.test_cliff_page import Asked, answer_to, finding_of, tables_of
from tests.test_clipping import finding_of as clipping_finding_of
from tests.test_clipping import tables_of as tables_of_the_network

RATES, THRESHOLDS, STEPS = ("0.001", "0.01", "0.1", "1"), ("0.01", "0.1", "0.3", "1", "10"), ("10", "20", "50")
#: Settings at which sentences have failed, and the presets.
KNOWN: list[Asked] = [
    ("8.35", "0.70", "0.3", "1", "100"),
    ("4.00", "-2.00", "0.1", "0.01", "50"),
    ("4.90", "-2.65", "0.1", "0.3", "50"),
    ("4.95", "-3.10", "0.1", "1", "50"),
    ("5.00", "-3.00", "0.3", "0.03", "50"),
    ("3.00", "-4.00", "0.3", "0.3", "50"),
    ("4.80", "-2.50", "0.01", "1", "100"),
    ("1.40", "-6.40", "1", "0.01", "100"),
    ("8.50", "0.70", "1", "10", "10"),
    ("4.05", "-2.05", "1", "0.3", "100"),
    ("1.40", "0.70", "1", "0.01", "100"),
]


def settings() -> list[tuple[Asked, int]]:
    draw = random.Random(1)

    def one() -> Asked:
        w, b = draw.choice(grid_values(0)), draw.choice(grid_values(1))
        if draw.random() < 0.6:  # beside the cliff, where things happen
            w = f"{draw.choice(range(82, 116)) * 0.05:.2f}"
            b = f"{round(float(edge(float(w))) / 0.05 + draw.choice((-3, -1, 0, 1, 3))) * 0.05:.2f}"
        return w, b, draw.choice(RATES), draw.choice(THRESHOLDS), draw.choice(STEPS)

    return [(asked, 0) for asked in KNOWN] + [(one(), draw.choice((0, 0, 5, 99))) for _ in range(90)]


every_setting = every(("asked", "seed"), settings())


@cache
def said_at(asked: Asked, seed: int) -> tuple[dict[str, str], str]:
    """The picture's titles by name, and the finding."""
    (whole,) = tables_of(asked, seed=seed)["whole"]
    return {name: whole[name] for name in ("map", "errors", "norms")}, plain(finding_of(asked, seed))


def leavers(of: CliffAnswer) -> set[str]:
    """The kinds of clipping whose path is at some step outside of the wide map."""
    (bottom, left), (top, right) = REGIONS["wide"].low, REGIONS["wide"].high
    outside = {
        kind: (path.points[:, 0] < bottom)
        | (path.points[:, 0] > top)
        | (path.points[:, 1] < left)
        | (path.points[:, 1] > right)
        for kind, path in of.paths.items()
    }
    return {kind for kind, out in outside.items() if out.any()}


def clipped_steps(of: CliffAnswer, kind: str) -> int:
    gradients, limit = of.paths[kind].gradients[:-1], of.start.threshold
    sizes = np.hypot(*gradients.T) + 1e-6 if kind == "norm" else np.abs(gradients).max(axis=1)
    return int((sizes > limit).sum())


def angles(of: CliffAnswer) -> NDArray[np.float64]:
    """By how many degrees value clipping turned each step."""
    gradients, limit = of.paths["value"].gradients[:-1], of.start.threshold
    cut = np.clip(gradients, -limit, limit)
    cross = cut[:, 0] * gradients[:, 1] - cut[:, 1] * gradients[:, 0]
    return np.asarray(np.abs(np.degrees(np.arctan2(cross, (cut * gradients).sum(axis=1)))))


def value_of(text: str) -> float:
    """What a shown number says."""
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    sign, text = (-1.0, text[1:]) if text.startswith("−") else (1.0, text)
    if match := re.fullmatch(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        return sign * 10.0 ** int(match[1].translate(raised))
    return sign * float(text.replace(",", ""))


def assert_shows(text: str, value: float) -> None:
    """A shown number is the value to its digits: two, or as a power of ten one order."""
    if text.startswith(("10⁻", "−10")) or re.match(r"10[⁰¹²³⁴⁵⁶⁷⁸⁹]", text):
        assert abs(np.log10(value_of(text)) - np.log10(value)) <= 0.51
    else:
        assert value_of(text) == pytest.approx(value, rel=0.051, abs=5.1e-4)


@every_setting
def test_what_is_said_holds_beside_the_paths(asked: Asked, seed: int) -> None:
    assert_titles_hold(asked, seed)
    assert_what_has_fallen_is_written(asked, seed)
    assert_sentences_hold(asked, seed)


def assert_titles_hold(asked: Asked, seed: int) -> None:
    answer, (titles, _) = answer_to(asked, seed), said_at(asked, seed)
    out, clips = leavers(answer), max(clipped_steps(answer, kind) for kind in ("norm", "value")) > 0
    said = titles["map"].replace("¦", " ").replace("|", " ")
    for title in titles.values():
        assert_readable(title)
        assert max(map(len, re.split(r"[|¦]", title))) <= LONGEST_LINE
    assert ("No gradient exceeds" in said) == (not clips)
    if "No path leaves" in said or "Value clipping turns" in said or "all three paths are one" in said:
        assert not out
    if "all three leave" in said:
        assert out == set(CLIPPING)
    if "jumps to" in said or "drifts off" in said:
        step = int(re.search(r"step (\d+)", said)[1])  # type: ignore[index]
        assert "none" in out
        before, after = answer.free.points[step - 1 : step + 1]
        assert ("jumps to" in said) == (np.linalg.norm(after - before) > 1.0)
    if clips and out:
        assert "none" in out  # of 15,000 starts over all rates and thresholds none has been found where it stays
        assert ("both clipped paths stay on the wide map" in said) == (out == {"none"})
        assert ("both clipped paths leave" in said) == ({"norm", "value"} <= out)
        for kind in ("norm", "value"):
            assert (f"{kind} clipping" in said) == (out - {"none"} == {kind})
    if match := re.search(r"turns (one|\d+) steps?, by (?:up to )?(\S+)°; norm clipping shortens (\d+)", said):
        turned = angles(answer)
        assert {"one": "1"}.get(match[1], match[1]) == str((turned > 1e-9).sum())
        assert float(match[2]) == pytest.approx(turned.max(), rel=0.051)
        assert int(match[3]) == clipped_steps(answer, "norm")
    assert_errors_hold(answer, titles["errors"])
    largest = answer.free.norms[:-1].max()
    assert ("not above" in titles["norms"]) == (not clips) == (largest <= answer.start.threshold)


def assert_what_has_fallen_is_written(asked: Asked, seed: int) -> None:
    rows = tables_of(asked, seed=seed)["kinds"]
    for row, path in zip(rows, answer_to(asked, seed).paths.values(), strict=True):
        norms = path.norms[:-1]
        assert (row["fell_at"] is not None) == (norms < 1e-4).any()
        if row["fell_at"] is not None:
            assert row["fell"] == "0 ↓" or value_of(row["fell"].removesuffix(" ↓")) <= 1e-4 * 3.2


def assert_errors_hold(answer: CliffAnswer, title: str) -> None:
    ends = re.fullmatch(r"E after \d+ steps: (\S+) without clipping,\|(\S+) by norm, (\S+) by value", title)
    assert ends is not None
    for text, kind in zip(ends.groups(), CLIPPING, strict=True):
        assert_shows(text, answer.paths[kind].errors[-1])


def assert_sentences_hold(asked: Asked, seed: int) -> None:
    answer, (_, finding) = answer_to(asked, seed), said_at(asked, seed)
    assert_readable(finding)
    out, free, steps = leavers(answer), answer.free, int(asked[4])
    rows = [line.split(" | ") for line in finding.split("\n") if line.count(" | ") == 6][-3:]
    for row, kind in zip(rows, CLIPPING, strict=True):
        assert row[4] == ("–" if kind == "none" else str(clipped_steps(answer, kind)))
        assert ("left at step" in row[5]) == (kind in out)
        assert int(row[6]) == answer.counts[kind]
    if ends := re.search(r"long, and the descent ends at E = (\S+); clipped by norm, at (\S+)\.", finding):
        for text, path in zip(ends.groups(), (free, answer.paths["norm"]), strict=True):
            assert_shows(text, path.errors[-1])
    by_norm = clipped_steps(answer, "norm")
    assert ("every step was clipped" in finding) == (by_norm == steps)
    assert ("Clipping biases the descent" in finding) == (0 < by_norm < steps)
    assert (f"left {steps - by_norm} of {steps} steps as they were" in finding) == (0 < by_norm < steps)
    assert ("left every step as it was" in finding) == (by_norm == 0)
    turned = angles(answer)
    assert ("turned no step" in finding) == (not (turned > 1e-9).any())
    assert turned.max() < 45.0
    assert ("is luck here" in finding) == (0 < answer.counts["none"] < len(NEIGHBOURS))
    if match := re.search(r"norm clipping ends at (\S+), above the (\S+) without it", finding):
        assert value_of(match[1]) > value_of(match[2])
        assert answer.paths["norm"].errors[-1] > free.errors[-1]
    if "Nothing brings it back" in finding:
        step = answer.leaving["none"]
        assert step is not None
        low, high = np.array(REGIONS["wide"].low), np.array(REGIONS["wide"].high)
        away = np.maximum(np.maximum(low - free.points[step], free.points[step] - high), 0.0).max()
        assert ((free.points[step:] < low) | (free.points[step:] > high)).any(axis=1).all()
        assert answer.start.learning_rate * free.norms[step] < away / 100
    if "avoids it” is false here" in finding:
        assert answer.start.learning_rate <= 0.01
        assert "none" in out
    assert ("there is no cliff" in finding) == (answer.start.w <= 4.0)


def test_the_walk_meets_every_title_and_every_note() -> None:
    texts = ["".join([*titles.values(), finding]) for titles, finding in (said_at(*one) for one in settings())]
    for said in (
        *("jumps to", "drifts off", "clipping does nothing", "and all three leave"),
        *(
            "No path leaves",
            "Value clipping turns",
            "both clipped paths leave",
            "every step was clipped",
            "is luck here",
        ),
        *(
            "turned one step",
            "turned no step",
            "avoids it” is false here",
            "does not promise a lower error",
            "Clipping biases the descent",
        ),
    ):
        assert any(said in text for text in texts), said


# The prose


def factors(w: float) -> list[float]:
    """w σ′(x_t) on the way that x takes half-way down the cliff, written out."""
    x, b, found = START, float(edge(w)), []
    for _ in range(STEPS_IN_TIME):
        output = 1.0 / (1.0 + np.exp(-x))
        found.append(w * output * (1.0 - output))
        x = w * output + b
    return found


def test_on_the_cliff_most_factors_are_above_one_unless_w_is_close_to_four() -> None:
    assert "most are above 1\nunless w is close to 4" in sentences("cliff")["prose"]
    for w in np.arange(4.1, 8.51, 0.1):
        assert sum(factor > 1.0 for factor in factors(float(w))) > STEPS_IN_TIME / 2
    assert sum(factor > 1.0 for factor in factors(4.01)) < STEPS_IN_TIME / 2


def sides(path: Path) -> NDArray[np.float64]:
    """+1 behind the cliff, −1 before it, at each point of a path."""
    return np.asarray(np.sign(path.points[:, 1] - edge(np.maximum(path.points[:, 0], 0.0))))


def test_the_path_at_the_edge_bounces_from_one_side_to_the_other_until_a_step_begins_on_the_wall() -> None:
    answer = answer_to(KNOWN[2])
    step = answer.leaving["none"]
    assert step is not None
    before = sides(answer.free)[:step]
    assert {-2.0, 2.0} <= set(np.diff(before))
    assert answer.free.norms[step - 1] > 100 * np.median(answer.free.norms[: step - 1])


def test_a_clipped_path_crosses_the_cliff_in_both_directions() -> None:
    for kind in ("norm", "value"):
        assert {-2.0, 2.0} <= set(np.diff(sides(answer_to(KNOWN[2]).paths[kind])))


@every_setting
def test_why_a_path_zigzags_is_said_where_it_crosses_the_cliff_there_and_back(asked: Asked, seed: int) -> None:
    answer, (whole,) = answer_to(asked, seed), tables_of(asked, seed=seed)["whole"]
    crossed = {}
    for kind, path in answer.paths.items():
        inside = path.points[: answer.leaving[kind]]
        there, side = inside[:, 0] > 4.0, sides(path)[: len(inside)]
        crossed[kind] = int(((side[1:] != side[:-1]) & there[1:] & there[:-1]).sum())
    there_and_back = max(crossed["norm"], crossed["value"]) > 1
    said = re.match(r"Zigzag: (\d+) steps by norm, (\d+) by value cross\|", whole["zigzag"])
    assert bool(whole["zigzag"]) == bool(said) == there_and_back
    if said:
        assert [int(said[1]), int(said[2])] == [crossed["norm"], crossed["value"]]


@every("region", REGIONS)
def test_downhill_leads_to_the_cliff_on_either_side_as_the_map_writes(region: str) -> None:
    assert "downhill from either side" in tables_of(KNOWN[2], region)["whole"][0]["zigzag"]
    part = REGIONS[region]
    w = np.linspace(max(part.low[0], 4.01), part.high[0], 50)
    for away in (0.1, 0.2, 0.3):
        before, behind = error_surface(w, edge(w) - away), error_surface(w, edge(w) + away)
        assert (before.gradient_b < 0.0).all()
        assert (behind.gradient_b > 0.0).all()


def test_a_clipped_path_may_end_on_the_high_side() -> None:
    starts = (start_of("4.90", "-2.65", seed) for seed in range(20))
    common = {"learning_rate": 0.1, "threshold": 0.3, "steps": 20}
    paths = descend([Descent(w=w, b=b, clipping=kind, **common) for w, b in starts for kind in ("norm", "value")])  # type: ignore[arg-type]
    assert any((sides(path) > 0).any() and sides(path)[-1] < 0 and path.errors[-1] > 0.25 for path in paths)


def test_norm_saves_it_with_a_single_clipped_step_in_fifty() -> None:
    answer = answer_to(KNOWN[3])
    assert leavers(answer) == {"none"}
    assert clipped_steps(answer, "norm") == 1


def test_where_value_turns_it_both_clipped_paths_take_the_largest_steps_in_different_directions() -> None:
    answer = answer_to(KNOWN[4])
    assert [clipped_steps(answer, kind) for kind in ("norm", "value")] == [50, 50]
    moves = {kind: np.diff(answer.paths[kind].points, axis=0) for kind in ("norm", "value")}
    np.testing.assert_allclose(np.hypot(*moves["norm"].T), 0.3 * 0.03, rtol=1e-3)
    np.testing.assert_allclose(np.abs(moves["value"]).max(axis=1), 0.3 * 0.03, rtol=1e-9)
    assert angles(answer).max() > 10.0


def test_clipped_by_value_a_gradient_still_points_downhill_by_more_than_half_a_right_angle() -> None:
    gradients = np.random.default_rng(0).standard_normal((100_000, 2)) * 10.0 ** np.random.default_rng(1).uniform(
        -3, 3, (100_000, 2)
    )
    cut = np.clip(gradients, -1.0, 1.0)
    cosines = (cut * gradients).sum(axis=1) / np.linalg.norm(cut, axis=1) / np.linalg.norm(gradients, axis=1)
    assert np.sqrt(0.5) - 1e-12 <= cosines.min() < 0.71


@every("region", REGIONS)
def test_the_map_writes_high_where_the_error_is_higher(region: str) -> None:
    high, low, _ = tables_of(KNOWN[2], region)["marks"]
    above, below = (float(error_surface(mark["w"], mark["b"]).error) for mark in (high, low))
    assert above > 2 * below
    assert (high["text"], low["text"]) == (f"high: E = {above:.2f}", f"low: E = {below:.2f}")


# The network


@dataclass
class _Job:
    """As much of a job as the picture looks at."""

    losses: Sequence[list[float]]
    norms: Sequence[list[float]]
    failures: tuple[str, str] = ("", "")
    threshold: str = "1"
    trainings: tuple[Training, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.trainings = networks(Experiment(), {"network_rate": "0.01", "clip_at": self.threshold})

    @property
    def histories(self) -> tuple[History, ...]:
        found = []
        for losses, norms, failure, kind in zip(self.losses, self.norms, self.failures, ("none", "norm"), strict=True):
            done = len(losses) - bool(failure)
            clipped = [kind == "norm" and norm > float(self.threshold) for norm in norms[:done]]
            look = Moment(iteration=done, loss=0.25, accuracy=0.0, log10_norms={}, gates={})
            found.append(History(losses=losses, gradient_norms=norms, clipped=clipped, moments=[look], failure=failure))
        return tuple(found)

    @property
    def networks(self) -> tuple[Trained, ...]:
        return tuple(map(Trained, self.trainings, self.histories))


FINE = [0.2, 0.19, 0.18]
NETWORKS = {
    "begins": _Job(([], []), ([], [])),
    "one update": _Job(([0.2], [0.2]), ([150.0], [150.0])),
    "dies": _Job(([0.2, 1e9], FINE), ([150.0, 1e12], [150.0, 3.0, 0.5]), ("Iteration 2", "")),
    "norm is inf": _Job(([0.2], [0.2]), ([np.inf], [np.inf]), ("Iteration 1", "Iteration 1")),
    "both die": _Job(([0.2, np.nan], [0.2, np.nan]), ([0.5, np.nan], [0.5, np.nan]), ("Iteration 2", "Iteration 2")),
    "clipped dies": _Job((FINE, [0.2, 1e9]), ([1.5, 1.0, 1.0], [1.5, 1e9]), ("", "Iteration 2")),
    "calm": _Job((FINE, FINE), ([0.5, 0.4, 0.3], [0.5, 0.4, 0.3])),
    "both": _Job((FINE, FINE), ([1.5, 0.4, 0.3], [1.5, 0.4, 0.3])),
}


@every("job", NETWORKS.values())
def test_what_is_said_of_the_network_holds_at_every_moment_of_its_training(job: _Job) -> None:
    answer = ClippingAnswer(networks=job.networks)
    finding, (free, clipped) = clipping_finding_of(answer), job.histories
    title = str(tables_of_the_network(answer)["whole"][0]["title"])
    for text in (title, plain(finding)):
        assert_readable(text)
    assert max(map(len, re.split(r"[|¦]", title))) <= LONGEST_LINE
    said = title.replace("¦", " ")
    assert said.startswith("Without clipping: solid") == (not clipped.losses)
    assert said.startswith("Both diverge") == bool(free.failure and clipped.failure)
    assert said.startswith("Both survive") == (any(clipped.clipped) and not free.failure and not clipped.failure)
    assert ("No gradient has exceeded" in said) == (
        bool(clipped.clipped) and not any(clipped.clipped) and not free.failure and not clipped.failure
    )
    for history, kind in ((free, "Without clipping. "), (clipped, "With norm clipping. ")):
        assert (kind in finding) == bool(history.failure)
    if match := re.search(r"With clipping (\d+) % of the updates were clipped", finding):
        assert int(match[1]) == round(100 * np.mean(clipped.clipped))
