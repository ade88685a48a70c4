"""Environment variables at rest: encrypted with a key derived from ENCRYPTION_KEY."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class KeyChanged(Exception):
    """Variables were stored under another ENCRYPTION_KEY: restore it, or set them anew."""


def seal(variables: Mapping[str, str]) -> bytes:
    """The variables as the database keeps them."""
    if not variables:
        return b""
    return _cipher(settings.ENCRYPTION_KEY).encrypt(json.dumps(dict(variables)).encode())


def unseal(sealed: bytes | memoryview) -> dict[str, str]:
    """The variables in clear. Raises KeyChanged when the key is not the one that sealed them."""
    if not sealed:
        return {}
    try:
        clear = _cipher(settings.ENCRYPTION_KEY).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise KeyChanged(KeyChanged.__doc__) from error
    return dict(json.loads(clear))


@lru_cache(maxsize=2)
def _cipher(key: str) -> Fernet:
    # Bound to its use, so that a key shared with another store opens nothing here.
    derived = hashlib.sha256(b"virga.functions.environment:" + key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
