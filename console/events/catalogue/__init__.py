"""The catalogue of event sources: what AWS services send to a function.

Plain data and code, no Django. `sources()` lists everything that can be built,
`render` builds one. Templates are JSON: values are put into parsed strings,
never into text, so that no value can break out of its place.
"""

from console.events.catalogue.listing import find, is_source, sources
from console.events.catalogue.rendering import Moment, render, render_text
from console.events.catalogue.source import Field, Kind, Source

__all__ = [
    "Field",
    "Kind",
    "Moment",
    "Source",
    "find",
    "is_source",
    "render",
    "render_text",
    "sources",
]
