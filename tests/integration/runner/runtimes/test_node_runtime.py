"""Node.js functions of every kind, with the official clients and our own."""

import json

import pytest

from tests import needs
from tests.integration.runner.runtimes.conftest import nodes
from tests.integration.runner.runtimes.runtime_process import ARN, make_event

KINDS = nodes()
each_node = pytest.mark.parametrize("kind", KINDS, ids=str)
with_callbacks = pytest.mark.parametrize(
    "kind", [k for k in KINDS if k.runtime == "nodejs22.x"], ids=str
)
MODULE = '{"type": "module"}'


def test_this_machine_has_a_node_to_test():
    if not KINDS:
        needs.missing("no Node.js was found")


@each_node
@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.js": "exports.handler = async (e) => e.n + 1"}, "index.handler"),
        ({"index.cjs": "exports.handler = async (e) => e.n + 1"}, "index.handler"),
        ({"index.mjs": "export const handler = async (e) => e.n + 1"}, "index.handler"),
        (
            {"index.js": "export const handler = async (e) => e.n + 1", "package.json": MODULE},
            "index.handler",
        ),
        ({"src/app.js": "exports.a = {b: async (e) => e.n + 1}"}, "src/app.a.b"),
        (
            {"index.mjs": "const n = await Promise.resolve(1); export const handler = async (e) =>"
             " e.n + n"},
            "index.handler",
        ),
    ],
)  # fmt: skip
def test_every_kind_of_module_answers(kind, start, files, handler):
    runtime = start(kind, files, handler)
    assert runtime.init_error is None
    assert [runtime.invoke({"n": n}).body for n in range(3)] == [b"1", b"2", b"3"]


@each_node
def test_event_and_context_reach_the_function(kind, start):
    code = """
exports.handler = async (event, context) => ({
  event, id: context.awsRequestId, arn: context.invokedFunctionArn, name: context.functionName,
  version: context.functionVersion, memory: context.memoryLimitInMB, group: context.logGroupName,
  left: context.getRemainingTimeInMillis(), custom: context.clientContext.custom.k,
  trace: process.env._X_AMZN_TRACE_ID,
})
"""
    runtime = start(kind, {"index.js": code}, "index.handler")
    answer = runtime.invoke({"a": "ü"}, client_context='{"custom":{"k":"v"}}', trace_id="Root=1-2")
    got = json.loads(answer.body)
    assert answer.error_type == ""
    assert got["event"] == {"a": "ü"}
    assert got["arn"] == ARN
    assert (got["name"], got["version"], got["memory"]) == ("f", "$LATEST", "128")
    assert (got["custom"], got["trace"]) == ("v", "Root=1-2")
    assert 0 < got["left"] <= 3000


@with_callbacks
@pytest.mark.parametrize(
    "body",
    [
        "callback(null, 42)",
        "setTimeout(() => callback(null, 42), 20)",
        "context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1000).ref();"
        " callback(null, 42)",
        "context.succeed(42)",
        "context.done(null, 42)",
    ],
)
def test_callback_handlers_answer(kind, start, body):
    code = f"exports.handler = (event, context, callback) => {{ {body} }}"
    runtime = start(kind, {"index.js": code}, "index.handler")
    assert [runtime.invoke({}).body for _ in range(3)] == [b"42"] * 3


@with_callbacks
def test_a_callback_waits_for_the_event_loop_to_be_empty(kind, start):
    code = """
let late = 0
exports.handler = (event, context, callback) => {
  setTimeout(() => { late += 1; console.log('late', late) }, 100)
  callback(null, late)
}
"""
    runtime = start(kind, {"index.js": code}, "index.handler")
    assert [runtime.invoke({}).body for _ in range(3)] == [b"0", b"1", b"2"]


@with_callbacks
def test_an_error_called_back_is_the_functions_error(kind, start):
    code = "exports.handler = (event, context, callback) => callback(new RangeError('far'))"
    answer = start(kind, {"index.js": code}, "index.handler").invoke({})
    assert answer.error_type == "RangeError"
    assert json.loads(answer.body)["errorMessage"] == "far"


@with_callbacks
def test_a_handler_that_never_calls_back_gives_null(kind, start):
    code = "exports.handler = (event, context, callback) => { setTimeout(() => {}, 10) }"
    assert start(kind, {"index.js": code}, "index.handler").invoke({}).body == b"null"


