"""The words of the page "The cliff and clipping", filled with numbers: the picture's texts, and the finding as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from rnn_dynamics.cliff import CLIPPING, edge, error_surface
from rnn_dynamics.dashboard.cliff import (
    FLIES_FROM,
    GRID,
    NEIGHBOURS,
    PAGE,
    REGIONS,
    CliffAnswer,
    cliff_answer,
)
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.tables.cliff import CliffPicture, Region, cliff_datasets, first_exit
from rnn_dynamics.tables.verdict import power_of_ten

#: A gradient norm from which no learning rate of this page gets anywhere.
_DEAD = 1e-6
#: How far from the cliff its height is told.
_BESIDE = 0.01
#: Degrees that are worth a title, and those that are worth a word.
_VISIBLE_TURN, _TURN = 10.0, 0.05
#: A learning rate that many would call safe.
_SMALL_RATE = 0.01


def shown(value: float) -> str:
    """A number as a reader meets it: three digits, whole from 1,000 on, a power of ten where that would be long."""
    if not np.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "no number"
    size = abs(value)
    if size and not 1e-3 <= size < 1e6:
        text = power_of_ten(float(np.log10(size)))
    else:
        text = f"{size:,.0f}" if size >= 1000 else f"{size:.3g}"
    return f"−{text}" if value < 0 else text


@lru_cache(maxsize=256)
def cliff_picture(*asked: str, seed: int, region: str) -> dict[str, bytes]:
    """The picture's datasets; `asked` is w, b, learning rate, threshold and steps."""
    answer = answer_to(*asked, seed=seed)
    words, says, shown_region = sentences(PAGE), numbers_of(answer), REGIONS[region]
    return cliff_datasets(
        CliffPicture(
            paths=[answer.paths[kind] for kind in CLIPPING],
            region=shown_region,
            names={kind: words["names"][kind].format(**says) for kind in CLIPPING},
            leaves={kind: _leaves(answer, kind, shown_region) for kind in CLIPPING},
            fell={kind: _fell(answer, kind) for kind in CLIPPING},
            titles={
                "map": words["titles"][_claim(answer)].format(**says),
                "errors": words["titles"]["errors"].format(**says),
                "norms": words["titles"]["norms_above" if answer.clips else "norms_below"].format(**says),
            },
            labels={
                "start": words["picture"]["start"],
                "threshold": words["picture"]["threshold"].format(**says),
            },
            marks=_marks(shown_region),
        )
    )


def answer_to(w: str, b: str, learning_rate: str, threshold: str, steps: str, *, seed: int) -> CliffAnswer:
    """The answer to what the controls say."""
    return cliff_answer(w, b, seed, learning_rate, threshold, steps)


@lru_cache
def _marks(region: Region) -> dict[str, tuple[float, float, str]]:
    """What is written on the surface: the error there, on either side of the cliff, and the cliff's name."""
    (w, b), (top, right) = region.low, region.high
    places = {
        name: (w + up * (top - w), b + across * (right - b))
        for name, (up, across) in {"plateau": (0.36, 0.16), "plain": (0.95, 0.64)}.items()
    }
    named = w + 0.8 * (top - w)
    places["cliff"] = (named, float(edge(named)))
    errors = {name: f"{float(error_surface(*place).error):.2f}" for name, place in places.items()}
    words = sentences(PAGE)["picture"]
    return {name: (*place, words[name].format(error=errors[name])) for name, place in places.items()}


def _leaves(answer: CliffAnswer, kind: str, region: Region) -> str:
    path = answer.paths[kind]
    step = first_exit(path, region)
    if step is None:
        return ""
    w, b = path.points[step].tolist()
    return str(sentences(PAGE)["picture"]["leaves"]).format(step=step, w=shown(w), b=shown(b))


def _fell(answer: CliffAnswer, kind: str) -> str:
    """How small the norm of the last step's gradient is."""
    return f"{power_of_ten(_log10(float(answer.paths[kind].norms[-2])))} ↓"


def _log10(value: float) -> float:
    return float(np.log10(value)) if value > 0.0 else -np.inf


def _claim(answer: CliffAnswer) -> str:
    """Which title of the map is true."""
    leavers = [kind for kind in CLIPPING if answer.leaving[kind] is not None]
    if not answer.clips:
        return "same_leave" if leavers else "same"
    if "none" not in leavers:
        if leavers:
            return "clipped_leave"
        return "turns" if np.nanmax(answer.paths["value"].turned) > _VISIBLE_TURN else "all_stay"
    way = "flies" if answer.flight() > FLIES_FROM else "walks"
    return f"{way}_all" if len(leavers) > 1 else f"{way}_alone"


