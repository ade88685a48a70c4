// One run of a function as this page sees it: asked for, started, finished.
// Messages are applied once and in order; a gap is asked for again.
import { Remembered } from "../editor/dom";
import { Signal } from "../editor/signal";
import type { Change, Conflict, Saved } from "../editor/workspace-api";
import type { Build, Message, Result, Target } from "./test-messages";
import type { TestSocket } from "./test-socket";

export type RunState = "idle" | "asked" | "building" | "running" | "finished" | "refused";

export interface Ask {
  target: Target;
  files: Change[];
  event: string;
  eventName: string;
}

interface Running {
  requestId: string;
  draft: boolean;
  eventName: string;
  startedAt: number;
}

export class TestRun {
  readonly changed = new Signal<RunState>();
  readonly logged = new Signal<string>();
  /** A run begins to show: everything of an earlier one goes. */
  readonly cleared = new Signal<void>();
  readonly finished = new Signal<Result>();
  readonly saved = new Signal<Saved>();
  readonly conflicted = new Signal<Conflict[]>();
  readonly built = new Signal<Build>();
  state: RunState = "idle";
  requestId = "";
  draft = false;
  eventName = "";
  refusal = "";
  startedAt = 0;
  private token = "";
  private seq = 0;
  private asking = false;
  private buildKey = "";
  private readonly running: Remembered<Running | null>;

  constructor(private readonly socket: TestSocket, key: string) {
    // Kept beyond the tab: a browser closed in mid-run finds it again.
    this.running = new Remembered<Running | null>(`virga:running:${key}`, null);
    socket.received.on((message) => this.receive(message));
    socket.reopened.on(() => this.catchUp());
  }

  get busy(): boolean {
    return this.state === "asked" || this.state === "building" || this.state === "running";
  }

  start(ask: Ask): void {
    performance.mark("virga:test-sent");
    this.token = crypto.randomUUID();
    this.requestId = "";
    this.seq = 0;
    this.draft = ask.target === "draft";
    this.eventName = ask.eventName;
    this.startedAt = Date.now();
    this.buildKey = "";
    this.running.value = null;
    this.socket.send({ type: "test", id: this.token, target: ask.target, files: ask.files, event: ask.event, event_name: ask.eventName });
    this.cleared.fire();
    this.move("asked");
  }

  stop(): void {
    if (this.requestId && this.busy) this.socket.send({ type: "stop", request_id: this.requestId });
  }

  /** Shows the run that was going when this page was last closed. */
  resume(): void {
    const left = this.running.value;
    if (!left) return;
    Object.assign(this, { requestId: left.requestId, draft: left.draft, eventName: left.eventName, startedAt: left.startedAt, seq: 0 });
    this.cleared.fire();
    this.move("running");
    this.watch();
  }

  private watch(): void {
    this.socket.send({ type: "watch", request_id: this.requestId, after: this.seq });
  }

  private catchUp(): void {
    this.asking = false;
    if (this.state === "running") this.watch();
    else if (this.state === "building" && this.buildKey) this.socket.send({ type: "watch-build", key: this.buildKey });
    else if (this.state === "asked") this.refuse("The connection was lost before the run started. Nothing may have run: look under Monitor, or test again.");
  }

  private move(state: RunState): void {
    this.state = state;
    this.changed.fire(state);
  }

  private refuse(text: string): void {
    this.refusal = text;
    this.running.value = null;
    this.move("refused");
  }

  private receive(message: Message): void {
    switch (message.type) {
      case "saved":
        if (message.id === this.token) this.saved.fire(message);
        return;
      case "conflict":
        if (message.id !== this.token) return;
        this.move("idle");
        return this.conflicted.fire(message.conflicts);
      case "refused":
        if (message.id !== undefined ? message.id === this.token : this.busy) this.refuse(message.message);
        return;
      case "started":
        if (message.id === this.token) this.started(message.request_id, message.draft);
        return;
      case "build":
        return this.build(message);
      case "log":
      case "state":
      case "result":
        return this.progress(message);
      default:
        return;
    }
  }

  private started(requestId: string, draft: boolean): void {
    this.requestId = requestId;
    this.draft = draft;
    this.running.value = { requestId, draft, eventName: this.eventName, startedAt: this.startedAt };
    this.move("running");
  }

  private build(message: Build): void {
    this.built.fire(message);
    if (message.id !== this.token && message.key !== this.buildKey) return;
    this.buildKey = message.key;
    if (message.error) this.refuse(message.error);
    else if (this.state === "asked") this.move("building");
  }

  private progress(message: Extract<Message, { seq: number }>): void {
    if (message.request_id !== this.requestId || message.seq <= this.seq) return;
    if (message.seq > this.seq + 1) {
      if (!this.asking) this.watch();
      this.asking = true;
      return;
    }
    this.asking = false;
    this.seq = message.seq;
    if (message.type === "log") this.logged.fire(message.text);
    else if (message.type === "result") {
      performance.mark("virga:result-received");
      this.running.value = null;
      this.state = "finished";
      this.finished.fire(message.result);
      this.changed.fire("finished");
    }
  }
}
