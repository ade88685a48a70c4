"""Forms of accounts. They check shapes; the services decide."""

from django import forms

from console.accounts.models import Account
from console.accounts.roles import Role

ROLES = {
    Role.VIEWER: "Viewer: sees every function and run, changes nothing",
    Role.INVOKER: "Invoker: also runs functions and saves test events",
    Role.DEVELOPER: "Developer: also creates functions and edits drafts",
    Role.DEPLOYER: "Deployer: also deploys, configures and deletes functions",
    Role.ADMIN: "Administrator: also manages members and the account",
}
"""Each role in the words of a page."""


class InvitationForm(forms.Form):
    role = forms.ChoiceField(
        choices=[(role.value, words) for role, words in ROLES.items()], initial=Role.DEVELOPER
    )
    days = forms.TypedChoiceField(
        label="Good for",
        coerce=int,
        choices=[(1, "1 day"), (3, "3 days"), (7, "7 days"), (30, "30 days")],
        initial=3,
    )
    note = forms.CharField(
        max_length=120,
        required=False,
        help_text="For your own list: whom it is meant for.",
    )


class NewPersonForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        label="Name",
        help_text="Letters, digits and @ . + - _",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        strip=False,
        help_text="At least 8 characters, and not a common one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class NewAccountForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="A team, a project or a person.")


class AccountForm(forms.ModelForm):
    class Meta:
        model = Account
        fields = ["name", "concurrency_limit", "retention_days"]
        labels = {
            "concurrency_limit": "Runs at once",
            "retention_days": "Keep runs and logs for (days)",
        }
        help_texts = {
            "concurrency_limit": "Further calls are answered with 429 until one has ended. "
            "1 to 1,000.",
            "retention_days": "Older runs are deleted with their payloads and logs. 1 to 3,650.",
        }


class AuditFilterForm(forms.Form):
    actor = forms.CharField(required=False, label="Who", max_length=160)
    action = forms.ChoiceField(required=False)
    decision = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any"),
            ("allowed", "Allowed"),
            ("denied", "Denied"),
            ("failed", "Failed"),
        ],
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput({"type": "date"}))

    def __init__(self, *arguments: object, actions: list[str], **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        field = self.fields["action"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Any"), *((action, action) for action in actions)]
