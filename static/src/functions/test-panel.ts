// <virga-test-panel>: Test, Stop and the result for an event that a form on
// the same page writes (the Test tab).
import { button, el } from "../editor/dom";
import { wrongWithJson } from "./json-layout";
import { ResultPanel } from "./result-panel";
import { TestRun } from "./test-run";
import { TestSocket } from "./test-socket";

export class TestPanelElement extends HTMLElement {
  private socket: TestSocket | null = null;

  connectedCallback(): void {
    if (this.socket) return;
    const data = this.dataset;
    const socket = new TestSocket(data["socketUrl"] ?? "");
    this.socket = socket;
    const run = new TestRun(socket, `${data["socketUrl"]}:test`);
    const error = el("p", { class: "ve-error", role: "alert" });
    const target = el("select", { class: "ve-input", "aria-label": "What to run" }, el("option", { value: "draft" }, "Draft"), el("option", { value: "$LATEST" }, "$LATEST (deployed)"));
    const test = button("Test", () => start(), { class: "ve-button ve-button-primary", title: "Run the function with this event (Ctrl+Enter)" });
    const input = document.querySelector<HTMLTextAreaElement>(data["eventInput"] || "#event-body");
    const mayRun = data["canInvoke"] !== undefined;
    // Where a form on the page has its own Test button, a second one would puzzle.
    const ownButton = data["start"] !== "elsewhere";

    function start(event = input?.value ?? "{}", eventName = data["eventName"] ?? ""): void {
      if (run.busy || !mayRun) return;
      error.textContent = wrongWithJson(event);
      if (error.textContent) return input?.focus();
      run.start({ target: target.value, files: [], event, eventName });
    }

    input?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      start();
    });
    document.addEventListener("virga:test", (event) => {
      const detail = (event as CustomEvent<{ event?: string; eventName?: string }>).detail;
      start(detail.event, detail.eventName);
    });
    run.changed.on(() => (test.disabled = run.busy));
    run.finished.on(() => this.dispatchEvent(new CustomEvent("virga:tested", { bubbles: true, detail: { requestId: run.requestId, eventName: run.eventName } })));
    socket.trouble.on((text) => (error.textContent = text));
    this.append(
      el("div", { class: "vr-start" }, mayRun ? target : null, mayRun ? (ownButton ? test : null) : el("p", {}, "Your role in this account may look but not run functions.")),
      error,
      new ResultPanel(run).element,
    );
    socket.connect();
    run.resume();
  }

  disconnectedCallback(): void {
    this.socket?.close();
    this.socket = null;
    this.replaceChildren();
  }
}
