"""Shared fixtures only: an installation's home per run, people and accounts."""

import os
import tempfile

os.environ["VIRGA_HOME"] = tempfile.mkdtemp(prefix="virga-test-")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
