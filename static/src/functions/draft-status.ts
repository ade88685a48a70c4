// How the draft differs from what is deployed: the badge, the list, the diffs.
import { button, el, icon } from "../editor/dom";
import { JsonApi } from "../editor/json-api";
import { Signal } from "../editor/signal";
import type { FileContent } from "../editor/workspace-api";

interface Status {
  changed: boolean;
  draft_revision: number;
  deployed_revision: number;
  changed_paths: string[];
}

export class DraftStatus {
  readonly changed = new Signal<void>();
  readonly badge: HTMLButtonElement;
  readonly view: HTMLElement;
  paths = new Set<string>();
  private readonly list = el("ul", { class: "ve-changes", "aria-label": "Changed files" });
  private timer = 0;

  constructor(private readonly api: JsonApi, show: () => void, private readonly compare: (path: string, deployed: string) => void, private readonly failed: (error: unknown) => void) {
    this.badge = button("Changes not deployed", show, { class: "ve-badge", icon: "diff", title: "Show what differs from the deployed code" });
    this.badge.hidden = true;
    this.view = el("section", { class: "ve-section", "aria-label": "Changes" }, el("header", {}, el("h2", {}, "Changes not deployed")), this.list);
    this.draw();
  }

  /** Asks the server again, soon: a burst of saves asks once, and a run comes first. */
  refreshSoon(wait = 400): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.refresh(), wait);
  }

  private async refresh(): Promise<void> {
    try {
      const status = await this.api.get<Status>("draft-status/");
      this.paths = new Set(status.changed_paths);
      this.badge.hidden = !status.changed;
      this.draw();
      this.changed.fire();
    } catch (error) {
      this.failed(error);
    }
  }

  private draw(): void {
    if (this.paths.size === 0) {
      this.list.replaceChildren(el("li", { class: "ve-empty" }, "The draft is what is deployed."));
      return;
    }
    this.list.replaceChildren(...[...this.paths].sort().map((path) =>
      el("li", {}, el("button", { type: "button", title: `Compare ${path} with what is deployed`, onclick: () => void this.open(path) }, icon("diff"), el("span", {}, path)))));
  }

  async open(path: string): Promise<void> {
    try {
      const deployed = await this.api.get<{ files: { path: string }[] }>("deployed/files/");
      const there = deployed.files.some((file) => file.path === path);
      const file = there ? await this.api.get<FileContent>("deployed/file/", { path }) : null;
      if (file && file.content === null) throw new Error(`${path} is not text or too large to compare.`);
      this.compare(path, file?.content ?? "");
    } catch (error) {
      this.failed(error);
    }
  }
}
