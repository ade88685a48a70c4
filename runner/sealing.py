"""Secrets at rest: encrypted under keys derived from ENCRYPTION_KEY."""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet
from django.conf import settings


def cipher(purpose: str = "") -> Fernet:
    """The cipher of one use: what another use's has sealed, it does not open."""
    return _cipher(purpose + settings.ENCRYPTION_KEY)


@lru_cache(maxsize=8)
def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
