"""A repair of Textual 8.2: its style cache keeps dead widgets, with the text they showed.

`StylesCache.get_inner_outer` is an `lru_cache` on an instance method, so that up to 1,024 caches of closed screens
stay in memory with their rendered lines, a patient's among them (Textualize/textual#6665). The function needs nothing
of the instance: it is replaced by one cached on the two colours alone. When a later Textual has no such cached
method, nothing is touched.
"""

from functools import lru_cache

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style

METHOD = "get_inner_outer"


def is_leaking() -> bool:
    """True while Textual caches this method together with its instance."""
    return hasattr(getattr(StylesCache, METHOD, None), "cache_info")


def stop_leak() -> bool:
    """Replace the method if it leaks; True when it was replaced."""
    if not is_leaking():
        return False
    setattr(StylesCache, METHOD, _inner_outer_of_instance)
    return True


def _inner_outer_of_instance(_cache: StylesCache, base_background: Color, background: Color) -> tuple[Style, Style]:
    return _inner_outer(base_background, background)


@lru_cache(256)
def _inner_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base_background + background), Style(background=base_background)
