"""Environment variables at rest: encrypted with a key derived from ENCRYPTION_KEY."""

import json
from collections.abc import Mapping

from cryptography.fernet import InvalidToken

from runner.sealing import cipher

# Bound to its use, so that a key shared with another store opens nothing here.
PURPOSE = "virga.functions.environment:"


class KeyChanged(Exception):
    """Variables were stored under another ENCRYPTION_KEY: restore it, or set them anew."""


def seal(variables: Mapping[str, str]) -> bytes:
    """The variables as the database keeps them."""
    if not variables:
        return b""
    return cipher(PURPOSE).encrypt(json.dumps(dict(variables)).encode())


def unseal(sealed: bytes | memoryview) -> dict[str, str]:
    """The variables in clear. Raises KeyChanged when the key is not the one that sealed them."""
    if not sealed:
        return {}
    try:
        clear = cipher(PURPOSE).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise KeyChanged(KeyChanged.__doc__) from error
    return dict(json.loads(clear))
