/**
 * Starts a Node.js function inside its sandbox.
 *
 *     node /var/runtime/bootstrap.cjs
 *
 * Loads what every function needs, then waits for one line of JSON on standard input:
 *
 *     {"handler": "index.handler", "environment": {"AWS_REGION": "...", ...}}
 *
 * End of file before a line ends it quietly. The read blocks the thread: a process that waits
 * has no handle on its event loop, so nothing of the waiting is left when the function starts.
 *
 * The function is run by the official runtime interface client where it is installed beside this
 * file, by our own otherwise. Its 4.x refuses callback handlers, as the Node.js 24 runtime does;
 * earlier runtimes have them, so they get 3.x, which AWS made for those.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const Module = require('node:module');
const net = require('node:net');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// What the clients and most functions load; a prepared process has paid for it.
for (const name of ['assert', 'async_hooks', 'buffer', 'crypto', 'events',
  'https', 'net', 'os', 'stream', 'string_decoder', 'timers', 'tls', 'url', 'util',
  'worker_threads', 'zlib']) {
  require(`node:${name}`);
}

const RESTARTED = '--restarted';
const CLIENT_BEFORE_24 = path.join(__dirname, 'ric3', 'dist', 'index.mjs');
const CLIENT_FROM_24 = path.join(__dirname, 'ric4', 'index.mjs');

/** The line on standard input, or null at end of file. */
function readAssignment() {
  const pieces = [];
  const buffer = Buffer.alloc(65536);
  for (;;) {
    let count;
    try {
      count = fs.readSync(0, buffer, 0, buffer.length, null);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      // Someone made the pipe non-blocking: look again a little later.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      continue;
    }
    if (count === 0) return null;
    pieces.push(Buffer.from(buffer.subarray(0, count)));
    if (buffer[count - 1] === 10) return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  }
}

function setEnvironment(environment) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  // NODE_PATH is otherwise read once, when the process starts.
  Module._initPaths();
}

function closeStandardInput() {
  fs.closeSync(0);
  fs.openSync('/dev/null', 'r'); // takes the lowest free number, which is 0
}

/**
 * Run again where a running process can't honour the function's variables: a wrapper script starts
 * the runtime itself, and the loader reads LD_LIBRARY_PATH only once.
 */
function restartIfNeeded(librariesBefore) {
  const wrapper = process.env.AWS_LAMBDA_EXEC_WRAPPER;
  const late = (process.env.LD_LIBRARY_PATH ?? '') !== librariesBefore && hasLibraries();
  if (!wrapper && !late) return;
  const command = [process.execPath, __filename, RESTARTED];
  if (wrapper) command.unshift(wrapper);
  if (typeof process.execve === 'function') {
    process.execve(command[0], command, process.env);
  }
  // Older versions can't replace themselves: wait for the other, and end as it ends.
  const ended = spawnSync(command[0], command.slice(1), { stdio: 'inherit' });
  if (ended.error) console.error(`${command[0]} could not be run: ${ended.error.message}`);
  if (ended.signal) process.kill(process.pid, ended.signal);
  process.exit(ended.status ?? 1);
}

function hasLibraries() {
  return ['/opt/lib', path.join(taskRoot(), 'lib')].some((folder) => {
    try {
      return fs.readdirSync(folder).some((name) => name.includes('.so'));
    } catch {
      return false;
    }
  });
}

function taskRoot() {
  return process.env.LAMBDA_TASK_ROOT ?? '/var/task';
}

/** Runtime names are nodejs22.x and the like; what really runs may be another Node. */
function isBefore24(executionEnvironment) {
  const match = /nodejs(\d+)/.exec(executionEnvironment ?? '');
  return match !== null && Number(match[1]) < 24;
}

async function start(handler) {
  const before24 = isBefore24(process.env.AWS_EXECUTION_ENV);
  const client = before24 ? CLIENT_BEFORE_24 : CLIENT_FROM_24;
  if (!fs.existsSync(client)) {
    await require('./virga_client.cjs').run(handler, { callbacks: before24 });
  } else if (before24) {
    const { run } = await import(pathToFileURL(client).href);
    await run(process.cwd(), handler);
  } else {
    await import(pathToFileURL(client).href); // runs by itself, from the environment
  }
}

/**
 * Walk the paths that a function's start will take, so that their code is compiled already: both
 * module loaders, and one exchange of the client with a server of its own.
 */
async function warm() {
  for (const client of [CLIENT_BEFORE_24, CLIENT_FROM_24].filter((file) => fs.existsSync(file))) {
    Module.createRequire(client)('./rapid-client.node');
  }
  if (fs.existsSync(CLIENT_BEFORE_24)) {
    await import(pathToFileURL(CLIENT_BEFORE_24).href); // only defines
  }
  await import(pathToFileURL(path.join(__dirname, 'warm.mjs')).href);
  await import(pathToFileURL(path.join(__dirname, 'warm.cjs')).href);
  new http.Agent({ keepAlive: true });
  try {
    await exchangeWithItself();
  } catch (error) {
    // Without a loopback yet there is nothing to warm; the function is started all the same.
    if (error.syscall === undefined) throw error;
  }
}

async function exchangeWithItself() {
  const { Connection } = require('./rapid_client.cjs');
  const body = '{"status":"OK"}';
  const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  const server = net.createServer((socket) => socket.on('data', () => socket.end(head + body)));
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const connection = new Connection(`127.0.0.1:${server.address().port}`);
    await connection.request('POST', 'warm', { 'Content-Type': 'application/json' }, body);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function main() {
  if (process.argv[2] === RESTARTED) {
    process.argv.splice(2);
    process.chdir(taskRoot());
    await start(process.env._HANDLER);
    return;
  }
  await warm();
  const assignment = readAssignment();
  if (assignment === null) process.exit(0);
  closeStandardInput();
  const librariesBefore = process.env.LD_LIBRARY_PATH ?? '';
  setEnvironment(assignment.environment);
  restartIfNeeded(librariesBefore);
  process.chdir(taskRoot());
  await start(assignment.handler);
}

main().catch((error) => {
  // Outside the promise it is an uncaught exception, which the 3.x client reports as the init error.
  setImmediate(() => {
    throw error;
  });
});
