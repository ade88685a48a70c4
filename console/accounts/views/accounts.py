"""The accounts of a person, and the settings of one."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from console.accounts import queries, services
from console.accounts.access import MemberRequest, may_create_accounts, member, signed_in
from console.accounts.forms import AccountForm, NewAccountForm
from console.accounts.models import User
from console.accounts.roles import Action
from console.errors import Invalid


@require_http_methods(["GET", "POST"])
@signed_in
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account of the person; POST makes another."""
    person = cast(User, request.user)
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = services.create_account(owner=person, name=form.cleaned_data["name"])
        messages.success(request, f"{made.name} is ready.")
        return redirect("home", account_id=made.pk)
    context = {
        "accounts": queries.accounts_of(person),
        "may_create_accounts": may_create_accounts(person),
        "form": form,
    }
    return render(request, "accounts/accounts.html", context)


@require_http_methods(["GET", "POST"])
@member(Action.MANAGE_ACCOUNT)
def settings(request: MemberRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, instance=request.account)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_account(by=request.membership, **form.cleaned_data)
        except Invalid as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, "The settings are saved.")
            return redirect("account_settings", account_id=request.account.pk)
    return render(request, "accounts/settings.html", {"form": form})
