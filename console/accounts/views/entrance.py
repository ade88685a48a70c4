"""Sign-in links, invitations and a person's own page.

The addresses of links are secrets. They are not cached, and the policy of the
settings sends them in a Referer header to this installation alone. "no-referrer"
would make browsers send `Origin: null` with the form, which the CSRF check refuses.
"""

from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from console.accounts import queries, services
from console.accounts.access import signed_in
from console.accounts.forms import NewPersonForm
from console.accounts.models import Invitation, User
from console.accounts.services.invitations import open_invitation
from console.accounts.services.links import person_of_link
from console.errors import Conflict, Invalid


@never_cache
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks for a press of a button, so that a preview of the link does not spend it."""
    if request.method == "GET":
        person = person_of_link(token)
        return render(request, "accounts/link.html", {"person": person})
    return _enter(request, services.use_sign_in_link(token=token), "/")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """For people who have signed in a button; for new people a name and a password."""
    offer = open_invitation(token)
    if request.user.is_authenticated:
        return _join(request, token, offer)
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.accept_as_new_person(token=token, **form.cleaned_data)
        except Invalid as error:
            form.add_error(error.field, error.message)
        else:
            return _enter(request, person, f"/{offer.account_id}/")
    context = {"offer": offer, "form": form}
    return render(request, "accounts/invitation.html", context)


def _join(request: HttpRequest, token: str, offer: Invitation) -> HttpResponse:
    person = cast(User, request.user)
    if request.method == "POST":
        try:
            services.accept_invitation(token=token, user=person)
            messages.success(request, f"You are now {offer.role} in {offer.account.name}.")
        except Conflict as error:
            messages.info(request, error.message)
        return redirect(f"/{offer.account_id}/")
    return render(request, "accounts/invitation.html", {"offer": offer})


@signed_in
@require_GET
def profile(request: HttpRequest) -> HttpResponse:
    person = cast(User, request.user)
    return render(request, "accounts/profile.html", {"accounts": queries.accounts_of(person)})


def _enter(request: HttpRequest, person: User, address: str) -> HttpResponse:
    """Sign in through allauth, which gives the session a new key."""
    response = perform_login(request, person, email_verification="none", redirect_url=address)
    return cast(HttpResponse, response) or HttpResponseRedirect(address)
