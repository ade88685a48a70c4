"""Tokens of links: 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import logging
import re
import secrets

from django.conf import settings


def new_token() -> str:
    """A token for an address, from 32 bytes of the system's randomness."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What the database holds. The token has full entropy: no salt or slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def address(*parts: str) -> str:
    """An absolute address of this installation, to be handed to somebody."""
    return "/".join((settings.PUBLIC_URL, *parts))


class WithoutTokens(logging.Filter):
    """Takes tokens out of what is logged: Django names the address of a refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        redacted = _IN_ADDRESS.sub(r"\1[token]", text)
        if redacted != text:
            record.msg, record.args = redacted, ()
        return True


_IN_ADDRESS = re.compile(r"(/(?:link|invitation)/)[\w-]{20,}")
