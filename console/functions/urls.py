"""Addresses of functions, under an account's."""

from django.urls import URLPattern, path, register_converter

from console.functions.views import api, configuration, creating, listing, monitor, page

app_name = "functions"


class FunctionName:
    """A function's name, but for the one that is the address of the create page."""

    regex = "(?!create/$)[A-Za-z0-9_-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FunctionName, "function")

ONE = "functions/<function:name>/"
RUN = ONE + "monitor/<uuid:request_id>/"

urlpatterns: list[URLPattern] = [
    path("functions/", listing.functions, name="list"),
    path("functions/create/", creating.create, name="create"),
    # A function may be called "create": its Code tab has this second address.
    path(ONE + "code/", page.code, name="code"),
    path(ONE, page.code, name="code"),
    path(ONE + "test/", page.test, name="test"),
    path(ONE + "monitor/", monitor.monitor, name="monitor"),
    path(RUN, monitor.run, name="run"),
    path(RUN + "again/", monitor.again, name="run-again"),
    path(RUN + "stop/", monitor.stop, name="run-stop"),
    path(ONE + "configuration/", configuration.part, name="configuration"),
    path(ONE + "configuration/environment/reveal/", configuration.reveal, name="reveal"),
    path(ONE + "configuration/<slug:part>/", configuration.part, name="configuration-part"),
    path(ONE + "aliases/", page.aliases, name="aliases"),
    path(ONE + "versions/", page.versions, name="versions"),
    path(ONE + "download/", page.download, name="download"),
    path(ONE + "duplicate/", creating.duplicate, name="duplicate"),
    path(ONE + "delete/", creating.delete, name="delete"),
    path(ONE + "draft-status/", api.draft_status, name="draft-status"),
    path(ONE + "deployed/files/", api.deployed_files, name="deployed-files"),
    path(ONE + "deployed/file/", api.deployed_file, name="deployed-file"),
    path(ONE + "deploy/", api.deploy, name="deploy"),
]
