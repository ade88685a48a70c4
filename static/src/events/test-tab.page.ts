// The Test tab: events to write, save, run and compare.
import { el } from "../editor/dom";
import { confirm } from "../lib/confirm";
import { flash } from "../lib/flash";
import { ask } from "../lib/http";
import { EventForm } from "./event-form";
import { EventList } from "./event-list";
import { showHistory } from "./history";
import { failureList, RunAll } from "./run-all";
import { type Failure, listed, type Saved, type TabData } from "./types";
import "./test-tab.css";

const tab = document.getElementById("test-tab");
const data = JSON.parse(document.getElementById("test-tab-data")?.textContent ?? "null") as TabData | null;

function part(name: string): HTMLElement {
  return document.querySelector<HTMLElement>(`#test-tab [data-${name}]`)!;
}

function told(error: unknown): void {
  flash(error instanceof Error ? error.message : String(error), "error");
}

function start(data: TabData): void {
  const list = new EventList(part("list"), data, {
    open: (id) => void open(id),
    runAll: (target) => void runs.start(target),
    importFile: (file) => void exchange(() => {
      const form = new FormData();
      form.append("file", file);
      return ask<{ message: string }>(`${data.base}import/`, form);
    }),
    importDraft: () => void exchange(() => ask<{ message: string }>(`${data.base}import-draft/`, {})),
    exportDraft: () => void exchange(() => ask<{ message: string }>(`${data.base}export-draft/`, {})),
  });
  const form = new EventForm(part("form"), data, {
    saved: (event) => {
      list.put(listed(event));
      name(event);
      remember(event.id);
    },
    remove: (event) => void remove(event),
    history: (event) => void showHistory(data, event, (changed) => {
      list.put(listed(changed));
      void form.show(changed);
    }),
  });
  const runs = new RunAll(
    part("run"),
    data,
    (one) => {
      if (one.state === "passed" || one.state === "failed" || one.state === "broken") list.outcome(one.event_id, one.state);
    },
    (id) => void open(id),
  );
  const verdict = part("verdict");

  function remember(id: number | null): void {
    const address = new URL(location.href);
    if (id === null) address.searchParams.delete("event");
    else address.searchParams.set("event", String(id));
    history.replaceState(null, "", address);
  }

  /** The panel's own button says which event it ran. */
  function name(event: Saved | null): void {
    const panel = document.querySelector<HTMLElement>("#test-tab virga-test-panel");
    if (panel) panel.dataset["eventName"] = event?.name ?? "";
  }

  async function open(id: number | null, ask_first = true): Promise<void> {
    if (ask_first && form.dirty && data.canSave && !(await confirm({ title: "Leave without saving?", text: "What you changed in this event is not saved.", action: "Discard changes" }))) return;
    try {
      const event = id === null ? null : await ask<Saved>(`${data.base}${id}/`);
      list.mark(id);
      verdict.replaceChildren();
      remember(id);
      await form.show(event);
      name(event);
      if (ask_first) form.focus();
    } catch (error) {
      told(error);
    }
  }

  async function remove(event: Saved): Promise<void> {
    if (!(await confirm({ title: `Delete ${event.name}?`, text: `The event and its history are deleted${event.sharing === "shared" ? " for everyone in the account" : ""}. Records of runs stay.`, action: "Delete" }))) return;
    try {
      await ask(`${data.base}${event.id}/delete/`, {});
      list.drop(event.id);
      flash(`Deleted ${event.name}.`, "success");
      await open(data.events[0]?.id ?? null, false);
    } catch (error) {
      told(error);
    }
  }

  async function exchange(act: () => Promise<{ message: string }>): Promise<void> {
    try {
      flash((await act()).message, "success");
      const rows = await ask<Saved[]>(`${data.base}?format=json`);
      data.events = rows.map(listed);
      list.draw();
      const now = rows.find((one) => one.id === form.event?.id);
      if (now && !form.dirty && now.revision !== form.event?.revision) await open(now.id, false);
    } catch (error) {
      told(error);
    }
  }

  /** A single Test of a saved event is held against its expectation too. */
  async function compare(requestId: string): Promise<void> {
    const event = form.event;
    if (!event || form.dirty || !Object.keys(event.expectation).length) return;
    try {
      const { passed, failures } = await ask<{ passed: boolean; failures: Failure[] }>(`${data.base}${event.id}/check/${requestId}/`, {});
      list.outcome(event.id, passed ? "passed" : "failed");
      verdict.replaceChildren(
        el("p", { class: `te-summary ${passed ? "is-ok" : "is-bad"}` }, passed ? "As expected: passed" : "Not as expected: failed"),
        passed ? "" : failureList(failures),
      );
    } catch (error) {
      told(error);
    }
  }

  document.addEventListener("virga:test", () => verdict.replaceChildren());
  document.addEventListener("virga:tested", (event) => void compare((event as CustomEvent<{ requestId: string }>).detail.requestId));
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void form.save();
  });
  window.addEventListener("beforeunload", (event) => {
    if (form.dirty && data.canSave) event.preventDefault();
  });

  const wanted = data.events.find((one) => String(one.id) === data.selected) ?? data.events[0];
  void open(wanted?.id ?? null, false).then(() => tab?.setAttribute("data-ready", ""));
  if (data.run !== null) void runs.watch(data.run);
}

if (tab && data) start(data);
