"""Sign-in, members and the audit log.

Of allauth's pages only those that need no mail.
"""

from allauth.account import views as allauth
from django.urls import URLPattern, URLResolver, path

from console.accounts.views import accounts, audit, entrance, members

urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/login/", allauth.login, name="account_login"),
    path("auth/logout/", allauth.logout, name="account_logout"),
    path("auth/inactive/", allauth.account_inactive, name="account_inactive"),
    path("auth/signup/", allauth.signup, name="account_signup"),
    path("auth/reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("auth/password/change/", allauth.password_change, name="account_change_password"),
    path("auth/password/set/", allauth.password_set, name="account_set_password"),
    path("link/<str:token>", entrance.link, name="sign_in_link"),
    path("invitation/<str:token>", entrance.invitation, name="invitation"),
    path("profile/", entrance.profile, name="profile"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("<account:account_id>/settings/", accounts.settings, name="account_settings"),
    path("<account:account_id>/members/", members.members, name="members"),
    path("<account:account_id>/members/invite/", members.invite, name="member_invite"),
    path(
        "<account:account_id>/members/<int:member_id>/role/",
        members.change_role,
        name="member_role",
    ),
    path(
        "<account:account_id>/members/<int:member_id>/remove/", members.remove, name="member_remove"
    ),
    path(
        "<account:account_id>/members/<int:member_id>/switch/", members.switch, name="member_switch"
    ),
    path("<account:account_id>/members/<int:member_id>/link/", members.reset, name="member_reset"),
    path(
        "<account:account_id>/invitations/<int:invitation_id>/revoke/",
        members.revoke,
        name="invitation_revoke",
    ),
    path("<account:account_id>/audit/", audit.audit, name="audit"),
    path("<account:account_id>/audit/export.csv", audit.export, name="audit_export"),
]
