"""`{% asset "area/name.page.js" %}`: the hashed address of a built file."""

import json
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static

register = template.Library()


@lru_cache(maxsize=1)
def _manifest(changed: float) -> dict[str, str]:
    content = _place().read_text()
    return dict(json.loads(content))


def _place() -> Path:
    return Path(settings.BASE_DIR) / "static" / "dist" / "manifest.json"


@register.simple_tag
def asset(name: str) -> str:
    """The address of a built file. Raises FileNotFoundError before the front end is built."""
    return static(_manifest(_place().stat().st_mtime)[name])
