"""The catalogue as JSON."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from console.accounts.access import MemberRequest, member
from console.accounts.roles import Action
from console.errors import Invalid
from console.events import catalogue
from console.events.views import input as given


def shown(source: catalogue.Source) -> dict[str, Any]:
    """A source with its form, as scripts know it."""
    return {
        "id": source.id,
        "service": source.service,
        "label": source.label,
        "about": source.about,
        "words": source.words,
        "fields": [
            {
                "name": field.name,
                "label": field.label,
                "help": field.help,
                "kind": field.kind,
                "default": field.default,
                "choices": list(field.choices),
            }
            for field in source.fields
        ],
    }


@require_GET
@member(Action.VIEW)
def sources(request: MemberRequest, name: str) -> HttpResponse:
    """Every source with its form."""
    given.function_of(request, name)
    return JsonResponse([shown(source) for source in catalogue.sources()], safe=False)


@require_POST
@member(Action.VIEW)
def render(request: MemberRequest, name: str) -> HttpResponse:
    """The event of a source with these fields: {"body"}."""
    given.function_of(request, name)
    values = given.sent(request)
    fields = given.mapping(values, "fields") or {}
    if not all(isinstance(value, str) for value in fields.values()):
        raise Invalid("Fields are texts.", field="fields")
    return JsonResponse({"body": catalogue.render_text(given.text(values, "source"), fields)})
