"""The map as a picture file: one pixel per time step and weight scale, coloured around the gradient at the last step.

Thousands of rectangles would be drawn anew at every change; one image is a single mark.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def map_image(relative: NDArray[np.float64], limit: float, palette: Sequence[str], rows_of: Sequence[int]) -> str:
    """The map as a data URL.

    Args:
        relative: (S, T), orders of magnitude against the last step's norm.
        limit: orders of magnitude at which the colours end.
        palette: hex colours from far below to far above.
        rows_of: for each row of the picture, from the top, which of the S rows it shows.
    """
    # A row whose gradient is exactly zero at the last step too has no ratio; it is drawn as gone.
    share = np.clip(np.nan_to_num(relative, nan=-limit, neginf=-limit) / limit, -1.0, 1.0)
    pixels = np.rint((share + 1.0) * 127.0).astype(np.uint8)[list(rows_of)]
    image = Image.fromarray(pixels, mode="P")
    image.putpalette(palette_bytes(palette))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def palette_bytes(palette: Sequence[str]) -> bytes:
    """255 RGB colours, evenly along the palette, straight lines between its colours as Vega draws them."""
    anchors = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in palette], dtype=float)
    positions = np.linspace(0, len(palette) - 1, 255)
    channels = [np.interp(positions, np.arange(len(palette)), anchors[:, channel]) for channel in range(3)]
    return bytes(np.rint(np.stack(channels, axis=1)).astype(np.uint8))
