"""What every figure is tested for: text inside the paper, none over another."""

from __future__ import annotations

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from laoqu.figures import style


def rendered(figure):
    """Draw a figure; return the renderer, which knows where everything lies."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with style.style():
        figure.draw(renderer)
    return renderer


def overlap(a, b):
    """Return how far two boxes lie over each other, across and down, in pixels."""
    return min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)


def shown(text):
    visible = text.get_visible() and (text.axes is None or text.axes.get_visible())
    return visible and text.get_text().strip()


def assert_inside(texts, frame, renderer):
    """Fail where a text leaves a box, and say which."""
    for text in texts:
        box = text.get_window_extent(renderer)
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1, text.get_text()


def assert_text_fits(figure):
    """Fail where a text is cut off or two overlap, and say which; return the renderer."""
    renderer = rendered(figure)
    with style.style():
        texts = [text for text in figure.findobj(Text) if shown(text)]
        assert_inside(texts, figure.bbox, renderer)
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        across, down = overlap(a, b)
        assert not (across > 1 and down > 2), (one, two)
    return renderer
