// The list of saved events: own ones, shared ones, how each last ended.
import { el } from "../editor/dom";
import type { Listed, TabData } from "./types";

/** More rows than this are found by search, not by scrolling. */
const ROWS = 200;
const OUTCOMES = { passed: ["is-ok", "Passed"], failed: ["is-bad", "Failed"], broken: ["is-warn", "Not run"] } as const;

export interface ListActions {
  open: (id: number | null) => void;
  runAll: (target: string) => void;
  importFile: (file: File) => void;
  importDraft: () => void;
  exportDraft: () => void;
}

export class EventList {
  selected: number | null = null;
  private readonly search = el("input", { type: "search", class: "form-control", placeholder: "Find an event", "aria-label": "Find an event", oninput: () => this.draw() });
  private readonly rows = el("div", { class: "te-rows" });
  private readonly target: HTMLSelectElement;
  private readonly runAll: HTMLButtonElement;

  constructor(place: HTMLElement, private readonly data: TabData, private readonly actions: ListActions) {
    this.target = el("select", { class: "form-select", "aria-label": "What Run all runs" }, ...data.targets.map((one) => el("option", { value: one }, one === "draft" ? "Draft" : /^\d+$/.test(one) ? `Version ${one}` : one)));
    this.runAll = el("button", { type: "button", class: "btn btn-secondary", onclick: () => actions.runAll(this.target.value) }, "Run all");
    place.setAttribute("aria-busy", "false");
    place.replaceChildren(
      el("div", { class: "te-list-top" }, data.canSave ? el("button", { type: "button", class: "btn btn-secondary w-100", onclick: () => actions.open(null) }, "Create new event") : null, this.search),
      this.rows,
      el("div", { class: "te-list-end" }, data.canRun ? el("div", { class: "te-run-start" }, this.target, this.runAll) : null, this.menu()),
    );
    this.draw();
  }

  private menu(): HTMLElement {
    const { canSave, canEditFiles, base } = this.data;
    const file = el("input", { type: "file", accept: ".json,application/json", hidden: true, "aria-label": "File to import" });
    file.addEventListener("change", () => {
      if (file.files?.[0]) this.actions.importFile(file.files[0]);
      file.value = "";
    });
    const item = (text: string, press: () => void): HTMLElement => el("button", { type: "button", class: "btn btn-link", onclick: press }, text);
    return el(
      "details",
      { class: "te-exchange" },
      el("summary", {}, "Import and export"),
      el(
        "div",
        {},
        el("a", { class: "btn btn-link", href: `${base}export/`, download: "" }, "Export all as JSON"),
        canSave ? item("Import a JSON file…", () => file.click()) : null,
        canSave ? item("Import events/*.json of the function", this.actions.importDraft) : null,
        canEditFiles ? item("Save to events/*.json of the function", this.actions.exportDraft) : null,
        file,
      ),
    );
  }

  draw(): void {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.data.events.filter((event) => words.every((word) => `${event.name} ${event.source} ${event.owner}`.toLowerCase().includes(word)));
    const shown = found.slice(0, ROWS);
    const own = shown.filter((event) => event.sharing === "private");
    const shared = shown.filter((event) => event.sharing === "shared");
    this.search.hidden = this.data.events.length < 6;
    this.runAll.disabled = !this.data.events.some((event) => event.expects);
    this.runAll.title = this.runAll.disabled ? "No event has an expected result yet" : "Run every event that has an expected result";
    this.rows.replaceChildren(
      ...this.group("Private to you", own),
      ...this.group("Shared with the account", shared),
      found.length > ROWS ? el("p", { class: "te-quiet" }, `${found.length - ROWS} more: search for the name.`) : "",
      this.data.events.length === 0 ? this.empty() : found.length === 0 ? el("p", { class: "te-quiet" }, "No event has that in its name.") : "",
    );
  }

  private empty(): HTMLElement {
    return el(
      "div",
      { class: "te-empty" },
      el("p", {}, el("strong", {}, "No saved events yet.")),
      el("p", {}, this.data.canSave ? "Choose what calls the function (a bucket, a queue, an HTTP request…), fill in its fields, give it a name and save it. Say what you expect, and Run all checks every event at once." : "Events that somebody shares with the account appear here."),
    );
  }

  private group(title: string, events: Listed[]): HTMLElement[] {
    if (!events.length) return [];
    return [el("h3", { class: "te-group" }, title), el("ul", { class: "te-events" }, ...events.map((event) => el("li", {}, this.row(event))))];
  }

  private row(event: Listed): HTMLElement {
    const outcome = event.last_outcome ? OUTCOMES[event.last_outcome] : null;
    const by = event.sharing === "shared" && !event.mine && event.owner ? `by ${event.owner}` : "";
    return el(
      "button",
      { type: "button", class: "te-row", "aria-current": event.id === this.selected ? "true" : null, onclick: () => this.actions.open(event.id) },
      el("span", { class: "te-row-name" }, event.name),
      el("span", { class: "te-row-more" }, by ? el("span", {}, by) : null, outcome ? el("span", { class: `badge-state ${outcome[0]}` }, outcome[1]) : event.expects ? el("span", { class: "tag" }, "expects") : null),
    );
  }

  mark(id: number | null): void {
    this.selected = id;
    this.draw();
  }

  put(event: Listed): void {
    const others = this.data.events.filter((one) => one.id !== event.id);
    this.data.events = [...others, event].sort((a, b) => (a.sharing === b.sharing ? (a.name < b.name ? -1 : 1) : a.sharing === "private" ? -1 : 1));
    this.mark(event.id);
  }

  drop(id: number): void {
    this.data.events = this.data.events.filter((one) => one.id !== id);
    this.mark(null);
  }

  outcome(id: number | null, outcome: Listed["last_outcome"]): void {
    const event = this.data.events.find((one) => one.id === id);
    if (!event || event.last_outcome === outcome) return;
    event.last_outcome = outcome;
    this.draw();
  }
}
