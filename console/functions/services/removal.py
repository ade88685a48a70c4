"""Deleting functions."""

from django.db import transaction

from console.accounts.models import User
from console.accounts.roles import Action
from console.accounts.services.audit import record
from console.errors import Invalid
from console.functions import queries
from console.functions.models import Function
from runner import services as runner


def delete_function(*, function: Function, typed_name: str, by: User | None) -> None:
    """Delete a function with its draft, versions, test events and records of its runs.

    Refuses with Invalid unless the name was typed as it is.
    """
    if typed_name != function.name:
        raise Invalid(f"Type {function.name} to confirm that it is to be deleted.", field="name")
    arn = queries.arn_of(function)
    with transaction.atomic():
        draft = function.draft
        function.delete()
        draft.delete()
        record(
            actor=by,
            action=Action.DELETE_FUNCTION,
            account=function.account_id,
            resource=arn,
        )
    runner.forget_function(account_id=function.account_id, function_arn=arn)
