"""The editor's JSON API: what its page calls to list, read, save and search files."""

import json
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.errors import Invalid
from editor import contents, queries, services
from editor.errors import SaveConflict, Theirs
from editor.models import Workspace
from editor.search import Query, search


@require_GET
@member(Action.VIEW)
def files(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    return _listing(_workspace(request, workspace_id))


@require_GET
@member(Action.VIEW)
def file(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    found = queries.read(
        workspace=_workspace(request, workspace_id), path=request.GET.get("path", "")
    )
    return JsonResponse(asdict(found))


@require_GET
@member(Action.VIEW)
def download(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    """One file as it is, never shown by the browser: it may be a page of somebody else's making."""
    path = request.GET.get("path", "")
    content = queries.raw(workspace=_workspace(request, workspace_id), path=path)
    response = HttpResponse(content, content_type="application/octet-stream")
    name = path.rsplit("/", 1)[-1]
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@require_POST
@member(Action.EDIT_DRAFT)
def save(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    workspace = _workspace(request, workspace_id)
    changes = changes_from(body_of(request).get("changes"))
    try:
        revision = services.save_files(workspace=workspace, changes=changes, by=request.user)
    except SaveConflict as conflict:
        return JsonResponse(conflict_as_json(conflict), status=conflict.status)
    return JsonResponse(saved_as_json(workspace, revision, changes))


@require_POST
@member(Action.EDIT_DRAFT)
def create(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    workspace = _workspace(request, workspace_id)
    body = body_of(request)
    content = _text(body, "content", default="").encode()
    services.create_file(
        workspace=workspace, path=_text(body, "path"), content=content, by=request.user
    )
    return _listing(workspace)


@require_POST
@member(Action.EDIT_DRAFT)
def rename(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    workspace = _workspace(request, workspace_id)
    body = body_of(request)
    services.rename(
        workspace=workspace, old=_text(body, "from"), new=_text(body, "to"), by=request.user
    )
    return _listing(workspace)


@require_POST
@member(Action.EDIT_DRAFT)
def delete(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    workspace = _workspace(request, workspace_id)
    services.delete(workspace=workspace, path=_text(body_of(request), "path"), by=request.user)
    return _listing(workspace)


@require_POST
@member(Action.EDIT_DRAFT)
def upload(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    workspace = _workspace(request, workspace_id)
    uploads, paths = request.FILES.getlist("files"), request.POST.getlist("paths")
    if not uploads:
        raise Invalid("No file was sent.", field="files")
    if paths and len(paths) != len(uploads):
        raise Invalid("Send one path with each file.", field="paths")
    folder = request.POST.get("folder", "").strip("/")
    received: dict[str, bytes] = {}
    for index, upload in enumerate(uploads):
        path = paths[index] if paths else upload.name or ""
        if (upload.size or 0) > contents.MAX_FILE_BYTES:
            raise Invalid(f"{path} is over 25 MB, the most a file may have.", field="files")
        received[f"{folder}/{path}" if folder else path] = upload.read()
    replace = request.POST.get("replace") == "1"
    services.upload_files(workspace=workspace, files=received, by=request.user, replace=replace)
    return _listing(workspace)


@require_GET
@member(Action.VIEW)
def find(request: MemberRequest, *, workspace_id: int) -> HttpResponse:
    workspace = _workspace(request, workspace_id)
    query = Query(
        text=request.GET.get("q", ""),
        case=request.GET.get("case") == "1",
        word=request.GET.get("word") == "1",
        is_regex=request.GET.get("regex") == "1",
    )
    rows = queries.file_rows(workspace)
    found = search(((row.path, contents.store().get_blob(row.blob)) for row in rows), query)
    return JsonResponse(asdict(found))


# -- what travels; the Test socket of a function's page says the same in the same words


def body_of(request: MemberRequest) -> dict[str, Any]:
    """A request's JSON object. Refuses with Invalid."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise Invalid("The request is not JSON.") from error
    if not isinstance(body, dict):
        raise Invalid("The request is not a JSON object.")
    return body


def changes_from(given: object) -> list[services.Change]:
    """The changes of a save, checked. Refuses with Invalid."""
    if not isinstance(given, list):
        raise Invalid("`changes` must be a list.", field="changes")
    changes = []
    for item in given:
        if not isinstance(item, dict):
            raise Invalid("Each change is an object.", field="changes")
        base = item.get("base", 0)
        if not isinstance(base, int) or isinstance(base, bool) or base < 0:
            raise Invalid("`base` is the revision that was edited, 0 for a new file.", field="base")
        try:
            content = _text(item, "content").encode()
        except UnicodeEncodeError as error:
            raise Invalid("The text holds half a character.", field="content") from error
        changes.append(services.Change(_text(item, "path"), content, base))
    return changes


def saved_as_json(
    workspace: Workspace, revision: int, changes: list[services.Change]
) -> dict[str, Any]:
    """What a save answers: the new revision of each file, the base of its next save."""
    names = {contents.named(change.path): change.path for change in changes}
    now = queries.revisions(workspace=workspace, paths=list(names))
    return {
        "revision": revision,
        "files": [{"path": path, "revision": now[path]} for path in names if path in now],
    }


def conflict_as_json(conflict: SaveConflict) -> dict[str, Any]:
    """A conflict with each file as it is now."""
    return {
        "code": conflict.code,
        "message": conflict.message,
        "field": conflict.field,
        "conflicts": [_theirs_as_json(theirs) for theirs in conflict.conflicts],
    }


def _theirs_as_json(theirs: Theirs) -> dict[str, Any]:
    content = theirs.content
    shown = content is not None and contents.is_text(content)
    return {
        "path": theirs.path,
        "content": content.decode() if content is not None and shown else None,
        "deleted": content is None,
        "revision": theirs.revision,
        "saved_by": theirs.saved_by,
        "saved_at": theirs.saved_at.isoformat() if theirs.saved_at else None,
    }


def _workspace(request: MemberRequest, workspace_id: int) -> Workspace:
    return queries.workspace_in(account_id=request.account.pk, workspace_id=workspace_id)


def _listing(workspace: Workspace) -> JsonResponse:
    revision = Workspace.objects.values_list("revision", flat=True).get(pk=workspace.pk)
    listed = [asdict(item) for item in queries.listing(workspace)]
    return JsonResponse({"revision": revision, "files": listed})


def _text(body: dict[str, Any], key: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str):
        raise Invalid(f"`{key}` must be text.", field=key)
    return value
