"""The variables a function sees."""

from runner.runtimes import Interpreter
from runner.runtimes.environment import lambda_environment, reserved_names, start_environment
from runner.spec import FunctionSpec

PYTHON = Interpreter("python", "3.11.2", "/usr/bin/python3")
NODE = Interpreter("node", "22.20.0", "/usr/local/bin/node")


def spec(**changes):
    fields = {
        "account_id": "123456789012",
        "region": "eu-west-1",
        "function_name": "orders",
        "version": "7",
        "runtime": "python3.12",
        "handler": "app.handler",
        "code": "abc",
        "memory_mb": 256,
    }
    return FunctionSpec(**{**fields, **changes})


def test_a_function_sees_lambdas_variables():
    seen = lambda_environment(spec(), interpreter=PYTHON, log_stream="2026/11/24/[7]abc")
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "orders"
    assert seen["AWS_LAMBDA_FUNCTION_VERSION"] == "7"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/orders"
    assert seen["AWS_LAMBDA_LOG_STREAM_NAME"] == "2026/11/24/[7]abc"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert seen["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert seen["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert seen["_HANDLER"] == "app.handler"
    assert seen["LAMBDA_TASK_ROOT"] == "/var/task"
    assert seen["LAMBDA_RUNTIME_DIR"] == "/var/runtime"
    assert seen["TZ"] == ":UTC"
    assert seen["PYTHONPATH"] == "/var/runtime"
    assert "NODE_PATH" not in seen


def test_node_finds_layers_and_the_runtime_by_its_path():
    seen = lambda_environment(spec(runtime="nodejs22.x"), interpreter=NODE, log_stream="s")
    assert seen["NODE_PATH"].startswith("/opt/nodejs/node22/node_modules:/opt/nodejs/node_modules")
    assert "PYTHONPATH" not in seen


def test_an_interpreter_outside_the_usual_places_is_on_path_first():
    home = Interpreter("python", "3.13.0", "/srv/python/bin/python3.13", "/srv/python")
    seen = lambda_environment(spec(), interpreter=home, log_stream="s")
    assert seen["PATH"].startswith("/srv/python/bin:")


def test_users_override_what_aws_lets_them_and_nothing_else():
    users = {"TZ": "Europe/Rome", "TABLE": "t", "AWS_REGION": "mars", "_HANDLER": "evil.handler"}
    seen = lambda_environment(spec(environment=users), interpreter=PYTHON, log_stream="s")
    assert seen["TZ"] == "Europe/Rome"
    assert seen["TABLE"] == "t"
    assert seen["AWS_REGION"] == "eu-west-1"
    assert seen["_HANDLER"] == "app.handler"


def test_credentials_come_over_everything():
    extra = {"AWS_ACCESS_KEY_ID": "AKIA"}
    users = {"AWS_ACCESS_KEY_ID": "mine"}
    seen = lambda_environment(
        spec(environment=users), interpreter=PYTHON, log_stream="s", extra=extra
    )
    assert seen["AWS_ACCESS_KEY_ID"] == "AKIA"


def test_reserved_names_are_those_a_function_may_not_set():
    assert {"_HANDLER", "AWS_REGION", "AWS_LAMBDA_RUNTIME_API"} <= reserved_names()
    assert not {"TZ", "PATH", "NODE_OPTIONS", "PYTHONPATH"} & reserved_names()


def test_variables_read_at_an_interpreters_start_force_a_fresh_one():
    users = {
        "NODE_OPTIONS": "--no-warnings",
        "PYTHONHASHSEED": "0",
        "LD_PRELOAD": "/opt/x.so",
        "TZ": "Europe/Rome",
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap",
        "PYTHONPATH": "/opt/more",
        "NODE_ENV": "production",
        "TABLE": "t",
    }
    assert set(start_environment(users)) == set(users) - {"PYTHONPATH", "NODE_ENV", "TABLE"}
