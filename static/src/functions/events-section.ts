// The side bar's TEST EVENTS and ENVIRONMENT VARIABLES sections.
import { button, el, icon } from "../editor/dom";
import type { TestEvent, TestEvents } from "./test-events";

export class EventsSection {
  readonly element: HTMLElement;
  private readonly list = el("ul", { class: "ve-events" });

  constructor(private readonly events: TestEvents, private readonly open: (event: TestEvent) => void, private readonly run: ((event: TestEvent) => void) | null) {
    this.element = el("section", { class: "ve-section", "aria-label": "Test events" },
      el("header", {}, el("h2", {}, "Test events"), el("div", { class: "ve-tools" },
        button("", () => this.open(this.events.begin()), { icon: "add", label: "New test event", title: "New test event", class: "ve-tool" }))), this.list);
    events.changed.on(() => this.draw());
    this.draw();
  }

  private draw(): void {
    const selected = this.events.selected;
    this.list.replaceChildren(...this.events.all.map((event) => el("li", { class: String(event.id) === String(selected.id) ? "ve-active" : "" },
      el("button", { type: "button", class: "ve-line", "aria-current": String(event.id) === String(selected.id) ? "true" : null, onclick: () => this.open(event) },
        icon("beaker"), el("span", { class: "ve-name" }, event.name), event.sharing === "shared" || event.sharing === "shareable" ? el("small", {}, "shared") : null),
      this.run ? button("", () => this.run?.(event), { icon: "play", label: `Test with ${event.name}`, title: `Test with ${event.name}`, class: "ve-tool" }) : null)));
  }
}

export function environmentSection(names: string[], configuration: string): HTMLElement {
  const rows = names.length
    ? names.map((name) => el("li", {}, el("span", { class: "ve-line" }, icon("symbol-variable"), el("code", {}, name))))
    : [el("li", { class: "ve-empty" }, "None set.")];
  return el("section", { class: "ve-section", "aria-label": "Environment variables" },
    el("header", {}, el("h2", {}, "Environment variables")),
    el("ul", { class: "ve-environment" }, ...rows),
    configuration ? el("a", { class: "ve-link", href: configuration }, "Change in Configuration") : null);
}
