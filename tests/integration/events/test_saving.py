"""Saving test events: who may, what is kept, what is refused."""

import pytest

from console.accounts.models import AuditEntry
from console.errors import Conflict, Forbidden, Invalid, NotFound
from console.events import queries, services
from console.events.models import TestEvent
from tests.integration.events.conftest import save


def names(function, user) -> list[str]:
    return [event.name for event in queries.visible(function=function, user=user)]


def test_an_event_is_kept_byte_for_byte_as_it_was_typed(function, bob):
    body = '{ "b":1,\r\n\t"a" : 1.0, "n": 12345678901234567890 }\n\n'
    event = save(function, bob, body=body)
    assert TestEvent.objects.get(pk=event.pk).body == body


def test_a_private_event_is_its_owners_alone(function, alice, bob):
    event = save(function, alice)
    assert names(function, alice) == ["hello"]
    assert names(function, bob) == []
    for refused in (
        lambda: queries.event_for(function=function, user=bob, event_id=event.pk),
        lambda: save(function, bob, event_id=event.pk),
        lambda: services.rename_event(function=function, by=bob, event_id=event.pk, name="x"),
        lambda: services.share_event(function=function, by=bob, event_id=event.pk),
        lambda: services.delete_event(function=function, by=bob, event_id=event.pk),
        lambda: services.duplicate_event(function=function, by=bob, event_id=event.pk),
        lambda: services.restore_revision(function=function, by=bob, event_id=event.pk, revision=1),
        lambda: services.export_document(function=function, by=bob, ids=[event.pk]),
    ):
        with pytest.raises(NotFound):
            refused()
    assert TestEvent.objects.get(pk=event.pk).name == "hello"


def test_a_shared_event_may_be_changed_by_everyone_who_may_save(function, alice, bob, vera):
    event = save(function, alice, sharing="shared")
    assert names(function, bob) == names(function, vera) == ["hello"]
    save(function, bob, event_id=event.pk, body="[]", sharing="shared")
    with pytest.raises(Forbidden):
        save(function, vera, event_id=event.pk, sharing="shared")


def test_a_stranger_learns_nothing(function, alice, charlie):
    event = save(function, alice, sharing="shared")
    with pytest.raises(NotFound, match="no such account"):
        save(function, charlie, event_id=event.pk)


def test_only_the_owner_makes_a_shared_event_private(function, alice, bob):
    event = save(function, alice, sharing="shared")
    with pytest.raises(Forbidden, match="Only alice"):
        services.unshare_event(function=function, by=bob, event_id=event.pk)
    services.unshare_event(function=function, by=alice, event_id=event.pk)
    assert names(function, bob) == []


def test_a_name_is_taken_once_among_shared_and_once_among_a_persons_own(function, alice, bob):
    save(function, alice)
    save(function, bob)
    save(function, alice, sharing="shared")
    with pytest.raises(Conflict, match="You already have an event named “hello”"):
        save(function, alice)
    with pytest.raises(Conflict, match="already has a shared event") as refusal:
        save(function, bob, sharing="shared")
    assert refusal.value.field == "name"
    own = queries.visible(function=function, user=bob).get(sharing="private")
    with pytest.raises(Conflict):
        services.share_event(function=function, by=bob, event_id=own.pk)


def test_a_change_makes_a_revision_and_the_same_again_does_not(function, alice):
    event = save(function, alice)
    again = save(function, alice, event_id=event.pk)
    changed = save(function, alice, event_id=event.pk, body="{}")
    renamed = services.rename_event(function=function, by=alice, event_id=event.pk, name="renamed")
    assert [again.revision, changed.revision, renamed.revision] == [1, 2, 2]
    assert [one.revision for one in queries.history(event)] == [2, 1]


