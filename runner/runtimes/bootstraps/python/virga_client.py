"""A runtime interface client for Pythons that awslambdaric does not serve.

Speaks the Runtime API over one kept connection and answers with the error
types, messages and log lines of the official client. Standard library only,
Python 3.9 and later.
"""

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

_ROOT = "/2018-06-01/runtime/"
_NBSP = "\u00a0"
_request_id = ""


class Fault(Exception):
    """A failure with an error type of the runtime's own."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = list(trace)


class Connection:
    """One kept-alive connection to the Runtime API."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._peer = (host, int(port))
        self._address = address
        self._socket = None
        self._buffer = b""

    def request(self, method, path, body=b"", headers=()):
        """Send one request and return its status, headers and body."""
        lines = [f"{method} {_ROOT}{path} HTTP/1.1", f"Host: {self._address}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")
        if self._socket is None:
            self._socket = socket.create_connection(self._peer)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._buffer = b""
        self._socket.sendall(head + body)
        return self._answer()

    def _answer(self):
        head, _, self._buffer = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        status_line, *lines = head.decode("utf-8").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        if headers.get("connection", "").lower() == "close":
            self._socket.close()
            self._socket = None
        return int(status_line.split(" ")[1]), headers, body

    def _until(self, end):
        while end not in self._buffer:
            self._receive()
        return self._buffer

    def _receive(self):
        piece = self._socket.recv(262144)
        if not piece:
            raise ConnectionError("The Runtime API closed the connection")
        self._buffer += piece


class _Fields:
    """An object of client_context or identity: missing names are None."""

    def __init__(self, names, values):
        for name in names:
            setattr(self, name, (values or {}).get(name))


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers):
        environ = os.environ
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))
        identity = _header_json(headers, "cognito-identity", "Cognito Identity") or {}
        self.identity = _Fields(
            ("cognito_identity_id", "cognito_identity_pool_id"),
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            },
        )
        self.client_context = None
        client = _header_json(headers, "client-context", "Client Context")
        if client is not None:
            self.client_context = _Fields(("custom", "env", "client"), client)
            if self.client_context.client is not None:
                names = (
                    "installation_id",
                    "app_title",
                    "app_version_name",
                    "app_version_code",
                    "app_package_name",
                )
                self.client_context.client = _Fields(names, self.client_context.client)

    def get_remaining_time_in_millis(self):
        """Milliseconds until the function is stopped."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        """Write to the log."""
        sys.stdout.write(str(message))


class _Lines(logging.Handler):
    def emit(self, record):
        record.aws_request_id = _request_id
        sys.stdout.write(self.format(record))


def run(handler):
    """Load the handler, then answer events for ever."""
    connection = Connection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    _set_logging()
    try:
        function = _load(handler)
    except Fault as fault:
        error = _error(fault.kind, fault.message, fault.trace, "")
    except Exception:
        error = _error_of_user("")
    else:
        while True:
            _serve_one(connection, function)
    _log(error)
    headers = [("Lambda-Runtime-Function-Error-Type", error["errorType"])]
    connection.request("POST", "init/error", json.dumps(error).encode(), headers)
    sys.exit(1)


def _serve_one(connection, function):
    global _request_id
    status, headers, body = connection.request("GET", "invocation/next")
    if status != 200:
        raise RuntimeError(f"Failed to get the next event: {status}")
    _request_id = headers["lambda-runtime-aws-request-id"]
    if "lambda-runtime-trace-id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    path = f"invocation/{_request_id}/"
    try:
        result, kind = _marshal(function(_event(body), Context(headers)))
    except Fault as fault:
        error = _error(fault.kind, fault.message, fault.trace, _request_id)
    except Exception:
        error = _error_of_user(_request_id)
    else:
        status, _, _ = connection.request(
            "POST", path + "response", result, [("Content-Type", kind)]
        )
        if status != 202:
            raise RuntimeError(f"Failed to post the response: {status}")
        return
    _log(error)
    connection.request(
        "POST",
        path + "error",
        json.dumps(error).encode(),
        [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Function-Error-Type", error["errorType"]),
        ],
    )


def _load(handler):
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)",
        )
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            f"Cannot use built-in module {module_name} as a handler module",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {error}",
            [place],
        ) from None
    try:
        return getattr(module, name)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'"
        ) from None


def _event(body):
    try:
        return json.loads(body)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def _plain(value):
    import decimal

    if isinstance(value, decimal.Decimal):
        return float(value)  # rounds long ones: json has no hook for exact digits
    if isinstance(value, bytes):
        return value.decode()  # as the official client's encoder has it
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _marshal(result):
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return json.dumps(result, default=_plain).encode(), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def _header_json(headers, name, label):
    text = headers.get("lambda-runtime-" + name)
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise Fault(
            "Runtime.LambdaContextUnmarshalError", f"Unable to parse {label} JSON: {error}"
        ) from None


def _error(kind, message, trace, request_id):
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": list(trace),
    }


def _error_of_user(request_id):
    kind, value, place = sys.exc_info()
    frames = traceback.extract_tb(place)
    while frames and frames[0].filename == __file__:
        del frames[0]
    return _error(kind.__name__, str(value), traceback.format_list(frames), request_id)


def _set_logging():
    logging.Formatter.converter = time.gmtime
    handler = _Lines()
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
            "%Y-%m-%dT%H:%M:%S",
        )
    )
    logging.getLogger().addHandler(handler)


def _log(error):
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}"]
    lines.append("Traceback (most recent call last):")
    for entry in error["stackTrace"]:
        for line in entry.splitlines():
            bare = line.lstrip(" ")
            lines.append(_NBSP * (len(line) - len(bare)) + bare)
    # One record of the log has one line end, at its end; inside, lines end in \r.
    sys.stdout.write("\r".join(lines) + "\n")
