"""Members of an account and invitations to it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from console.accounts import queries, services
from console.accounts.access import MemberRequest, may_reset, member
from console.accounts.forms import ROLES, InvitationForm
from console.accounts.models import Membership
from console.accounts.roles import Action, Role
from console.errors import NotFound


@require_GET
@member(Action.MANAGE_MEMBERS)
def members(request: MemberRequest) -> HttpResponse:
    return _page(request, InvitationForm())


@require_POST
@member(Action.MANAGE_MEMBERS)
def change_role(request: MemberRequest, member_id: int) -> HttpResponse:
    changed = services.change_role(
        by=request.membership, member_id=member_id, role=request.POST.get("role", "")
    )
    messages.success(request, f"{changed.user.username} is now {changed.role}.")
    return _after_change(request, member_id)


@require_POST
@member(Action.VIEW)
def remove(request: MemberRequest, member_id: int) -> HttpResponse:
    person = services.remove_member(by=request.membership, member_id=member_id)
    if member_id == request.membership.pk:
        messages.success(request, f"You left {request.account.name}.")
        return redirect("/accounts/")
    messages.success(request, f"{person.username} is no longer a member.")
    return redirect("members", account_id=request.account.pk)


@require_POST
@member(Action.MANAGE_MEMBERS)
def switch(request: MemberRequest, member_id: int) -> HttpResponse:
    """Let a member's person sign in or not, in this account and every other."""
    person = _member(request, member_id).user
    on = request.POST.get("on") == "1"
    services.switch_person(by=request.user, user=person, on=on)
    said = "may sign in again" if on else "is switched off"
    messages.success(request, f"{person.username} {said}.")
    return redirect("members", account_id=request.account.pk)


@never_cache
@require_POST
@member(Action.MANAGE_MEMBERS)
def reset(request: MemberRequest, member_id: int) -> HttpResponse:
    """A sign-in link for somebody else, shown once: nothing keeps it."""
    chosen = _member(request, member_id)
    address = services.create_sign_in_link(
        user=chosen.user, by=request.user, account=request.account
    )
    made = {
        "title": f"Sign-in link for {chosen.user.username}",
        "text": "It signs in once and is good for 24 hours. Hand it over by a way you trust: "
        "whoever opens it first is signed in.",
        "address": address,
    }
    return _made(request, made)


@never_cache
@require_POST
@member(Action.MANAGE_MEMBERS)
def invite(request: MemberRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    address = services.invite(by=request.membership, **form.cleaned_data)
    made = {
        "title": f"Invitation as {form.cleaned_data['role']}",
        "text": "It serves once. The person chooses a name and a password, "
        "or joins with the name they have.",
        "address": address,
    }
    return _made(request, made)


@require_POST
@member(Action.MANAGE_MEMBERS)
def revoke(request: MemberRequest, invitation_id: int) -> HttpResponse:
    services.revoke_invitation(by=request.membership, invitation_id=invitation_id)
    messages.success(request, "The invitation is revoked.")
    return redirect("members", account_id=request.account.pk)


def _member(request: MemberRequest, member_id: int) -> Membership:
    chosen = queries.members_of(request.account).filter(pk=member_id).first()
    if chosen is None:
        raise NotFound("There is no such member in this account.")
    return chosen


def _after_change(request: MemberRequest, member_id: int) -> HttpResponse:
    """Who demoted themselves may not see the list any more."""
    still = Membership.objects.get(pk=request.membership.pk)
    if still.role != Role.ADMIN:
        return redirect("home", account_id=request.account.pk)
    return redirect("members", account_id=request.account.pk)


def _page(request: MemberRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    people = list(queries.members_of(request.account))
    context = {
        "people": people,
        "resettable": [each.pk for each in people if may_reset(request.user, each.user)],
        "admins": sum(each.role == Role.ADMIN for each in people),
        "invitations": queries.open_invitations(request.account),
        "roles": ROLES,
        "form": form,
    }
    return render(request, "accounts/members.html", context, status=status)


def _made(request: HttpRequest, made: dict[str, str]) -> HttpResponse:
    return render(request, "accounts/link_made.html", {"made": made})
