// The one WebSocket of a function's page. It comes back by itself; what is
// sent meanwhile waits.
import { Signal } from "../editor/signal";
import type { Message, Request } from "./test-messages";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
/** Closed with these, trying again is of no use. */
const FINAL: Record<number, string> = {
  4401: "You are signed out. Sign in again in another tab, then reload this page.",
  4404: "You are not a member of this account any more, or the function is gone.",
};

export class TestSocket {
  readonly received = new Signal<Message>();
  /** Open again after having been lost: time to ask for what was missed. */
  readonly reopened = new Signal<void>();
  /** Words for the person, or "" when all is well. */
  readonly trouble = new Signal<string>();
  private socket: WebSocket | null = null;
  private readonly waiting: string[] = [];
  private attempts = 0;
  private timer = 0;
  private closed = false;

  constructor(private readonly path: string) {}

  connect(): void {
    const address = new URL(this.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.addEventListener("open", () => this.opened(socket));
    socket.addEventListener("message", (event) => this.received.fire(JSON.parse(String(event.data)) as Message));
    socket.addEventListener("close", (event) => this.lost(event.code));
  }

  private opened(socket: WebSocket): void {
    const again = this.attempts > 0;
    this.attempts = 0;
    this.trouble.fire("");
    if (again) this.reopened.fire();
    for (const text of this.waiting.splice(0)) socket.send(text);
  }

  private lost(code: number): void {
    this.socket = null;
    if (this.closed) return;
    const final = FINAL[code];
    if (final) return this.trouble.fire(final);
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempts) * (0.75 + Math.random() / 2);
    this.attempts += 1;
    if (this.attempts > 1) this.trouble.fire("The connection to the server was lost. Trying again…");
    this.timer = window.setTimeout(() => this.connect(), wait);
  }

  get open(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  send(request: Request): void {
    const text = JSON.stringify(request);
    if (this.open) this.socket?.send(text);
    else this.waiting.push(text);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }
}
