"""Forms of functions. What may be is decided by the services; forms show it."""

from typing import Any

from django import forms

from console.functions import blueprints, runtimes, values
from runner.code import MAX_ZIP_BYTES
from runner.spec import MEMORY_MB, TIMEOUT_S, TMP_MB, RuntimeInfo

WAYS = (
    ("scratch", "Author from scratch"),
    ("blueprint", "Use a blueprint"),
    ("zip", "Upload a zip"),
)


def _input(**attributes: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false", **attributes}
    )


def _number(allowed: range, **attributes: str) -> forms.NumberInput:
    return forms.NumberInput(
        attrs={
            "class": "form-control",
            "min": allowed.start,
            "max": allowed.stop - 1,
            "inputmode": "numeric",
            **attributes,
        }
    )


def runtime_choices(present: str = "") -> list[tuple[str, Any]]:
    """Runtimes by language for a select: those that run here, and the present one."""
    groups: dict[str, list[tuple[str, str]]] = {}
    every = runtimes.known()
    # Without a living runner nothing is known to run: then all can be chosen.
    usable = [runtime for runtime in every if runtime.interpreter] or every
    for runtime in every:
        if runtime in usable or runtime.name == present:
            groups.setdefault(_language(runtime), []).append((runtime.name, _label(runtime)))
    return [(title, choices) for title, choices in groups.items()]


def _language(runtime: RuntimeInfo) -> str:
    return {"python": "Python", "node": "Node.js"}.get(runtime.language, runtime.language)


def _label(runtime: RuntimeInfo) -> str:
    runs = f"runs on {runtime.interpreter}" if runtime.interpreter else "nothing here runs it"
    old = ", deprecated" if runtime.deprecated else ""
    return f"{runtime.label} ({runs}{old})"


class NameField(forms.CharField):
    """A function's name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="Function name",
            max_length=64,
            help_text="Letters, digits, hyphens and underscores, up to 64.",
            widget=_input(pattern="[A-Za-z0-9_\\-]{1,64}", maxlength="64"),
            **options,
        )


class CreateForm(forms.Form):
    """A new function, by one of three ways."""

    way = forms.ChoiceField(choices=WAYS, widget=forms.HiddenInput, initial="scratch")
    name = NameField()
    runtime = forms.ChoiceField(
        label="Runtime",
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text="The name is AWS's; in brackets stands the interpreter that really runs.",
    )
    blueprint = forms.CharField(required=False, widget=forms.HiddenInput)
    archive = forms.FileField(
        label="Zip file",
        required=False,
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ".zip"}),
        help_text="Up to 50 MB, with the handler's file at its top.",
    )
    handler = forms.CharField(
        label="Handler",
        required=False,
        max_length=128,
        widget=_input(),
        help_text="File and function. Empty means lambda_function.lambda_handler for Python, "
        "index.handler for Node.js.",
    )
    description = forms.CharField(
        required=False, max_length=values.MAX_DESCRIPTION, widget=_input()
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["runtime"].choices = runtime_choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        archive = cleaned.get("archive")
        if cleaned.get("way") == "zip" and not archive:
            self.add_error("archive", "Choose a zip file.")
        elif archive and archive.size > MAX_ZIP_BYTES:
            self.add_error("archive", "The zip is over 50 MB: leave out what can be installed.")
        if cleaned.get("way") == "blueprint":
            known = {blueprint.name for blueprint in blueprints.every()}
            if cleaned.get("blueprint") not in known:
                self.add_error(None, "Choose a blueprint.")
        return cleaned


class GeneralForm(forms.Form):
    """General configuration."""

    description = forms.CharField(
        required=False, max_length=values.MAX_DESCRIPTION, widget=_input()
    )
    runtime = forms.ChoiceField(widget=forms.Select(attrs={"class": "form-select"}))
    handler = forms.CharField(max_length=128, widget=_input())
    memory_mb = forms.IntegerField(
        label="Memory (MB)",
        widget=_number(MEMORY_MB),
        help_text="128 to 10,240 MB. Processor time grows with it: 1,769 MB is one vCPU.",
    )
    timeout_s = forms.IntegerField(
        label="Timeout (seconds)", widget=_number(TIMEOUT_S), help_text="1 to 900 seconds."
    )
    tmp_mb = forms.IntegerField(
        label="Ephemeral storage, /tmp (MB)", widget=_number(TMP_MB), help_text="512 to 10,240 MB."
    )

    def __init__(self, *arguments: Any, present: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["runtime"].choices = runtime_choices(present)  # type: ignore[attr-defined]


class DuplicateForm(forms.Form):
    """The name of a copy."""

    name = NameField()


class DeleteForm(forms.Form):
    """A function's name, typed to confirm."""

    name = forms.CharField(label="Function name", widget=_input())


class PublishForm(forms.Form):
    """A new version."""

    description = forms.CharField(
        label="Version description",
        required=False,
        max_length=values.MAX_DESCRIPTION,
        widget=_input(),
    )


def add_refusal(form: forms.Form, field: str, message: str) -> None:
    """Show a service's refusal at the field it names, or above the form."""
    form.add_error(field if field in form.fields else None, message)
