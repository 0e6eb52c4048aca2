"""The words of the page "The cliff and clipping", filled with numbers: the picture's texts, and the finding as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cliff import CLIPPING, edge, error_surface
from rnn_dynamics.pictures.cliff.answer import (
    GRID,
    JUMPS_FROM,
    NEIGHBOURS,
    PAGE,
    REGIONS,
    CliffAnswer,
    cliff_answer,
)
from rnn_dynamics.pictures.cliff.table import CliffPicture, Region, cliff_datasets, first_exit
from rnn_dynamics.pictures.kit.numbers import power_of_ten

#: A gradient norm from which no learning rate of this page gets anywhere.
_DEAD = 1e-6
#: How far from the cliff its height is told.
_BESIDE = 0.01
#: Degrees that are worth a title, and those that are more than rounding.
_VISIBLE_TURN, _TURN = 10.0, 1e-9
#: A learning rate that many would call safe.
_SMALL_RATE = 0.01


def shown(value: float) -> str:
    """A number as a reader meets it: three digits, whole from 1,000 on, a power of ten where that would be long."""
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
    """How small the norm of a gradient becomes."""
    return f"{power_of_ten(_log10(float(answer.paths[kind].norms[:-1].min())))} ↓"


def _log10(value: float) -> float:
    return float(np.log10(value)) if value > 0.0 else -np.inf


def _claim(answer: CliffAnswer) -> str:
    """Which title of the map is true."""
    leavers = [kind for kind in CLIPPING if answer.leaving[kind] is not None]
    if not answer.clips:
        return "same_leave" if leavers else "same"
    if not leavers:
        furthest = answer.paths["value"].turned.max()
        return _counted("turns", _turned(answer)) if furthest > _VISIBLE_TURN else "all_stay"
    if "none" not in leavers:
        return "stays"
    way = "jumps" if answer.jump() > JUMPS_FROM else "walks"
    clipped = [kind for kind in leavers if kind != "none"]
    return f"{way}_{'both' if len(clipped) > 1 else (clipped or ['alone'])[0]}"


def _turned(answer: CliffAnswer) -> int:
    """How many steps value clipping has turned."""
    return int((answer.paths["value"].turned > _TURN).sum())


def _counted(key: str, count: int) -> str:
    """Key of the sentence for so many."""
    return f"{key}_one" if count == 1 else key


def numbers_of(answer: CliffAnswer) -> dict[str, str | int]:
    """What the sentences are filled with."""
    free, start, by_norm = answer.free, answer.start, answer.paths["norm"]
    norms = free.norms[:-1]
    largest = int(norms.argmax())
    step = answer.leaving["none"]
    says: dict[str, str | int] = {
        "w": f"{start.w:.3f}",
        "b": f"{start.b:z.3f}".replace("-", "−"),
        "rate": f"{start.learning_rate:g}",
        "threshold": f"{start.threshold:g}",
        "steps": start.steps,
        "largest": shown(float(norms[largest])),
        "largest_step": largest + 1,
        "times": shown(float(norms[largest]) / start.threshold),
        "clipped": int(by_norm.clipped.sum()),
        "untouched": int((~by_norm.clipped).sum()),
        "smallest": shown(float(by_norm.norms[:-1].min())),
        "neighbours": len(NEIGHBOURS),
        "last_seed": NEIGHBOURS[-1],
        "reach": f"{GRID / 2:g}",
        "turned": _turned(answer),
        "turn": shown(float(f"{answer.paths['value'].turned.max():.2g}")),
    }
    for kind in CLIPPING:
        path = answer.paths[kind]
        says |= {
            f"end_{kind}": _error(float(path.errors[-1])),
            f"lowest_{kind}": _error(float(path.errors.min())),
            f"norm_{kind}": shown(float(path.norms[:-1].max())),
            f"clipped_{kind}": int(path.clipped.sum()),
            f"count_{kind}": answer.counts[kind],
        }
    if step:
        (w, b), (new_w, new_b) = free.points[step - 1].tolist(), free.points[step].tolist()
        says |= {
            "step": step,
            "step_norm": shown(float(free.norms[step - 1])),
            "length": shown(answer.jump()),
            "from_w": f"{w:.3f}",
            "from_b": f"{b:z.3f}".replace("-", "−"),
            "to_w": shown(new_w),
            "to_b": shown(new_b),
            "to_error": _error(float(free.errors[step])),
            "to_norm": power_of_ten(_log10(float(free.norms[step]))),
        }
    return says


def _error(value: float) -> str:
    return f"{value:.3f}" if value >= 0.01 else power_of_ten(_log10(value))


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
    if answer.jump() <= JUMPS_FROM:
        return "walks"
    return "dead" if free.norms[step] < _DEAD else "jumps"


def _notes(answer: CliffAnswer) -> Iterator[str]:
    words, says = sentences(PAGE)["notes"], numbers_of(answer)
    if 0 < answer.counts["none"] < len(NEIGHBOURS):
        yield words[_counted("luck", answer.counts["none"])]
    yield words["neighbours"]
    turned = _turned(answer)
    yield words[_counted("turned", turned) if turned else "not_turned"]
    if answer.leaving["none"] and answer.jump() > JUMPS_FROM and answer.start.learning_rate <= _SMALL_RATE:
        yield words["small_rate"]
    ends = {kind: answer.paths[kind].errors[-1] for kind in CLIPPING}
    if ends["norm"] > ends["none"] and says["end_norm"] != says["end_none"]:
        yield words["no_better"]
    yield _about_the_cliff(answer)
    clipped = answer.paths["norm"].clipped
    yield words["all_clipped" if clipped.all() else "vanishing"]
    if clipped.any() and not clipped.all():
        yield words["bias"]


def _about_the_cliff(answer: CliffAnswer) -> str:
    words, wall = sentences(PAGE)["notes"], answer.wall
    if wall is None:
        return str(words["no_cliff"])
    above, below = error_surface(answer.start.w, [wall.b - _BESIDE, wall.b + _BESIDE]).error.tolist()
    return str(words["cliff"]).format(
        cliff_w=f"{answer.start.w:.3f}",
        edge=f"{wall.b:z.3f}".replace("-", "−"),
        above=_error(above),
        below=_error(below),
        beside=_BESIDE,
        steepest=shown(wall.steepest),
    )
