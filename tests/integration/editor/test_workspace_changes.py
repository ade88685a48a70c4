"""Changing a workspace: all or nothing, and never over what another saved."""

import threading

import pytest
from django.db import connection

from console.errors import Invalid, NotFound
from editor import contents, queries, services
from editor.errors import PathTaken, SaveConflict
from editor.models import Workspace
from editor.services import Change
from runner.code import digest_of


def paths(workspace) -> list[str]:
    return [file.path for file in queries.listing(workspace)]


def text(workspace, path: str) -> str | None:
    return queries.read(workspace=workspace, path=path).content


def save(workspace, by, *changes: tuple[str, bytes, int]) -> int:
    return services.save_files(
        workspace=workspace, changes=[Change(*change) for change in changes], by=by
    )


def test_saving_grows_the_revision_and_gives_the_next_base(workspace, alice) -> None:
    assert save(workspace, alice, ("app.py", b"print(2)\n", 1)) == 2
    assert queries.revisions(workspace=workspace, paths=["app.py", "lib/a.py"]) == {
        "app.py": 2,
        "lib/a.py": 1,
    }
    assert save(workspace, alice, ("app.py", b"print(3)\n", 2)) == 3


def test_the_second_of_two_who_edit_one_file_is_shown_the_others(workspace, alice, bob) -> None:
    save(workspace, alice, ("app.py", b"# alice\n", 1))
    with pytest.raises(SaveConflict) as caught:
        save(workspace, bob, ("app.py", b"# bob\n", 1), ("lib/a.py", b"a = 2\n", 1))
    (theirs,) = caught.value.conflicts
    assert (theirs.path, theirs.content, theirs.revision, theirs.saved_by) == (
        "app.py",
        b"# alice\n",
        2,
        "alice",
    )
    assert text(workspace, "app.py") == "# alice\n"
    assert text(workspace, "lib/a.py") == "a = 1\n"
    assert save(workspace, bob, ("app.py", b"# both\n", theirs.revision)) == 3


def test_saving_what_is_there_already_is_no_conflict_and_no_change(workspace, bob) -> None:
    assert save(workspace, bob, ("app.py", b"print(1)\n", 0)) == 1


def test_a_file_deleted_meanwhile_is_a_conflict_too(workspace, alice, bob) -> None:
    services.delete(workspace=workspace, path="app.py", by=alice)
    with pytest.raises(SaveConflict) as caught:
        save(workspace, bob, ("app.py", b"# mine\n", 1))
    assert caught.value.conflicts[0].content is None
    save(workspace, bob, ("app.py", b"# mine\n", 0))
    assert text(workspace, "app.py") == "# mine\n"


def test_folders_are_renamed_and_deleted_with_all_in_them(workspace, alice) -> None:
    services.rename(workspace=workspace, old="lib", new="src/lib", by=alice)
    assert paths(workspace) == ["app.py", "src/lib/a.py", "src/lib/b.py"]
    services.delete(workspace=workspace, path="src", by=alice)
    assert paths(workspace) == ["app.py"]


def test_a_file_may_change_only_its_case(workspace, alice) -> None:
    services.rename(workspace=workspace, old="app.py", new="App.py", by=alice)
    assert "App.py" in paths(workspace)


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("app.py", "lib", PathTaken),
        ("app.py", "lib/a.py", PathTaken),
        ("lib", "lib/deep", Invalid),
        ("nothing", "x", NotFound),
        ("app.py", "../x", Invalid),
        ("LIB", "x", NotFound),
    ],
)
def test_a_rename_that_makes_no_sense_changes_nothing(workspace, alice, old, new, refusal) -> None:
    before = paths(workspace)
    with pytest.raises(refusal):
        services.rename(workspace=workspace, old=old, new=new, by=alice)
    assert paths(workspace) == before
    assert Workspace.objects.get().revision == 1


def test_uploads_ask_before_they_replace(workspace, alice) -> None:
    files = {"app.py": b"new\n", "data.bin": b"\0\1"}
    with pytest.raises(PathTaken, match=r"app\.py"):
        services.upload_files(workspace=workspace, files=files, by=alice)
    assert "data.bin" not in paths(workspace)
    services.upload_files(workspace=workspace, files=files, by=alice, replace=True)
    assert text(workspace, "app.py") == "new\n"
    assert text(workspace, "data.bin") is None


def test_limits_hold(workspace, alice) -> None:
    with pytest.raises(Invalid, match="25 MB"):
        save(workspace, alice, ("big", bytes(contents.MAX_FILE_BYTES + 1), 0))
    for number in range(9):
        save(workspace, alice, (f"big{number}", bytes([number]) * contents.MAX_FILE_BYTES, 0))
    with pytest.raises(Invalid, match="250 MB"):
        save(workspace, alice, ("one-more", bytes(contents.MAX_FILE_BYTES), 0))


def test_what_is_refused_leaves_nothing_in_the_store(workspace, alice) -> None:
    for path, content, base in (("app.py", b"a conflict\n", 7), ("lib", b"a folder\n", 0)):
        with pytest.raises((SaveConflict, PathTaken, Invalid)):
            save(workspace, alice, (path, content, base))
        with pytest.raises(FileNotFoundError):
            contents.store().get_blob(digest_of(content))
    save(workspace, alice, ("kept.py", b"kept = 1\n", 0))
    assert contents.store().get_blob(digest_of(b"kept = 1\n")) == b"kept = 1\n"


def test_the_tree_is_that_of_the_files_now(workspace, alice) -> None:
    first = services.tree_of(workspace)
    save(workspace, alice, ("app.py", b"print(2)\n", 1))
    second = services.tree_of(workspace)
    save(workspace, alice, ("app.py", b"print(1)\n", 2))
    assert second != first
    assert services.tree_of(workspace) == first
    assert set(contents.store().get_tree(first)) == {"app.py", "lib/a.py", "lib/b.py"}


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_at_once_exactly_one_wins(workspace, alice, bob) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def attempt(number: int) -> None:
        start.wait()
        try:
            save(workspace, alice, ("app.py", f"# {number}\n".encode(), 1))
            outcomes.append("saved")
        except SaveConflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 5 + ["saved"]
    assert Workspace.objects.get().revision == 2
