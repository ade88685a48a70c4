// "Run all": where the run stands, asked for again until it has ended.
import { el } from "../editor/dom";
import { flash } from "../lib/flash";
import { ask, Refused } from "../lib/http";
import type { Case, Failure, Run, TabData } from "./types";

const STATES: Record<Case["state"], [string, string]> = {
  waiting: ["", "Waiting"],
  running: ["is-busy", "Running"],
  passed: ["is-ok", "Passed"],
  failed: ["is-bad", "Failed"],
  broken: ["is-warn", "Not run"],
  stopped: ["", "Stopped"],
};
const ORDER: Case["state"][] = ["broken", "failed", "running", "waiting", "stopped", "passed"];
const ROWS = 200;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 1_000;

export function failureList(failures: Failure[]): HTMLElement {
  return el(
    "ul",
    { class: "te-failures" },
    ...failures.map((one) =>
      el(
        "li",
        {},
        one.message,
        one.rule === "subset" && one.path
          ? el("dl", { class: "te-versus" }, el("dt", {}, "Expected"), el("dd", {}, el("code", {}, one.expected)), el("dt", {}, "Actual"), el("dd", {}, el("code", {}, one.actual || "nothing")))
          : null,
      ),
    ),
  );
}

export class RunAll {
  private readonly body: HTMLElement;
  private readonly words = el("p", { class: "te-summary", role: "status", "aria-live": "polite" });
  private readonly bar = el("progress", { "aria-label": "Events done", max: 1, value: 0 });
  private readonly list = el("ul", { class: "te-cases" });
  private readonly stop: HTMLButtonElement;
  private readonly head: HTMLElement;
  private watching = 0;

  constructor(private readonly place: HTMLElement, private readonly data: TabData, private readonly outcome: (one: Case) => void, private readonly open: (id: number) => void) {
    this.body = place.querySelector<HTMLElement>(".panel-body")!;
    this.head = place.querySelector<HTMLElement>(".panel-head")!;
    this.stop = el("button", { type: "button", class: "btn btn-secondary btn-sm" }, "Stop");
    this.head.append(this.stop);
    this.body.append(this.words, this.bar, this.list);
  }

  async start(target: string, events: number[] = []): Promise<void> {
    try {
      const { run } = await ask<{ run: number }>(`${this.data.base}run/`, { target, events });
      this.place.hidden = false;
      this.words.textContent = "Starting…";
      this.list.replaceChildren();
      this.place.scrollIntoView({ block: "nearest", behavior: "smooth" });
      await this.watch(run);
    } catch (error) {
      flash(error instanceof Error ? error.message : String(error), "error");
    }
  }

  async watch(run: number): Promise<void> {
    const turn = ++this.watching;
    this.stop.onclick = () => void ask(`${this.data.base}runs/${run}/stop/`, {}).catch((error: Error) => flash(error.message, "error"));
    let wait = FIRST_WAIT_MS;
    while (turn === this.watching) {
      try {
        const now = await ask<Run>(`${this.data.base}runs/${run}/`);
        if (turn !== this.watching) return;
        this.draw(now);
        if (now.state !== "running" && !now.cases.some((one) => one.state === "running")) return;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 0) {
          this.words.textContent = error instanceof Error ? error.message : String(error);
          return;
        }
      }
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(LONGEST_WAIT_MS, wait * 1.5);
    }
  }

  private draw(run: Run): void {
    this.place.hidden = false;
    const { summary } = run;
    const going = run.state === "running";
    this.words.className = `te-summary ${going ? "" : summary.good ? "is-ok" : "is-bad"}`;
    if (this.words.textContent !== summary.text) this.words.textContent = summary.text;
    this.bar.max = summary.total;
    this.bar.value = summary.done;
    this.bar.hidden = !going;
    this.stop.hidden = !going || !this.data.canRun;
    for (const one of run.cases) if (one.state !== "waiting" && one.state !== "running") this.outcome(one);
    const cases = [...run.cases].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    this.list.replaceChildren(...cases.slice(0, ROWS).map((one) => this.row(one)), cases.length > ROWS ? el("li", { class: "te-quiet" }, `${cases.length - ROWS} more that are not shown.`) : "");
  }

  private row(one: Case): HTMLElement {
    const [look, text] = STATES[one.state];
    const id = one.event_id;
    return el(
      "li",
      {},
      el(
        "div",
        { class: "te-case" },
        id === null ? el("span", {}, one.name) : el("button", { type: "button", class: "btn btn-link te-case-name", onclick: () => this.open(id) }, one.name),
        one.duration_ms === null ? null : el("span", { class: "te-quiet" }, `${one.duration_ms.toFixed(2)} ms`),
        el("span", { class: `badge-state ${look}` }, text),
      ),
      one.failures.length ? failureList(one.failures) : null,
    );
  }
}
