"""The Code tab of a function as a test uses it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.installation import Installation

# Answers come late where a machine runs other things too.
expect.set_options(timeout=15_000)

MAKE = """
import json, pathlib
from console.accounts.models import Account, User
from console.functions.services import create_function
for name, files in json.loads(pathlib.Path({wanted!r}).read_text()).items():
    create_function(
        account=Account.objects.first(), name=name, runtime="python3.12", by=User.objects.first(),
        files={{path: text.encode("latin-1") for path, text in files.items()}},
        handler="app.handler",
    )
print("ACCOUNT", Account.objects.first().pk)
"""
MEMBER = """
from console.accounts.models import Account, Membership, User
user = User.objects.create_user("the-{role}")
Membership.objects.create(account=Account.objects.first(), user=user, role="{role}")
"""
SAVE = """
from console.functions.models import Function
from editor.models import File
from editor.services import Change, save_files
draft = Function.objects.get(name="{name}").draft
base = File.objects.get(workspace=draft, path="app.py").revision
save_files(workspace=draft, changes=[Change("app.py", {content!r}.encode(), base)], by=None)
"""
HELLO = """import json


def handler(event, context):
    print("hello from the sandbox")
    return {"statusCode": 200, "body": json.dumps(event)}
"""
SLOW = """import time


def handler(event, context):
    for count in range(50):
        print("tick", count, flush=True)
        time.sleep(0.1)
    return "done"
"""
FILES = {"app.py": HELLO, "lib/texts.py": "GREETING = 'bonjour'\n", "logo.png": "\x89PNG\x00\x01"}

OpenTab = Callable[..., Page]


@dataclass(frozen=True)
class Code:
    """The function of one test."""

    installation: Installation
    name: str
    url: str

    def save_as_somebody_else(self, content: str) -> None:
        """Save app.py from outside the browser."""
        self.installation.manage("shell", "-c", SAVE.format(name=self.name, content=content))

    def link_of_member(self, role: str) -> str:
        """Make somebody a member in a role; a link that signs them in."""
        self.installation.manage("shell", "-c", MEMBER.format(role=role))
        return self.installation.sign_in_link(f"the-{role}")


def name_of(item: pytest.Item) -> str:
    """The name of a test's function."""
    return re.sub(r"\W+", "_", item.name.removeprefix("test_").replace("chromium", ""))[-60:]


def write(page: Page, text: str) -> None:
    """Type at the end of the open file."""
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def replace(page: Page, text: str) -> None:
    """Paste text in place of the open file's."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.locator(".ve-monaco").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+v")


def result(page: Page, word: str) -> None:
    expect(page.locator(".vr-title")).to_have_text(f"Execution result: {word}", timeout=20_000)
