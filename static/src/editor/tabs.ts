// What is open in the centre: a list of tabs, one of them shown.
import type { editor } from "monaco-editor/editor/editor.api.js";
import { button, el, icon } from "./dom";
import type { Monaco } from "./monaco";
import { Signal } from "./signal";

/** One open thing. It is text in the shared editor (`model`) or an element of its own. */
export interface Tab {
  /** Such as "file:app.py": opening the same id again shows the open one. */
  readonly id: string;
  title: string;
  icon: string;
  /** The path in words, shown above the text. */
  crumbs: string[];
  model?: editor.ITextModel;
  element?: HTMLElement;
  /** Buttons shown beside the path. */
  tools?: HTMLElement[];
  readOnly?: boolean;
  dirty?(): boolean;
  /** Asked before closing; false keeps it open. */
  mayClose?(): Promise<boolean>;
  closed?(): void;
}

export class Tabs {
  readonly element: HTMLElement;
  readonly changed = new Signal<void>();
  readonly editor: editor.IStandaloneCodeEditor;
  readonly all: Tab[] = [];
  active: Tab | null = null;
  private readonly bar = el("ul", { class: "ve-tabs" });
  private readonly crumbs = el("div", { class: "ve-crumbs" });
  private readonly host = el("div", { class: "ve-monaco" });
  private readonly other = el("div", { class: "ve-other", hidden: true });
  private readonly empty: HTMLElement;
  private readonly views = new Map<string, editor.ICodeEditorViewState | null>();
  private readonly recent: string[] = [];

  constructor(monaco: Monaco, options: editor.IStandaloneEditorConstructionOptions, empty: HTMLElement) {
    this.empty = empty;
    this.element = el("section", { class: "ve-centre", "aria-label": "Editor" },
      el("nav", { class: "ve-tabbar", "aria-label": "Open files" }, this.bar), this.crumbs, this.host, this.other, empty);
    this.editor = monaco.editor.create(this.host, { ...options, model: null });
    this.draw();
  }

  get(id: string): Tab | undefined {
    return this.all.find((tab) => tab.id === id);
  }

  show(tab: Tab, focus = true): void {
    const present = this.get(tab.id);
    if (!present) this.all.splice(this.active ? this.all.indexOf(this.active) + 1 : this.all.length, 0, tab);
    this.activate(present ?? tab, focus);
  }

  activate(tab: Tab, focus = true): void {
    if (this.active !== tab) {
      this.rememberView();
      this.active = tab;
      this.mount();
    }
    const at = this.recent.indexOf(tab.id);
    if (at >= 0) this.recent.splice(at, 1);
    this.recent.push(tab.id);
    this.draw();
    if (focus) this.focus();
    this.changed.fire();
  }

  focus(): void {
    if (this.active?.model) this.editor.focus();
    else this.other.querySelector<HTMLElement>("button, a, textarea, [tabindex='0']")?.focus();
  }

  private rememberView(): void {
    if (this.active?.model) this.views.set(this.active.id, this.editor.saveViewState());
  }

  /** Puts the active tab's content in place; again after a tab's model was replaced. */
  mount(): void {
    const tab = this.active;
    this.host.hidden = !tab?.model;
    this.other.hidden = !tab?.element;
    this.empty.hidden = tab !== null;
    this.editor.setModel(tab?.model ?? null);
    this.other.replaceChildren(...(tab?.element ? [tab.element] : []));
    if (!tab?.model) return;
    this.editor.updateOptions({ readOnly: tab.readOnly ?? false, ariaLabel: `${tab.title}, press Control+M to move with Tab` });
    const view = this.views.get(tab.id);
    if (view) this.editor.restoreViewState(view);
  }

  async close(tab: Tab): Promise<void> {
    if (tab.mayClose && !(await tab.mayClose())) return;
    this.drop(tab);
  }

  /** Closes without asking: the file is gone. */
  drop(tab: Tab): void {
    const index = this.all.indexOf(tab);
    if (index < 0) return;
    this.all.splice(index, 1);
    this.views.delete(tab.id);
    const at = this.recent.indexOf(tab.id);
    if (at >= 0) this.recent.splice(at, 1);
    if (this.active === tab) {
      this.active = null;
      const next = this.get(this.recent[this.recent.length - 1] ?? "") ?? this.all[Math.min(index, this.all.length - 1)];
      if (next) this.activate(next);
      else this.mount();
    }
    tab.closed?.();
    this.draw();
    this.changed.fire();
  }

  /** Draws names, dots and the path again. */
  draw(): void {
    const focused = this.bar.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["id"] : undefined;
    this.bar.replaceChildren(...this.all.map((tab) => this.item(tab)));
    this.bar.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (focused) this.bar.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    const tab = this.active;
    this.crumbs.hidden = !tab;
    this.crumbs.replaceChildren(
      el("ol", { "aria-label": "Path" }, ...(tab?.crumbs ?? []).map((part) => el("li", {}, part))),
      el("div", { class: "ve-crumb-tools" }, ...(tab?.tools ?? [])),
    );
  }

  private item(tab: Tab): HTMLElement {
    const dirty = tab.dirty?.() ?? false;
    return el("li", { class: `${tab === this.active ? "ve-active" : ""} ${dirty ? "ve-dirty" : ""}`, onauxclick: (event: MouseEvent) => {
      if (event.button === 1) void this.close(tab);
    } },
      el("button", {
        type: "button", class: "ve-tab", "data-id": tab.id, title: tab.crumbs.join("/"),
        "aria-current": tab === this.active ? "true" : null,
        "aria-label": dirty ? `${tab.title}, not saved` : tab.title,
        onclick: () => this.activate(tab),
      }, icon(tab.icon), el("span", {}, tab.title), dirty ? el("span", { class: "ve-dot", "aria-hidden": "true" }, "●") : null),
      button("", () => void this.close(tab), { icon: "close", label: `Close ${tab.title}`, title: "Close (Alt+W)", class: "ve-tool ve-close" }),
    );
  }
}
