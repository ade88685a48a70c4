"""An event source and the fields of its form."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a field is typed in, and what it becomes in the event."""

    TEXT = "text"
    LONG = "long"  # several lines
    NUMBER = "number"
    CHOICE = "choice"
    SUGGEST = "suggest"  # text, with values to pick from
    JSON = "json"


class Encoding(StrEnum):
    """What is done to a value on its way into the event, as the service does it."""

    NONE = ""
    URL = "url"
    BASE64 = "base64"
    LOGS = "awslogs"  # a CloudWatch Logs batch: JSON, gzip, base64


class Derived(StrEnum):
    """What a service computes from a value beside sending it."""

    MD5 = "md5"
    QUERY = "query"  # a query string as an object, several values of a name joined by commas
    QUERY_LAST = "query-last"  # … the last value of each name
    QUERY_LISTS = "query-lists"  # … all values of each name
    LISTS = "lists"  # an object with each value in a list


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a source's form. `derived` maps further tags to how they come from it."""

    name: str
    label: str
    help: str
    kind: Kind
    default: str
    choices: tuple[str, ...] = ()
    encoding: Encoding = Encoding.NONE
    derived: tuple[tuple[str, Derived], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of event of one service. `id` is "service/event".

    `fresh` maps a JSON pointer of the template to the computed value (see
    `rendering.Moment`) that replaces the sample's fixed one.
    """

    id: str
    service: str
    label: str
    about: str
    words: str
    fields: tuple[Field, ...]
    template: object = field(compare=False, repr=False)
    fresh: tuple[tuple[str, str], ...] = ()

    def defaults(self) -> dict[str, str]:
        """The form as it is first shown."""
        return {field.name: field.default for field in self.fields}
