"""Making functions: from files, from an archive, from another function."""

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from console.accounts.models import Account, User
from console.accounts.roles import Action
from console.accounts.services.audit import record
from console.errors import Invalid
from console.functions import queries, runtimes, values
from console.functions.blueprints import SampleEvent
from console.functions.errors import NameTaken
from console.functions.models import Function, FunctionVersion
from console.functions.services.latest import settle
from console.functions.signals import function_created
from editor import services as editor
from editor.contents import store
from editor.models import Workspace


def create_function(
    *,
    account: Account,
    name: str,
    runtime: str,
    by: User | None,
    files: Mapping[str, bytes] | None = None,
    archive: bytes | None = None,
    handler: str = "",
    description: str = "",
    memory_mb: int = 128,
    timeout_s: int = 3,
    tmp_mb: int = 512,
    events: Sequence[SampleEvent] = (),
) -> Function:
    """Create a function from files or from a zip; they are its draft and its $LATEST.

    Refuses with NameTaken, with Invalid a setting out of its limits or an
    unknown runtime, and with the runner's CodeInvalid a zip that can't be taken.
    """
    values.check_name(name)
    language = runtimes.info(runtime).language
    handler = values.check_handler(handler or runtimes.DEFAULT_HANDLERS.get(language, ""))
    values.check_description(description)
    values.check_numbers(memory_mb=memory_mb, timeout_s=timeout_s, tmp_mb=tmp_mb)
    tree = _tree(files, archive)
    with transaction.atomic():
        function = _named(account, name, tree, by, description=description)
        latest = FunctionVersion(
            function=function,
            version=FunctionVersion.LATEST,
            runtime=runtime,
            handler=handler,
            memory_mb=memory_mb,
            timeout_s=timeout_s,
            tmp_mb=tmp_mb,
            code=tree,
            draft_revision=function.draft.revision,
        )
        settle(latest, by=by)
        _announce(function, by, Action.CREATE_FUNCTION, {"runtime": runtime})
        function_created.send(
            Function, function=function, by=by, events=list(events), duplicate_of=None
        )
    return function


def duplicate_function(*, function: Function, name: str, by: User | None) -> Function:
    """Create a function with another's draft, configuration, variables and tags.

    Refuses with NameTaken and Invalid as `create_function`.
    """
    values.check_name(name)
    tree = editor.tree_of(function.draft)
    source = queries.version_of(function)
    with transaction.atomic():
        copy = _named(
            function.account,
            name,
            tree,
            by,
            description=function.description,
            tags=function.tags,
            reserved_concurrency=function.reserved_concurrency,
        )
        latest = FunctionVersion(
            function=copy,
            version=FunctionVersion.LATEST,
            runtime=source.runtime,
            handler=source.handler,
            memory_mb=source.memory_mb,
            timeout_s=source.timeout_s,
            tmp_mb=source.tmp_mb,
            environment=bytes(source.environment),
            code=tree,
            draft_revision=copy.draft.revision,
        )
        settle(latest, by=by)
        _announce(copy, by, Action.CREATE_FUNCTION, {"duplicate_of": function.name})
        function_created.send(Function, function=copy, by=by, events=[], duplicate_of=function)
    return copy


def _tree(files: Mapping[str, bytes] | None, archive: bytes | None) -> str:
    if archive is not None:
        tree = store().put_zip(archive)
        if not store().get_tree(tree):
            raise Invalid("The zip holds no file.", field="archive")
        return tree
    if not files:
        raise Invalid("A function needs at least one file.", field="files")
    return editor.tree_from(files)


def _named(account: Account, name: str, tree: str, by: User | None, **fields: object) -> Function:
    # Looked at before, so that a name that is taken costs no workspace; the
    # constraint decides between two who ask at once.
    if Function.objects.filter(account=account, name=name).exists():
        raise _taken(name)
    draft: Workspace = editor.create_workspace_of_tree(account=account, name=name, tree=tree, by=by)
    try:
        with transaction.atomic():
            return Function.objects.create(
                account=account, name=name, draft=draft, created_by=by, **fields
            )
    except IntegrityError as error:
        raise _taken(name) from error


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a function {name} already: choose another name.", field="name")


def _announce(
    function: Function, by: User | None, action: Action, detail: Mapping[str, object]
) -> None:
    record(
        actor=by,
        action=action,
        account=function.account_id,
        resource=queries.arn_of(function),
        detail=detail,
    )
