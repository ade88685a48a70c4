// The result of a test run: header, Details with response, Summary and Log
// output, in the order people know. Everything shown is data, put in as text.
import { Announcer, button, el } from "../editor/dom";
import { errorBlock } from "./result-error";
import { jsonPieces } from "./json-layout";
import { LogView } from "./log-view";
import { summary } from "./result-summary";
import type { Result } from "./test-messages";
import type { TestRun } from "./test-run";
import { visibleText } from "./visible-text";

/** Longer answers are laid out only on request. */
const SHOWN = 200_000;
const BAD_STATES: Record<string, string> = { stopped: "stopped", lost: "failed" };

export class ResultPanel {
  readonly element: HTMLElement;
  private readonly title = el("h2", { class: "vr-title" }, "No result yet");
  private readonly badge = el("span", { class: "vr-badge", hidden: true }, "draft");
  private readonly time = el("span", { class: "vr-time" });
  private readonly stop: HTMLButtonElement;
  private readonly detailsButton: HTMLButtonElement;
  private readonly intro = el("p", { class: "vr-intro" }, "Press Test, or Ctrl+Enter, to run the function with the chosen event. Log lines appear here while it runs.");
  private readonly details = el("div", { class: "vr-details" });
  private readonly response = el("section", { hidden: true });
  private readonly summary = el("section", { hidden: true });
  private readonly logSection = el("section", { hidden: true });
  private readonly log = new LogView("Log output");
  private readonly announcer = new Announcer();
  private timer = 0;

  constructor(private readonly run: TestRun) {
    this.stop = button("Stop", () => run.stop(), { icon: "debug-stop", class: "ve-button ve-button-danger vr-stop" });
    this.stop.hidden = true;
    this.detailsButton = button("Details", () => this.toggle(), { class: "ve-button", "aria-expanded": "true" });
    this.detailsButton.hidden = true;
    this.logSection.append(el("h3", {}, "Log output"), this.log.element);
    this.details.append(this.response, this.summary, this.logSection);
    this.element = el("section", { class: "vr-panel", "aria-label": "Execution result" },
      el("header", {}, this.title, this.badge, this.time, this.stop, this.detailsButton), this.intro, this.details, this.announcer.element);
    run.cleared.on(() => this.clear());
    run.changed.on(() => this.draw());
    run.logged.on((text) => {
      this.logSection.hidden = false;
      this.log.append(text);
    });
    run.finished.on((result) => this.finish(result));
  }

  private toggle(): void {
    this.details.hidden = !this.details.hidden;
    this.detailsButton.setAttribute("aria-expanded", String(!this.details.hidden));
  }

  private clear(): void {
    this.log.clear();
    this.response.hidden = this.summary.hidden = this.logSection.hidden = true;
    this.detailsButton.hidden = true;
    this.details.hidden = false;
    this.intro.hidden = true;
  }

  private draw(): void {
    const { state, draft, busy } = this.run;
    this.element.dataset["state"] = state;
    this.badge.hidden = !draft || state === "idle";
    this.stop.hidden = !busy;
    this.stop.disabled = !this.run.requestId;
    if (busy) this.drawBusy();
    else this.untick();
    if (state === "refused") {
      this.setTitle("Not run", "failed");
      this.intro.hidden = false;
      this.intro.textContent = this.run.refusal;
      this.announcer.say(`Not run. ${this.run.refusal}`);
    } else if (state === "idle") this.setTitle("No result yet", "");
  }

  private drawBusy(): void {
    const words = { asked: "Starting…", building: "Installing dependencies…" } as Record<string, string>;
    this.setTitle(words[this.run.state] ?? "Running…", "busy");
    if (this.run.state !== "asked") this.announcer.say(words[this.run.state] ?? "Running");
    if (this.timer) return;
    const tick = (): void => {
      const seconds = (Date.now() - this.run.startedAt) / 1000;
      // Short runs would only flicker.
      this.time.textContent = seconds < 0.3 ? "" : `${seconds.toFixed(1)} s`;
    };
    tick();
    this.timer = window.setInterval(tick, 100);
  }

  private untick(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.time.textContent = "";
  }

  private setTitle(text: string, outcome: string): void {
    this.title.textContent = text;
    this.element.dataset["outcome"] = outcome;
  }

  private finish(result: Result): void {
    this.untick();
    const failed = Boolean(result.function_error) || result.state !== "succeeded";
    const word = failed ? (BAD_STATES[result.state] ?? "failed") : "succeeded";
    this.setTitle(`Execution result: ${word}`, failed ? "failed" : "succeeded");
    if (this.log.empty && result.log) this.log.append(result.log);
    this.log.flush();
    this.logSection.hidden = false;
    if (this.log.empty) this.log.append("(no output)\n");
    this.log.flush();
    this.drawResponse(result, failed);
    this.summary.replaceChildren(el("h3", {}, "Summary"), summary(this.run.requestId, result));
    this.summary.hidden = false;
    this.detailsButton.hidden = false;
    this.details.scrollTop = 0;
    this.markPainted();
    const limit = result.limit_text ? ` ${result.limit_text}` : "";
    this.announcer.say(`Execution result: ${word}${this.run.draft ? ", draft" : ""}. ${result.duration_ms === null ? "" : `${Math.round(result.duration_ms)} milliseconds.`}${limit}`);
  }

  private drawResponse(result: Result, failed: boolean): void {
    const text = result.payload ?? "";
    const pre = el("pre", { class: "vr-text vr-response", tabindex: 0, "aria-label": "Response" });
    const note = el("p", { class: "vr-note" });
    const fill = (all: boolean): void => {
      const pieces = text.length <= SHOWN || all ? jsonPieces(text) : null;
      if (pieces) pre.replaceChildren(...pieces.map(([kind, part]) => (kind === "plain" ? visibleText(part) : el("span", { class: `vr-${kind}` }, visibleText(part)))));
      else pre.textContent = visibleText(all ? text : text.slice(0, SHOWN));
      note.replaceChildren();
      if (text.length > SHOWN && !all) note.append(`The first ${SHOWN.toLocaleString()} of ${text.length.toLocaleString()} characters are shown. `, button("Show all", () => fill(true)));
    };
    fill(false);
    if (!text) pre.textContent = "(no response)";
    this.response.replaceChildren(...(failed ? [errorBlock(result)] : []), el("h3", {}, "Response"), note, pre);
    this.response.hidden = false;
  }

  /** For the bench: the frame that shows the result is on the screen. */
  private markPainted(): void {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        performance.mark("virga:result-painted");
        this.element.dataset["painted"] = this.run.requestId;
      };
      channel.port2.postMessage(null);
    });
  }
}
