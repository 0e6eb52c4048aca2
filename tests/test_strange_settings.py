"""Every page at settings that nobody would choose: what it says or hands out then is finite, whole and grammatical."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.seat import IN_TAB
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import KNOBS, Number
from tests.every import every
from tests.test_pages import PAGES, open_page

#: What keeps a page quick; each is also set to its largest value once, by itself.
SIZES = ("hidden_size", "batch_size", "sequence_length", "input_size")
#: The reader's own text: one letter, one letter over and over, and what might break a page.
TEXTS = ("", "a", "ab", "a" * 200, "<b>odd</b> nothing")
#: What goes wrong together.
TOGETHER: tuple[Mapping[str, Any], ...] = (
    *({"nonlinearity": "relu", "initialisation": "identity", "weight_scale": scale} for scale in (0.1, 1.0, 10.0)),
    *({"nonlinearity": "relu", "initialisation": name} for name in ("gaussian", "orthogonal")),
    *({"hidden_path": "cut", "cell": cell} for cell in CELLS),
    *({"input_scale": 0.0, "initialisation": name} for name in ("gaussian", "orthogonal", "torch")),
    *({"forget_bias": bias, "cell": "lstm", "text": "a" * 200} for bias in (-2.0, 5.0)),
    *({"gate_bias": "chrono", "cell": cell} for cell in ("lstm", "gru", "mingru", "minlstm", "slstm", "ssm")),
    *({"loss_at": "every", "cell": cell} for cell in ("rnn", "lstm")),
)
#: Settings drawn from the ends of all controls at once, beside those.
DRAWN = 8

#: Nouns that a page counts, and verbs of more than one.
MANY = (
    "steps updates networks characters units layers sequences lags words losses seeds gates rows orders exponents "
    "eigenvalues values features edges directions digits sentences pairs looks scales are were have"
)
#: The number one, which is no part of another number, of a sum or of a name, and a word that may stand before the noun.
ONE = (
    r"(?<![\d.,…–×^/<=−-])(?<![\d(]\s)(?<!step )(?<!− )(?<!= )\b1[ \u00a0](?:</?\w+>)*"
    r"(?:(?!(?:for|of|in|to|and|or|at|per|by|is)\b)\w+[ \u00a0])?"
)
FAULTS = {
    "no number": r"(?<![\w/])(nan|NaN|None|inf)(?![\w.]| of)",
    "a brace": r"\{(?!cue\})|(?<!\{cue)\}",
    "a plural of one": f"{ONE}({MANY.replace(' ', '|')})" + r"\b",
    "a sign of what is rounded to zero": r"[−-]0(?:\.0+)?(?![\d.\w])",
    "a number as Python prints it": r"\d\.\d{8,}|\de\+\d\d|\de-\d\d[ \u00a0]%",
}


def strange(options: Mapping[str, tuple[Any, ...]], page: str) -> Iterator[dict[str, Any]]:
    """Settings of a page, given what each of its controls offers, in an order that is always the same."""
    small: dict[str, Any] = {key: options[key][0] for key in SIZES if key in options}
    yield small
    yield from (small | {key: value} for key, offered in options.items() for value in (offered[0], offered[-1]))
    for together in TOGETHER:
        if all(value in options.get(key, ()) for key, value in together.items()):
            yield {**small, **together}
    dice = random.Random(page)
    for _ in range(DRAWN):
        drawn = {key: dice.choice((offered[0], offered[-1])) for key, offered in options.items()}
        yield drawn | small


def offered(app: AppTest) -> dict[str, tuple[Any, ...]]:
    """Key of each control -> its values in their order."""
    values: dict[str, tuple[Any, ...]] = {}
    for one in (*app.select_slider, *app.selectbox, *app.segmented_control):
        values[str(one.key)] = tuple(value_of(str(one.key), option) for option in one.options)
    values |= {str(one.key): (False, True) for one in app.toggle}
    return values | {str(one.key): TEXTS for one in app.text_input if one.key != IN_TAB}


def value_of(key: str, option: str) -> Any:
    """What a control puts into the session where it shows this."""
    if isinstance(knob := KNOBS.get(key), Number):
        return int(option) if knob.whole else float(option)
    return option.lower() if key == "cell" else option


def texts(app: AppTest, page: str) -> Iterator[str]:
    """All that a page says beside its prose, in its pictures too."""
    kinds = (app.title, app.subheader, app.caption, app.markdown, app.warning, app.error, app.info)
    prose = sentences(page)["prose"].strip()
    yield from (element.value for elements in kinds for element in elements if element.value != prose)
    yield from (element.proto.body for element in app.get("html") if not element.proto.body.startswith("<style"))
    for chart in app.get("vega_lite_chart"):
        for item in chart.proto.datasets:
            table = pa.ipc.open_stream(item.data.data).read_all()
            for name in table.column_names:
                if pa.types.is_string(table[name].type) or pa.types.is_large_string(table[name].type):
                    values = [value for value in table[name].to_pylist() if value is not None]
                    # A curve is one text of many numbers.
                    yield from (f"{item.name}.{name}: {value}" for value in values if value.count(",") < 9)


def faults(text: str) -> list[str]:
    shown = re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL)
    return [
        f"{what}: …{shown[max(0, found.start() - 60) : found.end() + 60]}…"
        for what, pattern in FAULTS.items()
        if (found := re.search(pattern, shown))
    ]


def file_faults(name: str, content: str) -> list[str]:
    """What is wrong with a file that a page hands out."""
    if name.endswith(".py"):
        compile(content, name, "exec")
        return []
    return [f"{name}: {line}" for line in content.splitlines() if re.search(r"(?<![-\w])(nan|None|inf)(?!\w)", line)][
        :1
    ]


WRONG = (
    *("it turned 1 steps", "<b>1</b> in all, 1 steps", "1 % is left after 1 steps", "1 hidden units", "1 steps are"),
    *("nan % of it", "×nan against ×nan", "None", "10^inf", "{who} ends", "the sum is −0.0", "-0 %", "7.46e+03 %"),
    *("6e-23 %", "0.30000000000000004"),
)
RIGHT = (
    *("step 1 of 20 networks", "the T − 1 steps", "1 for units that are on", "21 steps", "0.1 steps", "step 1 are"),
    *("no information", "None of them", "−0.05", "x₁ − 0.3", "1.1e-16", "does not hold {cue} once"),
)


@every("text", WRONG)
def test_a_fault_is_found(text: str) -> None:
    assert len(faults(text)) == 1


@every("text", RIGHT)
def test_what_is_right_is_no_fault(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize("page", PAGES)
def test_whatever_a_page_says_and_hands_out_at_strange_settings_can_be_read(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[tuple[str, Callable[[], str]]] = []

    def download_button(_: str, content: Callable[[], str], file_name: str, **__: object) -> None:
        if not file_name.endswith((".svg", ".png")):  # a picture's texts are those of its datasets
            files.append((file_name, content))

    monkeypatch.setattr(st, "download_button", download_button)
    app = open_page(page)
    options = offered(app)
    opening = {key: app.session_state[key] for key in options}
    found, seen = {}, []
    for setting in strange(options, page):
        if (now := opening | setting) in seen:
            continue
        seen.append(now)
        for key, value in now.items():
            app.session_state[key] = value
        files.clear()
        app.run()
        assert not app.exception, setting
        said = [fault for text in texts(app, page) for fault in faults(text)]
        said += [fault for name, content in files for fault in file_faults(name, content())]
        if said:
            found[str(setting)] = said
    assert found == {}