def test_an_old_revision_comes_back_as_the_newest(function, alice):
    expectation = {"outcome": "fails"}
    event = save(function, alice, expectation=expectation)
    save(function, alice, event_id=event.pk, body="{}", expectation={})
    restored = services.restore_revision(function=function, by=alice, event_id=event.pk, revision=1)
    assert (restored.body, restored.expectation) == ('{"a": 1}', expectation)
    assert restored.revision == 3
    with pytest.raises(NotFound, match="not kept any more"):
        services.restore_revision(function=function, by=alice, event_id=event.pk, revision=9)


def test_old_revisions_are_dropped(function, alice):
    event = save(function, alice)
    for number in range(60):
        save(function, alice, event_id=event.pk, body=str(number))
    assert event.revisions.count() == 50


def test_a_save_on_top_of_somebody_elses_is_refused_and_names_them(function, alice, bob):
    event = save(function, alice, sharing="shared")
    save(function, bob, event_id=event.pk, body="[1]", sharing="shared", base=1)
    with pytest.raises(Conflict, match="bob saved “hello” while you had it open"):
        save(function, alice, event_id=event.pk, body="[2]", sharing="shared", base=1)
    assert TestEvent.objects.get(pk=event.pk).body == "[1]"


def test_an_expectation_not_spoken_of_stays(function, alice):
    event = save(function, alice, expectation={"outcome": "fails"})
    changed = save(function, alice, event_id=event.pk, body="{}")
    assert changed.expectation == {"outcome": "fails"}


def test_a_change_empties_the_last_outcome(function, alice):
    event = save(function, alice)
    TestEvent.objects.update(last_outcome="passed")
    assert save(function, alice, event_id=event.pk, body="{}").last_outcome == ""


def test_copies_have_names_of_their_own(function, alice):
    event = save(function, alice, name="n" * 64, expectation={"outcome": "fails"})
    one = services.duplicate_event(function=function, by=alice, event_id=event.pk)
    two = services.duplicate_event(function=function, by=alice, event_id=event.pk)
    assert one.name.endswith("n copy")
    assert two.name.endswith("n copy 2")
    assert len(one.name) == len(two.name) == 64
    assert two.expectation == {"outcome": "fails"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"body": "{"}, "body"),
        ({"name": "a/b"}, "name"),
        ({"sharing": "public"}, "sharing"),
        ({"expectation": {"outcome": "maybe"}}, "outcome"),
        ({"fields": {"a": 1}}, "fields"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(function, alice, values, field):
    with pytest.raises(Invalid) as refusal:
        save(function, alice, **values)
    assert refusal.value.field == field
    assert not TestEvent.objects.exists()


def test_an_unknown_source_is_refused(function, alice):
    with pytest.raises(NotFound, match="no event source"):
        save(function, alice, source="s3/nothing")


def test_everything_is_in_the_audit_log_without_the_body(function, alice):
    event = save(function, alice, body='{"secret": 1}')
    services.share_event(function=function, by=alice, event_id=event.pk)
    services.unshare_event(function=function, by=alice, event_id=event.pk)
    services.rename_event(function=function, by=alice, event_id=event.pk, name="new")
    services.delete_event(function=function, by=alice, event_id=event.pk)
    entries = AuditEntry.objects.filter(action__startswith="event.").order_by("pk")
    assert [entry.action for entry in entries] == [
        "event.save", "event.share", "event.unshare", "event.rename", "event.delete",
    ]  # fmt: skip
    assert all("secret" not in str(entry.detail) for entry in entries)
    assert entries[0].resource.endswith(":function:greet/test-event/hello")


def test_events_go_with_their_function(function, alice):
    save(function, alice)
    function.delete()
    assert not TestEvent.objects.exists()


def test_what_only_its_owner_saw_goes_with_them_and_what_they_shared_stays(function, alice, bob):
    save(function, alice, name="private")
    save(function, alice, name="shared", sharing="shared")
    save(function, bob, name="of another")
    alice.delete()
    kept = dict(TestEvent.objects.values_list("name", "owner__username"))
    assert kept == {"shared": None, "of another": "bob"}