@pytest.mark.parametrize("kind", [k for k in KINDS if k.runtime == "nodejs24.x"], ids=str)
def test_nodejs24_refuses_callback_handlers_as_aws_does(kind, start):
    code = "exports.handler = (event, context, callback) => callback(null, 1)"
    runtime = start(kind, {"index.js": code}, "index.handler")
    assert runtime.init_error.error_type == "Runtime.CallbackHandlerDeprecated"


@each_node
def test_what_is_thrown_is_told_with_type_message_and_trace(kind, start):
    code = "exports.handler = async () => { throw new TypeError('no ünicorns') }"
    runtime = start(kind, {"index.js": code}, "index.handler")
    answer = runtime.invoke({})
    got = json.loads(answer.body)
    assert (answer.error_type, got["errorType"]) == ("TypeError", "TypeError")
    assert got["errorMessage"] == "no ünicorns"
    assert "index.js:1" in got["trace"][1]
    assert runtime.invoke({}).error_type == "TypeError"
    assert "ERROR\tInvoke Error" in runtime.output()


@each_node
@pytest.mark.parametrize(
    ("files", "kind_of_error", "message"),
    [
        ({"index.js": "require('nowhere')"}, "Runtime.ImportModuleError", "Cannot find module"),
        ({"other.js": ""}, "Runtime.ImportModuleError", "Cannot find module"),
        ({"index.js": "exports.other = 1"}, "Runtime.HandlerNotFound", "index.handler is"),
        ({"index.js": "exports.handler = 1"}, "Runtime.HandlerNotFound", "not a function"),
        ({"index.js": "exports.handler = ( => 1"}, "Runtime.UserCodeSyntaxError", "Unexpected"),
        ({"index.js": "throw new RangeError('at load')"}, "RangeError", "at load"),
    ],
)  # fmt: skip
def test_code_that_can_not_be_loaded_is_an_init_error(kind, start, files, kind_of_error, message):
    runtime = start(kind, files, "index.handler")
    assert runtime.init_error is not None
    assert runtime.init_error.error_type == kind_of_error
    got = json.loads(runtime.init_error.body)
    assert got["errorType"] == kind_of_error
    assert message in got["errorMessage"]
    assert runtime.exit_code() != 0


@each_node
def test_what_json_has_not_is_an_error_or_what_javascript_makes_of_it(kind, start):
    code = """
const ring = {}; ring.self = ring
const values = {ring, nan: NaN, nothing: undefined, set: new Set([1]), lone: '\\ud800'}
exports.handler = async (event) => values[event]
"""
    runtime = start(kind, {"index.js": code}, "index.handler")
    ring = runtime.invoke("ring")
    assert ring.error_type != ""
    assert json.loads(ring.body)["errorMessage"] == "Unable to stringify response body"
    assert runtime.invoke("nan").body == b"null"
    assert runtime.invoke("nothing").body == b"null"
    assert runtime.invoke("set").body == b"{}"
    assert runtime.invoke("lone").body == b'"\\ud800"'


@each_node
def test_a_response_over_the_limit_is_told_as_such_and_the_next_call_works(kind, start):
    code = "exports.handler = async (event) => 'x'.repeat(event)"
    runtime = start(kind, {"index.js": code}, "index.handler")
    fits = runtime.invoke(6_291_554)
    assert (len(fits.body), fits.too_large) == (6_291_556, False)
    answer = runtime.invoke(7_000_000)
    assert (answer.too_large, answer.size) == (True, 7_000_002)
    assert runtime.invoke(1).body == b'"x"'


@each_node
def test_a_response_is_streamed_piece_by_piece(kind, start):
    code = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/plain')
  for (const piece of ['one ', 'two ', 'three']) {
    stream.write(piece)
    await new Promise((done) => setTimeout(done, 30))
  }
  stream.end()
})
"""
    runtime = start(kind, {"index.js": code}, "index.handler")
    for _ in range(2):
        pieces = []
        answer = runtime.session.invoke(make_event({}), on_chunk=pieces.append).result(20)
        assert answer.streamed
        assert (answer.body, answer.content_type) == (b"one two three", "text/plain")
        assert len(pieces) >= 3


@each_node
def test_a_streamed_http_response_has_its_prelude(kind, start):
    code = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, {statusCode: 201})
  stream.write('made')
  stream.end()
})
"""
    answer = start(kind, {"index.js": code}, "index.handler").invoke({})
    assert answer.content_type == "application/vnd.awslambda.http-integration-response"
    prelude, _, body = answer.body.partition(b"\0" * 8)
    assert json.loads(prelude) == {"statusCode": 201}
    assert body == b"made"


