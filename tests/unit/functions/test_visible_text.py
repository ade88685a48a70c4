"""Nothing that a function printed is obeyed."""

from django.template import Context, Template


def test_control_characters_and_reordering_marks_are_shown_as_signs() -> None:
    page = Template("{% load visible %}{{ log|visible }}")
    log = "\x1b[31m\0 \x7f \u202egnp.exe\r\nnext\tline <script>"
    shown = page.render(Context({"log": log}))
    assert shown == "\u241b[31m\u2400 \u2421 \\u202egnp.exe\nnext\tline &lt;script&gt;"
