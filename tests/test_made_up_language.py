"""A made-up language in which every text stands in brackets: what a page shows without them is not in content/."""

import json
import re
import tomllib
from collections.abc import Iterator
from shutil import copytree
from typing import Any
from urllib.parse import parse_qsl, urlparse

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import content, pictures
from rnn_dynamics.learning.tasks import Template
from rnn_dynamics.pictures.clipping import answer as clipping
from tests.every import every
from tests.reader import wait_until
from tests.test_address import address
from tests.test_before_after import open_home
from tests.test_before_after import trained as trained_before
from tests.test_pages import ALL, ROOT, link, not_taken, open_page, shown

#: Names, which stand in every language; what is shorter is a symbol.
NAMES = (
    *("RNN", "LSTM", "sLSTM", "minLSTM", "GRU", "minGRU", "LRU", "SSM", "IRNN", "ReLU", "PyTorch", "Keras"),
    *("English", "Adam", "RMSprop", "SGD", "NumPy", "tanh", "exp", "log", "max", "min", "lag"),
)
#: What an element of Streamlit shows to a reader, by the name of the field; what a visitor types is the visitor's own.
SHOWN = {"label", "help", "placeholder", "body", "content", "options", "text", "title", "caption"}

#: Page that trains -> what makes its training short.
TRAINED = {
    "learning": {"hidden_size": "8", "batch_size": "8", "sequence_length": "10", "iterations": "100"},
    "blank": {"gap": "2", "updates": "50", "hidden_size": "8"},
    "cliff": {"network_rate": "0.03"},
}


