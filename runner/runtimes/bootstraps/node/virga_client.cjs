/**
 * A runtime interface client for where the official one is not installed.
 *
 * Same order of looking for the handler's file, same error types, same log lines. Callback
 * handlers are taken for the runtimes that have them.
 */
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const Module = require('node:module');
const path = require('node:path');
const util = require('node:util');
const { pathToFileURL } = require('node:url');

const rapid = require('./rapid_client.cjs');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
const ROOT = '/2018-06-01/runtime/';
const LEVELS = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' };

let requestId;

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function patchConsole() {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...values) => {
      const line = [new Date().toISOString(), requestId, level, util.format(...values)].join('\t');
      // One record has one line end, at its end; inside, lines end in \r.
      process.stdout.write(`${line.replace(/\n/g, '\r')}\n`);
    };
  }
}

function setGlobals() {
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse(handler) {
      handler[STREAMING] = 'response';
      return handler;
    },
    HttpResponseStream: {
      from(stream, prelude) {
        stream.setContentType(PRELUDE_TYPE);
        stream.before = Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]);
        return stream;
      },
    },
  };
}

async function load(root, name) {
  const match = /^([^.]*)\.(.*)$/.exec(path.basename(name));
  if (name.includes('..') || match === null) {
    throw new Fault('Runtime.MalformedHandlerName', `Bad handler '${name}'`);
  }
  const base = path.resolve(root, path.dirname(name), match[1]);
  const module = await loadModule(root, base);
  let found = find(module, match[2]);
  if (!found && module && typeof module === 'object') found = find(module.default, match[2]);
  if (typeof found !== 'function') {
    const why = found ? 'is not a function' : 'is undefined or not exported';
    throw new Fault('Runtime.HandlerNotFound', `${name} ${why}`);
  }
  return found;
}

async function loadModule(root, base) {
  try {
    for (const ending of ['', '.js', '.mjs', '.cjs']) {
      if (fs.statSync(base + ending, { throwIfNoEntry: false })?.isFile()) {
        return await import(pathToFileURL(base + ending).href);
      }
    }
    const require = Module.createRequire(path.join(root, 'index.js'));
    return require(require.resolve(path.relative(root, base), { paths: [root] }));
  } catch (error) {
    if (error instanceof SyntaxError) {
      const fault = new Fault('Runtime.UserCodeSyntaxError', String(error));
      fault.stack = error.stack;
      throw fault;
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new Fault('Runtime.ImportModuleError', String(error));
    }
    throw error;
  }
}

function find(value, names) {
  let found = value;
  for (const name of names.split('.')) {
    found = found && (typeof found === 'object' || typeof found === 'function') ? found[name] : undefined;
  }
  return found;
}