def numbers_of(answer: CliffAnswer) -> dict[str, str | int]:
    """What the sentences are filled with."""
    free, start, words = answer.free, answer.start, sentences(PAGE)
    norms = free.norms[:-1]
    largest = int(np.argmax(np.where(np.isfinite(norms), norms, -1.0)))
    step = answer.leaving["none"]
    clipped_leavers = [kind for kind in CLIPPING[1:] if answer.leaving[kind] is not None]
    says: dict[str, str | int] = {
        "w": f"{start.w:.3f}",
        "b": f"{start.b:.3f}".replace("-", "−"),
        "rate": f"{start.learning_rate:g}",
        "threshold": f"{start.threshold:g}",
        "steps": start.steps,
        "largest": shown(float(norms[largest])),
        "largest_step": largest + 1,
        "times": shown(float(norms[largest]) / start.threshold),
        "who": words["who"]["both" if len(clipped_leavers) > 1 else (clipped_leavers or ["both"])[0]],
        "clipped": int(answer.paths["norm"].clipped.sum()),
        "neighbours": len(NEIGHBOURS),
        "last_seed": NEIGHBOURS[-1],
        "reach": f"{GRID / 2:g}",
        "turned": int((answer.paths["value"].turned > _TURN).sum()),
        "turn": f"{np.nanmax(answer.paths['value'].turned):.0f}",
    }
    for kind in CLIPPING:
        path = answer.paths[kind]
        says |= {
            f"end_{kind}": _error(float(path.errors[-1])),
            f"lowest_{kind}": _error(float(np.nanmin(path.errors))),
            f"norm_{kind}": shown(float(np.nanmax(path.norms[:-1]))),
            f"clipped_{kind}": int(path.clipped.sum()),
            f"count_{kind}": answer.counts[kind],
        }
    if step:
        (w, b), (new_w, new_b) = free.points[step - 1].tolist(), free.points[step].tolist()
        says |= {
            "step": step,
            "step_norm": shown(float(free.norms[step - 1])),
            "length": shown(answer.flight()),
            "from_w": f"{w:.3f}",
            "from_b": f"{b:.3f}".replace("-", "−"),
            "to_w": shown(new_w),
            "to_b": shown(new_b),
            "to_error": _error(float(free.errors[step])),
            "to_norm": power_of_ten(_log10(float(free.norms[step]))),
        }
    return says


def _error(value: float) -> str:
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}" if np.isfinite(value) else "no number"


@lru_cache(maxsize=256)
def cliff_finding(*asked: str, seed: int) -> str:
    """What the picture says, in words and numbers, as HTML."""
    answer = answer_to(*asked, seed=seed)
    words, says = sentences(PAGE), numbers_of(answer)
    rows = "".join(
        words["table"]["row"].format(
            name=words["names"][kind].format(**says),
            end=says[f"end_{kind}"],
            lowest=says[f"lowest_{kind}"],
            norm=says[f"norm_{kind}"],
            clipped=says[f"clipped_{kind}"] if kind != "none" else "–",
            leaves=words["table"]["leaves" if answer.leaving[kind] else "stays"].format(step=answer.leaving[kind]),
            count=says[f"count_{kind}"],
        )
        for kind in CLIPPING
    )
    notes = "".join(f'<p class="note">{text.format(**says)}</p>' for text in _notes(answer))
    return (
        f'<p class="equation">{words["equation"][_outcome(answer)].format(**says)}</p><div style="overflow-x: auto">'
        f'<table class="verdict">{words["table"]["head"].format(**says)}{rows}</table></div>{notes}'
    )


def _outcome(answer: CliffAnswer) -> str:
    """Which sentence stands above the table."""
    step, free = answer.leaving["none"], answer.free
    if not step:
        return "clipped" if answer.clips else "calm"
    if free.ended is not None:
        return "ended"
    if answer.flight() <= FLIES_FROM:
        return "walks"
    return "dead" if free.norms[step] < _DEAD else "flies"


def _notes(answer: CliffAnswer) -> Iterator[str]:
    words, ends = sentences(PAGE)["notes"], {kind: answer.paths[kind].errors[-1] for kind in CLIPPING}
    yield words["neighbours"]
    yield words["turned" if (answer.paths["value"].turned > _TURN).any() else "not_turned"]
    if answer.leaving["none"] and answer.flight() > FLIES_FROM and answer.start.learning_rate <= _SMALL_RATE:
        yield words["small_rate"]
    if answer.clips and ends["norm"] > ends["none"]:
        yield words["no_better"]
    yield _about_the_cliff(answer)
    untouched = ~answer.paths["norm"].clipped
    smallest = shown(float(np.nanmin(answer.paths["norm"].norms[:-1])))
    kind = "vanishing" if untouched.any() else "all_clipped"
    yield words[kind].replace("{untouched}", str(int(untouched.sum()))).replace("{smallest}", smallest)


def _about_the_cliff(answer: CliffAnswer) -> str:
    words, wall = sentences(PAGE)["notes"], answer.wall
    if wall is None:
        return str(words["no_cliff"])
    above, below = error_surface(answer.start.w, [wall.b - _BESIDE, wall.b + _BESIDE]).error.tolist()
    return str(words["cliff"]).format(
        cliff_w=f"{answer.start.w:.3f}",
        edge=f"{wall.b:.3f}".replace("-", "−"),
        above=_error(above),
        below=_error(below),
        beside=_BESIDE,
        steepest=shown(wall.steepest),
    )
