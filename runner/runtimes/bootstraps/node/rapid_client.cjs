/**
 * What the official client expects of its native addon, in JavaScript: nothing is compiled.
 *
 * One kept connection to the Runtime API. It holds the event loop open only while a request is
 * under way, so that a callback handler's "wait for the empty event loop" works.
 */
'use strict';

const net = require('node:net');

const ROOT = '/2018-06-01/runtime/';
const XRAY_LIMIT = 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

class Connection {
  #address; // "host:port", else the environment's
  #socket = null;
  #received = [];
  #size = 0;
  #waiting = null; // {resolve, reject} of the request under way

  constructor(address = null) {
    this.#address = address;
  }

  /** Send one request; one at a time. */
  request(method, target, headers = {}, body = null) {
    const [host, port] = (this.#address ?? process.env.AWS_LAMBDA_RUNTIME_API).split(':');
    const payload = body === null ? null : Buffer.from(body);
    let head = `${method} ${ROOT}${target} HTTP/1.1\r\nHost: ${host}:${port}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    if (payload !== null) head += `Content-Length: ${payload.length}\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      const socket = this.#open(host, Number(port));
      socket.ref();
      if (payload === null || payload.length === 0) {
        socket.write(`${head}\r\n`);
      } else if (payload.length < 65536) {
        socket.write(Buffer.concat([Buffer.from(`${head}\r\n`), payload]));
      } else {
        socket.write(`${head}\r\n`);
        socket.write(payload);
      }
    });
  }

  #open(host, port) {
    if (this.#socket !== null) return this.#socket;
    const socket = net.connect({ host, port, noDelay: true });
    socket.on('data', (piece) => this.#receive(socket, piece));
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('close', () => this.#fail(socket, new Error('The Runtime API closed the connection')));
    this.#socket = socket;
    this.#received = [];
    this.#size = 0;
    return socket;
  }

  #fail(socket, error) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) waiting.reject(error);
  }

  #receive(socket, piece) {
    this.#received.push(piece);
    this.#size += piece.length;
    const all = this.#received.length === 1 ? piece : Buffer.concat(this.#received, this.#size);
    this.#received = [all];
    const end = all.indexOf(HEAD_END);
    if (end < 0) return;
    const answer = parseHead(all.toString('utf8', 0, end));
    const start = end + HEAD_END.length;
    const length = Number(answer.headers['content-length'] ?? 0);
    if (all.length - start < length) return;
    answer.bodyJson = all.toString('utf8', start, start + length);
    this.#received = [];
    this.#size = 0;
    if (answer.headers.connection === 'close') {
      this.#socket = null;
      socket.destroy();
    } else {
      socket.unref();
    }
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) waiting.resolve(answer);
  }
}

function parseHead(text) {
  const lines = text.split('\r\n');
  const headers = {};
  for (let at = 1; at < lines.length; at += 1) {
    const colon = lines[at].indexOf(':');
    headers[lines[at].slice(0, colon).toLowerCase()] = lines[at].slice(colon + 1).trim();
  }
  return { status: Number(lines[0].split(' ')[1]), headers, bodyJson: '' };
}

const connection = new Connection();
let posted = Promise.resolve();

/** Queue a post behind the last one; `next` waits for it. */
function post(target, body, headers) {
  posted = posted.then(() => connection.request('POST', target, headers, body));
  // Told by `next`; without this a failure before then would count as unhandled.
  posted.catch(() => {});
}

module.exports = {
  Connection,

  initializeClient() {},

  async next() {
    await posted;
    const answer = await connection.request('GET', 'invocation/next');
    if (answer.status !== 200) {
      throw new Error(`Failed to get the next invocation: ${answer.status} ${answer.bodyJson}`);
    }
    return answer;
  },

  done(id, body) {
    post(`invocation/${id}/response`, body, { 'Content-Type': 'application/json' });
  },

  error(id, body, xrayCause) {
    const headers = { 'Content-Type': 'application/json' };
    const cause = xrayCause ?? '';
    if (cause !== '' && cause.length < XRAY_LIMIT && /^[\x20-\x7e]*$/.test(cause)) {
      headers['Lambda-Runtime-Function-XRay-Error-Cause'] = cause;
    }
    post(`invocation/${id}/error`, body, headers);
  },

  /** Not of the addon: our own client has it from here too. */
  initError(body, errorType) {
    const headers = {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Function-Error-Type': errorType.replace(/[^\x20-\x7e]/g, '?'),
    };
    return connection.request('POST', 'init/error', headers, body);
  },
};