function describe(error) {
  if (util.types.isNativeError(error) || error instanceof Error) {
    return {
      errorType: error.name,
      errorMessage: error.message,
      trace: String(error.stack ?? '').split('\n'),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function logError(label, error) {
  const shown = error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, code: error.code, ...error,
      stack: String(error.stack).split('\n') }
    : describe(error);
  console.error(`${label}\t${JSON.stringify(shown)}`);
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  const environment = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    clientContext: parsed('lambda-runtime-client-context'),
    identity: parsed('lambda-runtime-cognito-identity'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** A handler's answer: what it returns, what its promise gives, or what it calls back with. */
function call(handler, event, context, callbacks) {
  if (!callbacks) {
    return Promise.resolve(handler(event, context));
  }
  return new Promise((resolve, reject) => {
    const idle = () => settle(resolve, null); // nothing left to do and never called back
    const settle = (how, value) => {
      process.off('beforeExit', idle);
      how(value);
    };
    const callback = (error, value) => {
      const [how, what] = error === undefined || error === null ? [resolve, value] : [reject, error];
      if (!context.callbackWaitsForEmptyEventLoop) {
        settle(how, what);
        return;
      }
      process.off('beforeExit', idle);
      process.once('beforeExit', () => how(what));
    };
    context.succeed = (value) => settle(resolve, value);
    context.fail = (error) => settle(reject, error ?? 'handled');
    context.done = (error, value) => (error ? context.fail(error) : context.succeed(value));
    process.once('beforeExit', idle);
    let returned;
    try {
      returned = handler(event, context, callback);
    } catch (error) {
      settle(reject, error);
    }
    if (typeof returned?.then === 'function') {
      returned.then((value) => settle(resolve, value), (error) => settle(reject, error));
    }
  });
}

function openStream(id) {
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
  const request = http.request({
    host,
    port,
    method: 'POST',
    path: `${ROOT}invocation/${id}/response`,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Transfer-Encoding': 'chunked',
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    },
  });
  const answered = new Promise((resolve, reject) => {
    request.on('response', (response) => response.on('end', resolve).resume());
    request.on('error', reject);
  });
  answered.catch(() => {}); // awaited later, or not at all after a failure
  const write = request.write.bind(request);
  request.setContentType = (type) => request.setHeader('Content-Type', type);
  request.write = (piece, ...rest) => {
    if (request.before) {
      write(request.before);
      request.before = null;
    }
    const plain = typeof piece === 'string' || piece instanceof Uint8Array;
    return write(plain ? piece : JSON.stringify(piece), ...rest);
  };
  return { request, answered };
}

async function serveStream(handler, event, context) {
  const { request, answered } = openStream(context.awsRequestId);
  try {
    await handler(event, request, context);
    if (!request.writableEnded) throw new Error('Response stream is not finished.');
    await answered;
  } catch (error) {
    logError('Invoke Error', error);
    if (request.writableEnded) return;
    const described = describe(error);
    request.addTrailers({
      'Lambda-Runtime-Function-Error-Type': described.errorType,
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(described)).toString('base64'),
    });
    request.end();
    await answered;
  }
}

async function serveBuffered(handler, event, context, callbacks) {
  try {
    const value = await call(handler, event, context, callbacks);
    let body;
    try {
      body = JSON.stringify(value === undefined ? null : value) ?? 'null';
    } catch {
      throw new Error('Unable to stringify response body');
    }
    rapid.done(context.awsRequestId, body);
  } catch (error) {
    logError('Invoke Error', error);
    rapid.error(context.awsRequestId, JSON.stringify(describe(error)), '');
  }
}

async function serveOne(handler, callbacks) {
  const { bodyJson, headers } = await rapid.next();
  requestId = headers['lambda-runtime-aws-request-id'];
  if (headers['lambda-runtime-trace-id']) {
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  } else {
    delete process.env._X_AMZN_TRACE_ID;
  }
  const event = JSON.parse(bodyJson);
  const context = contextOf(headers);
  if (handler[STREAMING] === 'response') {
    await serveStream(handler, event, context);
  } else {
    await serveBuffered(handler, event, context, callbacks);
  }
}

async function failInit(error) {
  logError('Init Error', error);
  await rapid.initError(JSON.stringify(describe(error)), describe(error).errorType);
  process.exit(1);
}

module.exports = {
  /** Load the handler, then answer events for ever. */
  async run(name, { callbacks }) {
    patchConsole();
    setGlobals();
    process.on('uncaughtException', (error) => {
      logError('Uncaught Exception', error);
      process.exit(129);
    });
    process.on('unhandledRejection', (reason) => {
      logError('Unhandled Promise Rejection', reason);
      process.exit(128);
    });
    let handler;
    try {
      handler = await load(process.env.LAMBDA_TASK_ROOT, name);
      if (!callbacks && handler.length >= 3 && handler[STREAMING] !== 'response') {
        throw new Fault(
          'Runtime.CallbackHandlerDeprecated',
          'Node.js 24 and later have no callback handlers: make it async, or choose nodejs22.x.',
        );
      }
    } catch (error) {
      await failInit(error);
    }
    for (;;) {
      await serveOne(handler, callbacks);
      // A turn of the event loop between two events, as with the official client.
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
};
