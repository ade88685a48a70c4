"""The variables a function sees: Lambda's own over the user's."""

from collections.abc import Mapping

from runner.runtimes import Interpreter
from runner.runtimes.table import version_of
from runner.spec import FunctionSpec

API = "127.0.0.1:9001"
TASK_ROOT = "/var/task"
RUNTIME_DIR = "/var/runtime"

_LIBRARIES = ":".join(
    (
        "/lib64",
        "/usr/lib64",
        RUNTIME_DIR,
        f"{RUNTIME_DIR}/lib",
        TASK_ROOT,
        f"{TASK_ROOT}/lib",
        "/opt/lib",
    )
)

_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)

_READ_AT_START = frozenset(
    {
        "AWS_LAMBDA_EXEC_WRAPPER",
        "MALLOC_ARENA_MAX",
        "NODE_COMPILE_CACHE",
        "NODE_DEBUG",
        "NODE_EXTRA_CA_CERTS",
        "NODE_ICU_DATA",
        "NODE_NO_WARNINGS",
        "NODE_OPTIONS",
        "NODE_PENDING_DEPRECATION",
        "NODE_V8_COVERAGE",
        "OPENSSL_CONF",
        "TZ",
        "UV_THREADPOOL_SIZE",
    }
)
_READ_AT_START_PREFIXES = ("PYTHON", "LD_", "GLIBC_")


def reserved_names() -> frozenset[str]:
    """The variables that a function may not set: Lambda's own, as AWS refuses them."""
    return _RESERVED


def start_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Those of a user's variables that an interpreter or the loader reads when it starts.

    A prepared sandbox has started without them, so they force a fresh one.
    PYTHONPATH does not: the bootstrap puts it into sys.path itself.
    """
    return {
        name: value
        for name, value in variables.items()
        if name in _READ_AT_START
        or (name.startswith(_READ_AT_START_PREFIXES) and name != "PYTHONPATH")
    }


def lambda_environment(
    spec: FunctionSpec,
    *,
    interpreter: Interpreter,
    log_stream: str,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The complete environment of one sandbox.

    What AWS lets a user override (PATH, LANG, TZ, PYTHONPATH, NODE_PATH,
    LD_LIBRARY_PATH) is under the user's variables; what AWS reserves, and
    `extra` (credentials, endpoint addresses), is over them.
    """
    # The runtime's own name: clients and libraries tell versions apart by it.
    execution = f"AWS_Lambda_{spec.runtime}"
    own = {
        "_HANDLER": spec.handler,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_EXECUTION_ENV": execution,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": spec.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.function_name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": API,
        "AWS_REGION": spec.region,
        "LAMBDA_RUNTIME_DIR": RUNTIME_DIR,
        "LAMBDA_TASK_ROOT": TASK_ROOT,
    }
    users = {k: v for k, v in spec.environment.items() if k not in _RESERVED}
    return {**_defaults(interpreter), **users, **own, **(extra or {})}


def _defaults(interpreter: Interpreter) -> dict[str, str]:
    folder = interpreter.path.rpartition("/")[0]
    path = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/bin"]
    if folder not in path:
        path.insert(0, folder)
    defaults = {
        "HOME": "/tmp",  # noqa: S108  the only folder a function can write to
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": _LIBRARIES,
        "PATH": ":".join(path),
        "TZ": ":UTC",
    }
    if interpreter.language == "python":
        defaults["PYTHONPATH"] = RUNTIME_DIR
    else:
        major = version_of(interpreter)[0]
        defaults["NODE_PATH"] = ":".join(
            (
                f"/opt/nodejs/node{major}/node_modules",
                "/opt/nodejs/node_modules",
                f"{RUNTIME_DIR}/node_modules",
                RUNTIME_DIR,
                TASK_ROOT,
                "/var/dependencies/node_modules",
            )
        )
    return defaults
