"""Starts a Python function inside its sandbox.

As a program (`python -I -S /var/runtime/bootstrap.py`) it loads what every
function needs, then waits for one line of JSON on standard input:

    {"handler": "app.handler", "environment": {"AWS_REGION": "...", ...}}

End of file before a line ends it quietly. As a module, a zygote calls
`preload()` once and `serve(assignment)` in each child.

`preload` imports awslambdaric where it is installed (our `virga_client`
otherwise), and PRELOADED of the standard library. What the function then
sees is what it would see on Lambda: those of these modules that its own
files, layers or dependencies replace are forgotten again, `__main__` is
empty, and the client's own third-party modules are not in sys.modules.

The file runs on Python 3.9 and later and imports nothing of the console.
"""

import os
import sys

PRELOADED = (
    "base64",
    "collections.abc",
    "concurrent.futures.thread",
    "copy",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "http.client",
    "json",
    "logging",
    "pathlib",
    "random",
    "re",
    "socket",
    "ssl",
    "tempfile",
    "threading",
    "time",
    "traceback",
    "typing",
    "urllib.parse",
    "uuid",
)

_HERE = os.path.dirname(os.path.abspath(__file__))
_THIRD_PARTY = ("simplejson", "snapshot_restore_py", "runtime_client")
_LAYERS = "/opt/python"
_DEPENDENCIES = "/var/dependencies/python"
_DEFAULT_API = "127.0.0.1:9001"
_RESTARTED = "--restarted"

_ours = set()  # modules that only we have imported: a function's own of that name wins
_official = False


def preload():
    """Import the runtime client and the modules most functions use. Idempotent."""
    global _official
    if _ours:
        return
    import importlib

    # The client reads the address once, when it is imported.
    os.environ.setdefault("AWS_LAMBDA_RUNTIME_API", _DEFAULT_API)
    started = set(sys.modules)
    sys.path.insert(0, _HERE)
    try:
        try:
            importlib.import_module("awslambdaric.__main__")
            importlib.import_module("awslambdaric.lambda_literals")
            _official = True
        except ImportError:
            importlib.import_module("virga_client")
        client = set(sys.modules) - started
        for name in PRELOADED:
            importlib.import_module(name)
    finally:
        sys.path.remove(_HERE)
    _ours.update(set(sys.modules) - started - client)
    _ours.update(name for name in client if name.partition(".")[0] in _THIRD_PARTY)
    _add_site_builtins()

    import gc

    gc.collect()
    gc.freeze()


def wait():
    """Read the assignment from standard input; None at end of file."""
    import json

    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 65536)
        if not piece:
            return None
        line += piece
    return json.loads(line)


def serve(assignment, *, restarted=False):
    """Become the function: initialise it and answer events. Never returns."""
    handler = assignment["handler"]
    code = 1
    try:
        started_with = dict(os.environ)
        _set_environment(assignment["environment"])
        _set_streams()
        if not restarted:
            _restart_if_needed(started_with)
        _set_paths()
        _forget(_LAYERS, _DEPENDENCIES)
        code = _run(handler)
    finally:
        # os._exit: threads that a function left must not keep a finished sandbox alive.
        os._exit(code)


def _run(handler):
    import traceback

    try:
        if _official:
            _run_official(handler)
        else:
            import virga_client

            virga_client.run(handler)
        code = 0
    except SystemExit as exit_:
        code = _exit_code(exit_)
    except BaseException:
        # The client has reported what it could; this is its own failure, or a KeyboardInterrupt.
        traceback.print_exc()
        code = 1
    _end()
    return code


def _run_official(handler):
    import importlib

    from awslambdaric import bootstrap, lambda_runtime_client
    from awslambdaric.__main__ import main
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

    # These were made from the environment of a process that had no function yet.
    if "AWS_LAMBDA_LOG_FORMAT" in os.environ or "AWS_LAMBDA_LOG_LEVEL" in os.environ:
        importlib.reload(bootstrap)
    lambda_runtime_client.BaseLambdaRuntimeClient.marshaller = LambdaMarshaller()
    main([sys.argv[0], handler])


def _exit_code(exit_):
    if exit_.code is None:
        return 0
    if isinstance(exit_.code, int):
        return exit_.code & 0xFF
    print(exit_.code, file=sys.stderr)
    return 1


def _end():
    import atexit
    import contextlib

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _set_environment(environment):
    import time

    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _restart_if_needed(started_with):
    """Replace this process where a running one can't honour the function's variables.

    A wrapper script starts the runtime itself, and the loader reads
    LD_LIBRARY_PATH only once: that matters to functions and layers with
    libraries of their own.
    """
    wrapper = os.environ.get("AWS_LAMBDA_EXEC_WRAPPER", "")
    libraries = os.environ.get("LD_LIBRARY_PATH", "")
    late = libraries != started_with.get("LD_LIBRARY_PATH", "") and _has_libraries()
    if not wrapper and not late:
        return
    program = os.path.join(_HERE, "bootstrap.py")
    command = [sys.executable, "-s", "-S", program, _RESTARTED]
    if wrapper:
        command.insert(0, wrapper)
    try:
        os.execve(command[0], command, os.environ)
    except OSError as error:
        print(f"AWS_LAMBDA_EXEC_WRAPPER could not be run: {command[0]}: {error}", file=sys.stderr)
        os._exit(1)


def _has_libraries():
    for folder in ("/opt/lib", os.path.join(_task_root(), "lib")):
        try:
            if any(".so" in name for name in os.listdir(folder)):
                return True
        except OSError:
            continue
    return False


def _task_root():
    return os.environ.get("LAMBDA_TASK_ROOT", "/var/task")


def _set_streams():
    """Standard input is empty; what is printed leaves line by line, in UTF-8."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null:
        os.close(null)
    sys.stdout.reconfigure(encoding="utf-8", errors="strict", line_buffering=True)
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _set_paths():
    import types

    root = _task_root()
    os.chdir(root)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    wanted = [
        root,
        os.path.join(_LAYERS, "lib", version, "site-packages"),
        _LAYERS,
        _DEPENDENCIES,
        *os.environ.get("PYTHONPATH", "").split(os.pathsep),
        _HERE,
    ]
    standard = [path for path in sys.path if path not in wanted]
    sys.path[:] = [*dict.fromkeys(p for p in wanted if p and os.path.isdir(p)), *standard]
    # Folders looked at before the function's were mounted; invalidate_caches() would import more.
    sys.path_importer_cache.clear()
    sys.argv[:] = [os.path.join(_HERE, "bootstrap.py")]
    sys.modules.pop(__name__, None)
    sys.modules["__main__"] = types.ModuleType("__main__")


def _forget(*folders):
    """Drop preloaded modules that the function brings itself: on Lambda its own would win."""
    brought = set(_THIRD_PARTY)
    for folder in (os.getcwd(), *folders):
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        brought.update(entry.partition(".")[0] for entry in entries)
    for name in _ours:
        if name.partition(".")[0] in brought:
            sys.modules.pop(name, None)


def _add_site_builtins():
    """exit, quit, help and the like: -S leaves them out, functions use them."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def main():
    """The program."""
    preload()
    if sys.argv[1:] == [_RESTARTED]:
        environment = dict(os.environ)
        serve({"handler": environment["_HANDLER"], "environment": environment}, restarted=True)
    assignment = wait()
    if assignment is None:
        os._exit(0)
    serve(assignment)


if __name__ == "__main__":
    main()
