"""The only writers of functions. Edges authorise; each change is audited here.

`invoke` is the one way to run a function, for the page, for the AWS API, for
triggers and for the gateway alike.
"""

from console.functions.services.configuration import configure, reveal, set_environment, set_tags
from console.functions.services.creation import create_function, duplicate_function
from console.functions.services.deployment import Deploy, deploy, finish_deploys
from console.functions.services.invocation import (
    DRAFT,
    invoke,
    stop,
)
from console.functions.services.removal import delete_function
from console.functions.services.versions import publish_version

__all__ = [
    "DRAFT",
    "Deploy",
    "configure",
    "create_function",
    "delete_function",
    "deploy",
    "duplicate_function",
    "finish_deploys",
    "invoke",
    "publish_version",
    "reveal",
    "set_environment",
    "set_tags",
    "stop",
]
