"""A pytest plug-in: sandbox tests as an ordinary user, whose Python need not have all of ours."""

import os

from django.conf import settings

settings.configure(VIRGA_HOME=os.environ["VIRGA_HOME"])

from tests.sandboxes import isolating_rig, rig, rigs  # noqa: E402

__all__ = ["isolating_rig", "rig", "rigs"]
