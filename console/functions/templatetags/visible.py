"""Payloads and logs are data: what a browser would act on is shown as a sign instead."""

import re

from django import template

register = template.Library()

# The same set as static/src/functions/visible-text.ts, which shows results that stream in.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


@register.filter
def visible(text: str) -> str:
    """The text with control characters and marks that reorder text made visible."""
    return _CONTROL.sub(_sign, text.replace("\r\n", "\n"))


def _sign(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"
