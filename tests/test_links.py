"""The address of the page: what a link says is taken, or moved, or ignored aloud; a shared link opens its picture."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from rnn_dynamics.dashboard.links import share_link
from rnn_dynamics.experiment import KNOBS, Experiment, settings
from tests.every import every
from tests.test_app import ENTRIES, FIELDS, OPENING, assert_shows, datasets, link, notice, open_app, words
from tests.test_pages import not_taken, open_page

OFFERED: dict[str, Any] = {
    "cell": "gru",
    "weight_scale": 1.4,
    "sequence_length": 60,
    "hidden_size": 8,
    "input_size": 4,
    "batch_size": 8,
    "initialisation": "orthogonal",
    "nonlinearity": "relu",
    "reset_gate": "before",
    "initial_state": "carried",
    "input_weights": "torch",
    "input_weight_scale": 0.5,
    "forget_bias": -1.0,
    "gate_bias": "chrono",
    "input_scale": 0.316,
    "loss_at": "every",
    "seed": 42,
}


# --- what a link says is shown --------------------------------------------------------------------------------------


@every("entry", ENTRIES)
def test_a_link_opens_its_experiment(entry: str) -> None:
    app = open_app(entry, {name: str(value) for name, value in OFFERED.items()})
    assert_shows(app, Experiment(**OFFERED))
    assert notice(app) == ""


@every("name", OFFERED)
def test_every_setting_can_be_linked_alone(name: str) -> None:
    app = open_app(params={name: str(OFFERED[name])})
    assert_shows(app, replace(OPENING, **{name: OFFERED[name]}))
    assert notice(app) == ""


@every(
    ("params", "expected"),
    [
        ({"cell": "lstm"}, {"cell": "lstm"}),
        ({"cell": "LSTM"}, {"cell": "lstm"}),
        ({"cell": "Gru"}, {"cell": "gru"}),
        ({"weight_scale": "2"}, {"weight_scale": 2.0}),
        ({"weight_scale": "1.40"}, {"weight_scale": 1.4}),
        ({"weight_scale": "1e0"}, {"weight_scale": 1.0}),
        ({"seed": "007"}, {"seed": 7}),
        ({"forget_bias": "0"}, {"forget_bias": 0.0}),
    ],
)
def test_other_spellings_of_a_value_are_understood(params: dict[str, str], expected: dict[str, Any]) -> None:
    app = open_app(params=params)
    assert_shows(app, replace(OPENING, **expected))
    assert notice(app) == ""


def test_a_number_is_understood_without_the_zeros_that_a_control_shows() -> None:
    app = open_page("cliff", {"start_w": "4.9", "clip_at": "3.0", "start_b": "-2.7"})
    assert [app.select_slider(key=key).value for key in ("start_w", "clip_at", "start_b")] == ["4.90", "3", "-2.70"]
    assert not_taken(app) == []


@every(
    ("params", "expected", "said"),
    [
        ({"weight_scale": "1.43"}, {"weight_scale": 1.4}, "`weight_scale = 1.43` is shown as 1.4"),
        ({"sequence_length": "220"}, {"sequence_length": 200}, "`sequence_length = 220` is shown as 200"),
        ({"hidden_size": "7"}, {"hidden_size": 8}, "`hidden_size = 7` is shown as 8"),
        ({"forget_bias": "20"}, {"forget_bias": 5.0}, "`forget_bias = 20` is shown as 5"),
    ],
)
def test_a_valid_value_that_no_control_offers_is_moved_aloud(
    params: dict[str, str], expected: dict[str, Any], said: str
) -> None:
    app = open_app(params=params)
    assert_shows(app, replace(OPENING, **expected))
    assert said in notice(app)


# --- what a link cannot say is ignored aloud ------------------------------------------------------------------------

HOSTILE: dict[str, dict[str, str | list[str]]] = {
    "not_a_number": {"weight_scale": "nan"},
    "far_too_large": {"weight_scale": "1e99"},
    "negative": {"weight_scale": "-5"},
    "infinite": {"weight_scale": "inf"},
    "minus_infinite": {"forget_bias": "-inf"},
    "half_a_step": {"sequence_length": "10.5"},
    "no_steps": {"sequence_length": "0"},
    "too_many_steps": {"sequence_length": "10001"},
    "five_thousand_digits": {"seed": "9" * 5000},
    "five_thousand_digits_of_a_fraction": {"weight_scale": "9" * 5000},
    "a_hexadecimal_number": {"seed": "0x10"},
    "a_unknown_cell": {"cell": "transformer"},
    "an_empty_cell": {"cell": ""},
    "an_empty_number": {"weight_scale": ""},
    "an_empty_seed": {"seed": ""},
    "an_unknown_initialisation": {"initialisation": "xavier"},
    "an_empty_initialisation": {"initialisation": ""},
    "an_unknown_loss": {"loss_at": "first"},
    "an_unknown_nonlinearity": {"nonlinearity": "elu"},
    "an_empty_gate_bias": {"gate_bias": ""},
    "an_unknown_gradient": {"gradient": "weights"},
    "an_empty_axis": {"axis": ""},
    "markup": {"cell": "<script>alert(1)</script>"},
    "markdown": {"weight_scale": "`**![x](http://example.invalid/x.png)"},
    "sql": {"seed": "1; DROP TABLE"},
    "a_null_byte": {"cell": "rnn\0"},
    "a_line_break": {"cell": "rnn\n# headline"},
    "right_to_left": {"cell": "\u202ennr"},
    "an_unknown_key": {"utm_source": "lecture"},
    "markup_as_key": {"<script>alert(1)</script>": "1"},
    "a_key_of_ten_kilobytes": {"k" * 10_000: "1"},
    "a_value_of_ten_kilobytes": {"cell": "z" * 10_000},
    "a_repeated_key": {"weight_scale": ["1.4", "nan"]},
    "a_thousand_keys": {f"key{number}": "1" for number in range(1000)},
    "everything_wrong": dict.fromkeys((name for name in KNOBS if name != "text"), "wrong"),
}


@every("name", HOSTILE)
def test_a_link_that_makes_no_sense_opens_the_opening_picture_and_says_so(name: str) -> None:
    params = HOSTILE[name]
    app = open_app(params=params)
    assert_shows(app, OPENING)
    first = next(iter(params))
    assert "".join(letter for letter in first if letter.isprintable())[:20] in notice(app)
    assert len(notice(app)) < 500
    assert "\n" not in notice(app)


@every("entry", ENTRIES)
@every("name", ["not_a_number", "markup", "everything_wrong"])
def test_no_entry_to_the_page_trusts_a_link(entry: str, name: str) -> None:
    assert_shows(open_app(entry, HOSTILE[name]), OPENING)


@every("name", ["markup", "markdown", "markup_as_key", "right_to_left"])
def test_what_a_stranger_wrote_is_only_quoted_as_code(name: str) -> None:
    remark = notice(open_app(params=HOSTILE[name]))
    outside = "".join(remark.split("`")[::2])
    assert remark.count("`") % 2 == 0
    assert not set("<>[]\u202e") & set(outside)
    assert "\u202e" not in remark


@every("digits", ["١.٤", "１.４", "1.4 ", "+1.4", "1_0"])
def test_unusual_digits_are_a_number_or_ignored_but_never_an_error(digits: str) -> None:
    app = open_app(params={"weight_scale": digits})
    shown: Any = app.select_slider(key="weight_scale").value
    assert_shows(app, replace(OPENING, weight_scale=shown))
    assert shown == float(digits) or "weight_scale" in notice(app)


@every("values", [["rnn", "lstm"], ["lstm", "rnn"], ["LSTM", "GRU"]])
def test_a_repeated_key_means_one_of_its_values(values: list[str]) -> None:
    app = open_app(params={"cell": values})
    shown = app.selectbox(key="cell").value
    assert shown in {value.lower() for value in values}
    assert_shows(app, replace(OPENING, cell=str(shown)))


def test_a_text_of_ten_kilobytes_is_cut_aloud() -> None:
    app = open_app(params={"text": "ab" * 5000})
    assert not app.exception
    assert "`text`" in notice(app)
    assert len(notice(app)) < 500
    assert "against step 100<" in words(app) or "against step 200<" in words(app)


@every("text", ["<script>alert(1)</script>", "`code` **bold** $x$", "\U0001f389 é ∂", "\u202eabc", "a\0b"])
def test_any_text_is_only_read(text: str) -> None:
    app = open_app(params={"text": text})
    assert not app.exception
    assert f"against step {len(app.text_input(key='text').value or '')}<" in words(app)
    assert all(text not in markdown.value for markdown in app.markdown)


def test_a_notice_stays_while_the_reader_moves_a_slider() -> None:
    app = open_app(params={"weight_scale": "nan"})
    before = notice(app)
    app.select_slider(key="weight_scale").set_value(2.0).run()
    assert notice(app) == before
    assert_shows(app, replace(OPENING, weight_scale=2.0))


# --- share links ----------------------------------------------------------------------------------------------------

TEXT = "gates hold, gradients fade 🎉 & 'more' + 100 % =? #1"
SHARED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "opening": ({}, {}),
    "one_slider": ({"weight_scale": 1.4}, {}),
    "every_control": (OFFERED, {}),
    "view": ({"cell": "lstm"}, {"gradient": "cell", "axis": "lag"}),
    "smallest": ({"weight_scale": 0.1, "sequence_length": 10, "hidden_size": 2, "input_size": 1, "batch_size": 1}, {}),
    "largest": ({"weight_scale": 10.0, "sequence_length": 200, "seed": 99, "forget_bias": 5.0}, {}),
    "no_input": ({"input_scale": 0.0, "initialisation": "identity"}, {}),
    "text": ({"text": TEXT}, {"gradient": "hidden"}),
    "short_text": ({"text": "a"}, {}),
    "text_and_more": ({"text": TEXT, "cell": "gru", "forget_bias": 1.0, "seed": 5, "loss_at": "every"}, {}),
}


@every("name", SHARED)
def test_a_shared_link_opens_the_same_picture_and_shares_the_same_link(name: str) -> None:
    changes, view = SHARED[name]
    experiment = replace(OPENING, **changes)
    first = open_app(params={key: str(value) for key, value in changes.items()} | view)
    assert_shows(first, experiment, view.get("gradient", "input"))
    second = open_app(params=dict(parse_qsl(link(first).partition("?")[2], keep_blank_values=True)))
    assert link(second) == link(first)
    assert words(second) == words(first)
    assert datasets(second) == datasets(first)
    assert notice(first) == notice(second) == ""


def test_a_link_says_every_setting_so_that_a_later_change_of_the_opening_does_not_change_it() -> None:
    said = dict(parse_qsl(link(open_app()).partition("?")[2], keep_blank_values=True))
    spelled = {
        name: str(value).lower() if value is True else str(value)
        for name, value in settings(OPENING).items()
        if name in FIELDS
    }
    assert said == spelled | {"cell": "RNN", "gradient": "input", "axis": "step"}


def test_a_link_escapes_what_an_address_cannot_hold() -> None:
    shared = share_link(settings(replace(OPENING, text=TEXT)))
    assert shared.isascii()
    assert " " not in shared
    assert parse_qs(shared.partition("?")[2])["text"] == [TEXT]
