"""A chart on a page, without Streamlit's own command, which writes and reads its specification anew at each run.

That took a sixth of a press whose answer is there: on the home page 1 of 6 ms of the server's processor.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator_singletons import get_dg_singleton_instance
from streamlit.elements.lib.layout_utils import LayoutConfig
from streamlit.elements.lib.utils import compute_and_register_element_id
from streamlit.elements.vega_charts import VegaLiteStateSerde
from streamlit.proto.VegaLiteChart_pb2 import VegaLiteChart
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import register_widget

from rnn_dynamics.dashboard.lecture import hides
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.pictures.kit.layers import GO
from rnn_dynamics.pictures.kit.picture import Picture
from rnn_dynamics.pictures.kit.veiled import veiled


def show_chart(
    picture: Picture,
    datasets: Mapping[str, bytes],
    views: Views,
    language: str,
    height: Literal["content", "stretch"] = "content",
    clicked: tuple[str, Callable[[], None]] | None = None,
) -> None:
    """Show a picture of these datasets on the reader's background; `clicked`: its key, and what a click calls."""
    specification = picture.specification(views, st.context.theme.type or "light", language)
    if hides():
        specification, datasets = veiled(specification, datasets)
    chart, kind = VegaLiteChart(spec=specification, theme="streamlit"), "vega_lite_chart"
    for name, data in datasets.items():
        chart.datasets.add(name=name, has_name=True).data.data = data
    if clicked:
        key, go = clicked
        chart.id = compute_and_register_element_id(kind, user_key=key, dg=None, key_as_main_identity=True)
        chart.selection_mode.append(GO)
        state = VegaLiteStateSerde([GO])
        ways: dict[str, Any] = {"serializer": state.serialize, "deserializer": state.deserialize}
        register_widget(chart.id, ctx=get_script_run_ctx(), value_type="string_value", on_change_handler=go, **ways)
    get_dg_singleton_instance().main_dg._enqueue(kind, chart, LayoutConfig("stretch", height))
