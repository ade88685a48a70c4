"""Tags of the dashboard alone."""

from django import template
from django.utils.safestring import SafeString

from console.home.templatetags.components import icon

register = template.Library()

BLUEPRINT_ICONS = {
    "hello-world": "function",
    "http-proxy": "globe",
    "s3-reader": "box",
    "queue-consumer": "queue",
    "scheduled-job": "clock",
    "dependency": "download",
}


@register.simple_tag
def blueprint_icon(name: str) -> SafeString:
    """The drawing on a blueprint's card."""
    return icon(BLUEPRINT_ICONS.get(name, "function"))