def bracketed(value: Any) -> Any:
    """The same words, each sentence or section in brackets; what it needs, and where it is seen, are keys."""
    if isinstance(value, dict):
        return {key: one if key in ("needs", "page") else bracketed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [bracketed(one) for one in value]
    return f"⟦{value}⟧".replace("\n## ", "⟧\n## ⟦") if isinstance(value, str) else value


def as_toml(words: dict[str, Any]) -> str:
    """TOML, one line for each key at the top."""
    return "\n".join(f"{json.dumps(key)} = {inline(value)}" for key, value in words.items())


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its name; afterwards nobody remembers it."""
    folder = tmp_path_factory.mktemp("words") / "content"
    copytree(content._CONTENT, folder)
    for file in sorted((folder / "en").glob("*.toml")):
        words = tomllib.loads(file.read_text(encoding="utf-8"))
        there = folder / "xx" / file.name
        there.parent.mkdir(exist_ok=True)
        there.write_text(as_toml(bracketed(words)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "_CONTENT", folder)
        content.read_edits()
        yield "xx"
    content.read_edits()


def left(text: str) -> list[str]:
    """The words of a text outside of all brackets, but for names."""
    text, before = re.sub(r"<(style|script|pre|code)\b.*?</\1>", "", text, flags=re.DOTALL), ""
    while text != before:
        text, before = re.sub(r"⟦[^⟦⟧]*⟧", "", text, flags=re.DOTALL), text
    text = re.sub(r"<[^<>]*>|\]\([^)\s]*\)|`[^`]*`|https?://\S+|\w*_\w*", " ", text)
    for name in NAMES:
        text = re.sub(rf"\b{name}\b", "", text)
    return re.findall(r"[^\W\d_]{3,}", text)


def elements(block: Any) -> Iterator[Any]:
    """The messages of all elements and blocks of a page."""
    for child in block.children.values():
        if getattr(child, "proto", None) is not None:
            yield child.proto
        if hasattr(child, "children"):
            yield from elements(child)


def fields(message: Any) -> Iterator[tuple[str, str]]:
    """Name and text of what a message shows."""
    for field, value in message.ListFields():
        each = value if not isinstance(value, str) and hasattr(value, "__iter__") else [value]
        for one in each:
            if isinstance(one, str):
                if field.name in SHOWN:
                    yield f"{message.DESCRIPTOR.name}.{field.name}", one
            elif hasattr(one, "ListFields"):
                yield from fields(one)


def layers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield spec
    for inner in (*spec.get("layer", ()), *spec.get("hconcat", ()), *spec.get("vconcat", ())):
        inherited = {"data": spec["data"]} if "data" in spec else {}
        yield from layers(inherited | inner)


def drawn(proto: Any) -> Iterator[tuple[str, str]]:
    """What a picture writes: titles, fixed texts, and the columns of its tables that a text names."""
    spec = json.loads(proto.spec)
    tables = {item.name: pa.ipc.open_stream(item.data.data).read_all().to_pylist() for item in proto.datasets}
    for name, rows in tables.items():
        yield from (
            (f"{name}.{key}", value)
            for row in rows
            for key, value in row.items()
            if isinstance(value, str) and re.search(r"[^\W\d_]{3,} ", value)
        )
    yield from titles(spec, "")
    for layer in layers(spec):
        text = layer.get("encoding", {}).get("text", {})
        if "field" in text:
            rows = tables.get(layer.get("data", {}).get("name"), ())
            yield from ((f"text {text['field']}", str(row.get(text["field"]) or "")) for row in rows)
        yield "text", str(text.get("value", ""))


def titles(spec: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(spec, list):
        for place, one in enumerate(spec):
            yield from titles(one, f"{path}/{place}")
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key in ("title", "text") and isinstance(value, str):
                yield f"{path}/{key}", value
            elif key == "expr" or key.endswith("Expr"):
                texts = re.findall(r"'([^']*)'", str(value))
                yield from ((f"{path}/{key}", text) for text in texts if " " in text)
            else:
                yield from titles(value, f"{path}/{key}")


def texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Where, and what: all that a page shows."""
    for proto in elements(app._tree):
        if proto.DESCRIPTOR.name == "VegaLiteChart":
            yield from drawn(proto)
        else:
            yield from fields(proto)


def without_brackets(app: AppTest, data: frozenset[str] = frozenset()) -> dict[str, str]:
    return {where: text for where, text in texts(app) if not data.issuperset(map(str.lower, left(text)))}


@every("page", ALL)
def test_every_text_of_a_page_stands_in_its_language(page: str, made_up: str) -> None:
    app = open_page(page, {"lang": made_up})
    assert not app.exception
    read = Template()  # what networks read is no word of the page's own
    assert without_brackets(app, frozenset((*read.words, *read.choices)) if page == "blank" else frozenset()) == {}


def trained(app: AppTest) -> AppTest:
    """The page once its training is over."""
    app.button(key="train").click().run()
    wait_until(lambda: all(button.key != "stop" for button in app.run().button), "the training does not end")
    return app


@every(("page", "settings"), TRAINED.items())
def test_every_text_after_a_training_stands_in_its_language(
    page: str, settings: dict[str, str], made_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipping, "UPDATES", 40)
    app = trained(open_page(page, {"lang": made_up} | settings))
    assert not app.exception
    read = Template()
    assert without_brackets(app, frozenset((*read.words, *read.choices)) if page == "blank" else frozenset()) == {}


def test_every_text_of_a_trained_network_that_is_brought_home_stands_in_its_language(made_up: str) -> None:
    app = open_home(trained_before(), lang=made_up)
    app.selectbox(key="trained").set_value("0").run()
    assert len(app.get("vega_lite_chart")) == 2
    assert without_brackets(app) == {}


def test_a_language_goes_along_by_link_and_from_page_to_page(made_up: str) -> None:
    app = open_page("depth", {"lang": made_up, "loss_at": "every", "axis": "lag"})
    assert not_taken(app) == []
    said = dict(parse_qsl(urlparse(link(app)).query))
    assert (said["lang"], said["loss_at"], said["axis"]) == (made_up, "every", "lag")
    again = open_page("depth", said)
    assert (shown(again), link(again)) == (shown(app), link(app))
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["lang"] = made_up
    app.switch_page("pages/depth.py").run()
    app.switch_page("pages/shapes.py").run()
    assert address(app) == {"lang": made_up}
    assert [title.value for title in app.title] == ["⟦Shapes of recurrence⟧"]


def test_whoever_asks_for_no_language_reads_english_after_somebody_who_did(made_up: str) -> None:
    for params in ({"lang": made_up}, {}, {"lang": "en"}):
        app = open_page("depth", params)
        brackets = any("⟦" in text for _, text in texts(app) if text != "⟦English⟧")  # which leads there
        assert brackets == (params.get("lang") == made_up)
        assert not_taken(app) == []


def test_a_language_that_there_is_not_is_told_like_any_other_bad_value(made_up: str) -> None:
    app, known = open_page("depth", {"lang": "tlh"}), ", ".join(content.languages())
    assert made_up in known
    assert not_taken(app) == [f"This link was adjusted: `lang = tlh` is not one of {known}."]
    assert "lang" not in address(app)
    with pytest.raises(ValueError, match="language = 'tlh' is not one of en"):
        pictures.draw("depth", language="tlh")