@each_node
def test_a_stream_that_breaks_off_tells_its_error(kind, start):
    code = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('begun')
  throw new RangeError('half way')
})
"""
    answer = start(kind, {"index.js": code}, "index.handler").invoke({})
    assert answer.streamed
    assert answer.error_type == "RangeError"
    assert json.loads(answer.body)["errorMessage"] == "half way"


@each_node
def test_leaving_ends_the_process_with_its_code(kind, start):
    code = "exports.handler = async () => { console.log('bye'); process.exit(3) }"
    runtime = start(kind, {"index.js": code}, "index.handler")
    waiting = runtime.session.invoke(make_event())
    assert runtime.exit_code() == 3
    assert not waiting.done()
    assert "bye" in runtime.output()


@each_node
def test_a_rejection_nobody_handles_ends_the_process(kind, start):
    code = """
exports.handler = async () => {
  Promise.reject(new Error('left alone'))
  await new Promise((done) => setTimeout(done, 5000))
}
"""
    runtime = start(kind, {"index.js": code}, "index.handler")
    runtime.session.invoke(make_event())
    assert runtime.exit_code() != 0
    assert "left alone" in runtime.output()


@each_node
def test_console_lines_carry_time_id_and_level(kind, start):
    code = "exports.handler = async () => { console.log('two\\nlines'); console.warn({a: 1}) }"
    runtime = start(kind, {"index.js": code}, "index.handler")
    event = make_event()
    runtime.session.invoke(event).result(20)
    # What may follow is the client's word that this test's server has gone.
    first, second = runtime.output().split("\n")[:2]
    moment, request_id, level, text = first.split("\t")
    assert (request_id, level) == (event.request_id, "INFO")
    assert moment.endswith("Z")
    assert text == "two\rlines"  # inside one record: see runner.runtimes.line_ends
    assert second.split("\t")[2:] == ["WARN", "{ a: 1 }"]


@each_node
def test_the_function_sees_nothing_of_how_it_was_started(kind, start):
    code = """
const fs = require('fs')
exports.handler = async () => ({
  environment: process.env, cwd: process.cwd(), stdin: fs.readFileSync(0, 'utf8'),
  argv: process.argv.length, zone: new Date(0).getHours(), root: process.env.LAMBDA_TASK_ROOT,
})
"""
    runtime = start(
        kind, {"index.js": code}, "index.handler", environment={"TZ": "Asia/Tokyo", "MINE": "é"}
    )
    got = json.loads(runtime.invoke({}).body)
    assert got["environment"]["MINE"] == "é"
    assert got["cwd"] == got["root"]
    assert got["stdin"] == ""
    assert got["argv"] == 2
    assert got["zone"] == 9


@each_node
def test_node_path_of_the_assignment_counts(kind, start, tmp_path):
    layer = tmp_path / "layer" / "node_modules" / "shared"
    layer.mkdir(parents=True)
    (layer / "index.js").write_text("module.exports = 'from the layer'")
    code = "const shared = require('shared'); exports.handler = async () => shared"
    runtime = start(
        kind,
        {"index.js": code},
        "index.handler",
        environment={"NODE_PATH": str(layer.parent)},
    )
    assert runtime.init_error is None
    assert runtime.invoke({}).body == b'"from the layer"'


@each_node
def test_a_wrapper_script_starts_the_runtime(kind, start, tmp_path):
    wrapper = tmp_path / "wrapper"
    wrapper.write_text('#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n')
    wrapper.chmod(0o755)
    code = "exports.handler = async () => [process.env.WRAPPED, process.argv.length]"
    runtime = start(
        kind,
        {"index.js": code},
        "index.handler",
        environment={"AWS_LAMBDA_EXEC_WRAPPER": str(wrapper)},
    )
    assert json.loads(runtime.invoke({}).body) == ["yes", 2]
