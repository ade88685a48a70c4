"""Tokens of links."""

import logging

import pytest
from django.conf import settings

from console.accounts.tokens import WithoutTokens, hash_of, new_token


def test_tokens_have_256_bits_and_do_not_repeat():
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) == 43 for token in made)


def test_a_hash_tells_nothing_of_the_token():
    token = new_token()
    assert len(hash_of(token)) == 64
    assert token not in hash_of(token)


@pytest.mark.parametrize("kind", ["link", "invitation"])
def test_no_token_reaches_a_log(kind: str) -> None:
    token = new_token()
    arguments = ("Forbidden", f"/{kind}/{token}")
    record = logging.LogRecord("django.request", 30, "", 0, "%s: %s", arguments, None)
    assert WithoutTokens().filter(record)
    assert record.getMessage() == f"Forbidden: /{kind}/[token]"


def test_the_settings_log_nothing_but_through_that() -> None:
    handlers = settings.LOGGING["handlers"]
    assert all("tokens" in handler["filters"] for handler in handlers.values())
