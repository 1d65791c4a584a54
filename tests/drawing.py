"""What every figure is tested for: text inside the paper, none over another."""

from __future__ import annotations

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from laoqu.figures import style


def assert_text_fits(figure):
    """Fail where a text is cut off or two overlap, and say which."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with style.style():
        figure.draw(renderer)
        texts = [
            text
            for text in figure.findobj(match=lambda artist: isinstance(artist, Text))
            if text.get_text().strip() and text.get_visible()
        ]
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= figure.bbox.width, text
        assert 0 <= box.y0 <= box.y1 <= figure.bbox.height, text
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert not (across > 1 and down > 2), (one, two)
