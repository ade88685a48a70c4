// The row above the editor: what a person presses all day.
import { button, el } from "../editor/dom";
import { below, showMenu } from "../editor/menu";
import type { Target } from "./test-messages";
import type { TestEvents } from "./test-events";

export interface ToolbarActions {
  test(): void;
  stop(): void;
  save(): void;
  deploy(): void;
  editEvent(): void;
  newEvent(): void;
  toggleSide(): void;
  commands(): void;
  target(target?: Target): Target;
}

export interface Rights {
  edit: boolean;
  run: boolean;
  deploy: boolean;
}

export class Toolbar {
  readonly element: HTMLElement;
  readonly test: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
  readonly deploy: HTMLButtonElement;
  private readonly picker = el("select", { class: "ve-input ve-picker", "aria-label": "Test event" });

  constructor(private readonly actions: ToolbarActions, private readonly events: TestEvents, badge: HTMLElement, rights: Rights) {
    this.test = button("Test", () => actions.test(), { icon: "play", class: "ve-button ve-button-primary ve-test", title: "Save changed files and run (Ctrl+Enter)" });
    const more = button("", () => this.menu(more), { icon: "chevron-down", label: "Test options", title: "What to run, and with which event", class: "ve-button ve-button-primary ve-more", "aria-haspopup": "menu" });
    this.stop = button("Stop", () => actions.stop(), { icon: "debug-stop", class: "ve-button ve-button-danger", title: "Stop the running test (Shift+F5)" });
    this.stop.hidden = true;
    this.deploy = button("Deploy", () => actions.deploy(), { icon: "cloud-upload", title: "Make the draft $LATEST (Ctrl+Shift+U)" });
    const save = button("Save", () => actions.save(), { icon: "save", class: "ve-button ve-save", title: "Save changed files (Ctrl+S)" });
    this.picker.addEventListener("change", () => events.select(this.picker.value));
    this.element = el("div", { class: "ve-toolbar", role: "toolbar", "aria-label": "Editor" },
      button("", () => actions.toggleSide(), { icon: "layout-sidebar-left", label: "Side bar", title: "Show or hide the side bar (Ctrl+B)", class: "ve-tool" }),
      rights.run ? el("span", { class: "ve-split" }, this.test, more) : el("span", { class: "ve-hint" }, "You may look, not run."),
      this.stop,
      this.picker,
      rights.edit ? save : null,
      rights.deploy ? this.deploy : null,
      badge,
      button("", () => actions.commands(), { icon: "terminal-cmd", label: "All commands", title: "All commands (F1)", class: "ve-tool ve-right" }));
    events.changed.on(() => this.drawEvents());
    this.drawEvents();
    this.drawTarget();
  }

  private drawEvents(): void {
    this.picker.replaceChildren(...this.events.all.map((event) => el("option", { value: String(event.id) }, event.name)));
    this.picker.value = String(this.events.selected.id);
  }

  private drawTarget(): void {
    const deployed = this.actions.target() !== "draft";
    const words = this.test.querySelector(".ve-button-text");
    if (words) words.textContent = deployed ? "Test $LATEST" : "Test";
  }

  busy(busy: boolean, stoppable: boolean): void {
    this.test.disabled = busy;
    this.stop.hidden = !busy;
    this.stop.disabled = !stoppable;
  }

  private menu(at: HTMLElement): void {
    const target = this.actions.target();
    const choose = (to: Target) => () => {
      this.actions.target(to);
      this.drawTarget();
    };
    showMenu("Test options", [
      { text: "Test the draft", checked: target === "draft", run: choose("draft") },
      { text: "Test what is deployed ($LATEST)", checked: target !== "draft", run: choose("$LATEST") },
      null,
      { text: "Edit this test event", icon: "edit", run: () => this.actions.editEvent() },
      { text: "New test event", icon: "add", run: () => this.actions.newEvent() },
    ], below(at));
  }
}
