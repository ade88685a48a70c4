"""The runtime inside a ChildSandbox: a few lines of the Runtime API over http.client."""

import http.client
import importlib
import json
import os
import sys
import time
import traceback


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self.deadline_ms - int(time.time() * 1000))


def told(error):
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": "",
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    )


def main():
    line = sys.stdin.buffer.readline()
    if not line:
        return
    order = json.loads(line)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.path.insert(0, os.environ["TEST_CODE"])
    sys.stdout.reconfigure(line_buffering=True)
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    base = "/2018-06-01/runtime"
    module, _, name = order["handler"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        headers = {"Lambda-Runtime-Function-Error-Type": "Runtime." + type(error).__name__}
        api.request("POST", f"{base}/init/error", told(error), headers)
        api.getresponse().read()
        sys.exit(1)
    while True:
        api.request("GET", f"{base}/invocation/next")
        answer = api.getresponse()
        event = json.loads(answer.read())
        context = Context(answer.headers)
        place = f"{base}/invocation/{context.aws_request_id}"
        try:
            body = json.dumps(handler(event, context))
        except Exception as error:
            headers = {"Lambda-Runtime-Function-Error-Type": type(error).__name__}
            api.request("POST", f"{place}/error", told(error), headers)
        else:
            api.request("POST", f"{place}/response", body)
        sys.stdout.flush()
        api.getresponse().read()


main()
