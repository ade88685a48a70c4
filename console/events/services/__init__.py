"""The only writers of test events and their runs.

Every function asks whether the person may, and writes the audit log. Another
person's private event is refused as if it did not exist.
"""

from console.events.services.exchange import (
    adopt_blueprint_events,
    copy_events,
    export_document,
    export_to_draft,
    import_document,
    import_from_draft,
    save_from_invocation,
)
from console.events.services.running import check_invocation, start_run, stop_run
from console.events.services.saving import (
    delete_event,
    duplicate_event,
    rename_event,
    restore_revision,
    save_event,
    share_event,
    unshare_event,
)

__all__ = [
    "adopt_blueprint_events",
    "check_invocation",
    "copy_events",
    "delete_event",
    "duplicate_event",
    "export_document",
    "export_to_draft",
    "import_document",
    "import_from_draft",
    "rename_event",
    "restore_revision",
    "save_event",
    "save_from_invocation",
    "share_event",
    "start_run",
    "stop_run",
    "unshare_event",
]
