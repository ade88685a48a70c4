"""The audit log: who reads what of it, filters, pages, export."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from console.accounts import services
from console.accounts.models import AuditEntry, SignInLink
from console.errors import Forbidden


def rows_of(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


def write(people, count: int, **about) -> None:
    for number in range(count):
        services.record(
            actor="alice",
            account=people.account,
            resource=f"thing-{number}",
            **{"action": "thing.change", **about},
        )


def test_every_change_of_members_and_settings_is_written_down(people):
    services.change_role(by=people.alice, member_id=people.bob.pk, role="viewer")
    services.invite(by=people.alice, role="viewer", days=3)
    services.update_account(by=people.alice, name="Ours", concurrency_limit=40, retention_days=30)
    services.remove_member(by=people.alice, member_id=people.bob.pk)
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["member.role", "member.invite", "account.manage", "member.remove"]
    assert AuditEntry.objects.get(action="account.manage").detail == {"concurrency_limit": 40}


def test_a_refused_change_is_not_written_as_done(people):
    with pytest.raises(Forbidden):
        services.invite(by=people.bob, role="admin", days=3)
    assert not AuditEntry.objects.exists()


def test_the_log_is_paged_and_filtered(people, client_of):
    write(people, 60)
    write(people, 1, action="other.change", decision="denied")
    client = client_of(people.alice)
    assert "1–50 of 62" in client.get("/111122223333/audit/").content.decode()
    second = client.get("/111122223333/audit/?page=2").content.decode()
    assert "51–62 of 62" in second
    denied = client.get("/111122223333/audit/?decision=denied").content.decode()
    assert "other.change" in denied
    assert "thing-1" not in denied
    nothing = client.get("/111122223333/audit/?since=2199-01-01").content.decode()
    assert "Nothing fits" in nothing


def test_no_entry_of_another_account_is_shown(people, client_of):
    services.record(actor="charlie", action="secret.deed", account="444455556666")
    services.record(actor="charlie", action="sign-in", resource="charlie")
    services.record(actor="bob", action="sign-in", resource="bob")
    page = client_of(people.alice).get("/111122223333/audit/").content.decode()
    assert "secret.deed" not in page
    assert "charlie" not in page
    assert "bob" in page


def test_the_export_has_every_entry_and_no_formula(people, client_of):
    write(people, 70)
    services.record(actor="=cmd|' /C calc'!A0", action="x", account=people.account, detail={"a": 1})
    rows = rows_of(client_of(people.alice).get("/111122223333/audit/export.csv"))
    assert rows[0][:3] == ["time", "actor", "action"]
    assert len(rows) == 73
    assert rows[2][1].startswith("'=cmd")


def test_markup_in_an_entry_is_text(people, client_of):
    services.record(actor="<script>alert(1)</script>", action="x", account=people.account)
    page = client_of(people.alice).get("/111122223333/audit/").content.decode()
    assert "<script>alert(1)" not in page


def test_old_entries_and_ended_links_are_pruned_and_no_others(people):
    write(people, 2)
    AuditEntry.objects.filter(resource="thing-0").update(at=timezone.now() - timedelta(days=400))
    services.create_sign_in_link(user=people.bob.user)
    services.create_sign_in_link(user=people.bob.user, lifetime=timedelta(days=-500))
    assert services.prune_records(before=timezone.now() - timedelta(days=365)) == 1
    assert AuditEntry.objects.filter(resource="thing-1").exists()
    assert SignInLink.objects.count() == 1
