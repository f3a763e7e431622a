"""Textual's style cache must not keep what closed screens showed."""

import gc
import weakref

from textual._styles_cache import StylesCache
from textual.color import Color

from terminal.tui.styles_cache import METHOD, is_leaking, stop_leak


def test_the_method_that_leaks_is_still_there() -> None:
    """When this fails, Textual has changed: look whether the repair is still needed."""
    assert callable(getattr(StylesCache, METHOD, None))


def test_a_dead_cache_is_collected_after_the_repair() -> None:
    """And the colours are those that Textual computes."""
    stop_leak()
    assert not is_leaking()
    assert not stop_leak()
    cache = StylesCache()
    inner, outer = cache.get_inner_outer(Color.parse("#000000"), Color.parse("#ff0000"))
    assert (inner.background, outer.background) == (Color.parse("#ff0000"), Color.parse("#000000"))
    watched = weakref.ref(cache)
    del cache
    gc.collect()
    assert watched() is None
