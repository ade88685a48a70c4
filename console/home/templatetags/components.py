"""`{% icon %}`, `{% ago %}`, `{% state %}` and `{% here %}`: small parts of every page."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

ICONS = {
    "dashboard": "M3 3h6v7H3z M11 3h6v4h-6z M11 9h6v8h-6z M3 12h6v5H3z",
    "function": "M4 17 9.5 6.5 M6 3h1.6c1 0 1.8.5 2.2 1.5L15 17h1.5",
    "members": "M7.5 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6z M2 17c0-3 2.5-5 5.5-5s5.5 2 5.5 5 "
    "M13 3.3a3 3 0 0 1 0 5.4 M15 12.4c1.8.8 3 2.5 3 4.6",
    "audit": "M5 2.5h10v15H5z M8 6.5h4 M8 10h4 M8 13.5h2.5",
    "settings": "M10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z M10 2v2.5 M10 15.5V18 M2 10h2.5 "
    "M15.5 10H18 M4.3 4.3l1.8 1.8 M13.9 13.9l1.8 1.8 M15.7 4.3l-1.8 1.8 M6.1 13.9l-1.8 1.8",
    "menu": "M3 5h14 M3 10h14 M3 15h14",
    "search": "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12z M13.5 13.5 17.5 17.5",
    "sun": "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M10 1.8v1.7 M10 16.5v1.7 M1.8 10h1.7 "
    "M16.5 10h1.7 M4.2 4.2l1.2 1.2 M14.6 14.6l1.2 1.2 M15.8 4.2l-1.2 1.2 M5.4 14.6l-1.2 1.2",
    "moon": "M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z",
    "auto": "M10 3a7 7 0 1 0 0 14z M10 3a7 7 0 0 1 0 14",
    "user": "M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z "
    "M3.5 17.5c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5",
    "switch": "M6 8l4-4 4 4 M6 12l4 4 4-4",
    "plus": "M10 4v12 M4 10h12",
    "copy": "M7 7h9v10H7z M13 7V3H4v10h3",
    "check": "M4 10.5 8 14.5 16 5.5",
    "close": "M5 5l10 10 M15 5 5 15",
    "chevron": "M8 5l5 5-5 5",
    "warning": "M10 3 18 16.5H2z M10 8v4 M10 14v.4",
    "play": "M6 4l10 6-10 6z",
    "clock": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15z M10 6v4.2l2.8 1.8",
    "download": "M10 3v9.5 M6 9l4 4 4-4 M4 17h12",
    "upload": "M10 13.5V4 M6 7.5l4-4 4 4 M4 17h12",
    "trash": "M4 6h12 M8 6V3.5h4V6 M5.5 6l.7 11h7.6l.7-11",
    "link": "M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1 "
    "M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1",
    "key": "M7 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M10.5 10H18 M15 10v3",
    "exit": "M8 3H4v14h4 M12 6l4 4-4 4 M16 10H8",
    "edit": "M4 16l.8-3.5L14 3.3 16.7 6 7.5 15.2z",
    "box": "M3 6.5 10 3l7 3.5v7L10 17l-7-3.5z M3 6.5l7 3.5 7-3.5 M10 10v7",
    "queue": "M3 5h14v3H3z M3 11h14v3H3z",
    "globe": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15z M2.5 10h15 "
    "M10 2.5c2.5 2.5 2.5 12.5 0 15 M10 2.5c-2.5 2.5-2.5 12.5 0 15",
}
"""Our own drawings on a 20 by 20 grid, stroked in the text's colour."""

STATES = {
    "succeeded": ("ok", "Succeeded"),
    "failed": ("bad", "Failed"),
    "running": ("busy", "Running"),
    "pending": ("busy", "Waiting"),
    "stopped": ("quiet", "Stopped"),
    "lost": ("warn", "Lost"),
}
"""How an invocation's state looks and what it is called on a page."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative drawing: what it means must also stand beside it in words."""
    return format_html(
        '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        ICONS[name],
    )


@register.simple_tag
def ago(moment: datetime | None, empty: str = "never") -> SafeString | str:
    """A time as a `<relative-time>`, which the browser keeps up to date."""
    if moment is None:
        return empty
    local = timezone.localtime(moment)
    return format_html(
        '<relative-time><time datetime="{}">{}</time></relative-time>',
        local.isoformat(timespec="seconds"),
        local.strftime("%d %b %Y %H:%M %Z"),
    )


@register.simple_tag
def state(value: str) -> SafeString:
    """An invocation's state as a small label: never by colour alone."""
    look, word = STATES.get(value, ("quiet", value))
    return format_html('<span class="badge-state is-{}">{}</span>', look, word)


@register.simple_tag(takes_context=True)
def here(context: template.Context, address: str, exact: bool = False) -> SafeString:
    """`aria-current="page"` when the present page is at or under `address`."""
    path = context["request"].path if "request" in context else ""
    current = path == address if exact else path.startswith(address)
    return mark_safe('aria-current="page"') if current else mark_safe("")
