"""Addresses of test events: all under their function."""

from django.urls import URLPattern, path

from console.events.views import exchange, history, runs, saved, sources

AT = "functions/<str:name>/events/"
ONE = f"{AT}<int:event_id>/"
RUN = f"{AT}runs/<int:run_id>/"

urlpatterns: list[URLPattern] = [
    path(AT, saved.events, name="test-events"),
    path(f"{AT}save/", saved.save, name="test-event-save"),
    path(f"{AT}sources/", sources.sources, name="test-event-sources"),
    path(f"{AT}render/", sources.render, name="test-event-render"),
    path(f"{AT}export/", exchange.export, name="test-events-export"),
    path(f"{AT}import/", exchange.import_file, name="test-events-import"),
    path(f"{AT}import-draft/", exchange.import_draft, name="test-events-import-draft"),
    path(f"{AT}export-draft/", exchange.export_draft, name="test-events-export-draft"),
    path(
        f"{AT}from-invocation/<uuid:request_id>/",
        saved.from_invocation,
        name="test-event-from-invocation",
    ),
    path(f"{AT}run/", runs.start, name="test-events-run"),
    path(RUN, runs.progress, name="test-events-progress"),
    path(f"{RUN}stop/", runs.stop, name="test-events-stop"),
    path(ONE, saved.event, name="test-event"),
    path(f"{ONE}rename/", saved.rename, name="test-event-rename"),
    path(f"{ONE}share/", saved.share, name="test-event-share"),
    path(f"{ONE}unshare/", saved.unshare, name="test-event-unshare"),
    path(f"{ONE}duplicate/", saved.duplicate, name="test-event-duplicate"),
    path(f"{ONE}delete/", saved.delete, name="test-event-delete"),
    path(f"{ONE}restore/", saved.restore, name="test-event-restore"),
    path(f"{ONE}history/", history.history, name="test-event-history"),
    path(f"{ONE}check/<uuid:request_id>/", runs.check, name="test-event-check"),
]
