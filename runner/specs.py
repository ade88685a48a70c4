"""Frozen specs: stored once by content, their variables encrypted."""

import json
import threading
import time
from collections import OrderedDict

from cryptography.fernet import InvalidToken

from runner.errors import RunnerError
from runner.models import FrozenSpec
from runner.sealing import cipher
from runner.spec import FunctionSpec

KEPT = 512
STORED_S = 60.0

_lock = threading.Lock()
_stored: dict[str, float] = {}
_thawed: "OrderedDict[str, FunctionSpec]" = OrderedDict()


def seal(text: bytes) -> bytes:
    """Encrypt under the installation's key."""
    return cipher().encrypt(text)


def unseal(sealed: bytes) -> bytes:
    """Decrypt. Raises RunnerError when the key is not the one it was sealed with."""
    try:
        return cipher().decrypt(sealed)
    except InvalidToken as error:
        raise RunnerError(
            "The variables were encrypted with another key: restore VIRGA_ENCRYPTION_KEY "
            "or set the function's variables again."
        ) from error


def freeze(spec: FunctionSpec) -> FrozenSpec:
    """The stored form of a spec, made when there is none yet.

    One that was seen stored within the last minute is not asked for again:
    an invocation that used it keeps it from being pruned. See `stored`.
    """
    digest = spec.digest()
    with _lock:
        if time.monotonic() - _stored.get(digest, -STORED_S) < STORED_S:
            return FrozenSpec(digest=digest)
    document = {
        name: getattr(spec, name)
        for name in FunctionSpec.__slots__
        if name not in ("environment", "layers")
    }
    document["layers"] = list(spec.layers)
    frozen, _ = FrozenSpec.objects.get_or_create(
        digest=digest,
        defaults={
            "account_id": spec.account_id,
            "document": document,
            "environment": seal(json.dumps(dict(spec.environment)).encode()),
        },
    )
    _remember(digest, spec)
    return frozen


def stored(digest: str, yes: bool = True) -> None:
    """Note that a spec was seen stored (its invocation is committed), or was not after all."""
    with _lock:
        if yes:
            _stored.pop(digest, None)
            _stored[digest] = time.monotonic()
            while len(_stored) > KEPT:
                _stored.pop(next(iter(_stored)))
        else:
            _stored.pop(digest, None)


def thaw(digest: str) -> FunctionSpec:
    """A spec from its stored form; the last few hundred are kept in memory."""
    with _lock:
        if digest in _thawed:
            _thawed.move_to_end(digest)
            return _thawed[digest]
    frozen = FrozenSpec.objects.get(digest=digest)
    fields = dict(frozen.document)
    fields["layers"] = tuple(fields["layers"])
    fields["environment"] = json.loads(unseal(bytes(frozen.environment)))
    spec = FunctionSpec(**fields)
    _remember(digest, spec)
    return spec


def _remember(digest: str, spec: FunctionSpec) -> None:
    with _lock:
        _thawed[digest] = spec
        _thawed.move_to_end(digest)
        while len(_thawed) > KEPT:
            _thawed.popitem(last=False)
