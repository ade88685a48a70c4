"""Cookies follow the address at which the installation is reached."""

import json
import os
import subprocess
import sys

import pytest

from tests.needs import ROOT

ASK = """
import json
from django.conf import settings as s
print(json.dumps([s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY]))
"""


@pytest.mark.parametrize(
    ("address", "secure"), [("https://virga.example.org", True), ("http://localhost:8000", False)]
)
def test_cookies_are_secure_where_the_public_address_is(tmp_path, address, secure):
    environment = {k: v for k, v in os.environ.items() if k not in ("HOST", "TLS_CERT")}
    environment |= {"VIRGA_HOME": str(tmp_path), "PUBLIC_URL": address}
    environment["DJANGO_SETTINGS_MODULE"] = "console.settings"
    answer = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert json.loads(answer.stdout) == [secure, secure, True]
