// Pressing Test in the editor: changed files and the event go out together,
// what comes back is laid on the files and shown.
import { Remembered } from "../editor/dom";
import type { Workbench } from "../editor/workbench";
import type { Workspace } from "../editor/workspace";
import type { Snapshot } from "../editor/buffer";
import type { EventTabs } from "./event-tab";
import { wrongWithJson } from "./json-layout";
import type { TestEvent, TestEvents } from "./test-events";
import type { Target } from "./test-messages";
import type { TestRun } from "./test-run";

export class Tester {
  private sent: Snapshot[] = [];
  private settleSave: (() => void) | null = null;
  private readonly chosen: Remembered<Target>;

  constructor(private readonly run: TestRun, private readonly bench: Workbench, private readonly workspace: Workspace, private readonly events: TestEvents, private readonly tabs: EventTabs, private readonly mayEdit: boolean, key: string) {
    this.chosen = new Remembered<Target>(`virga:target:${key}`, "draft");
    run.saved.on((saved) => {
      workspace.saved(this.sent, saved);
      if (this.sent.some(({ buffer }) => !workspace.entry(buffer.path))) void workspace.catchUp();
      this.settle();
    });
    run.conflicted.on((conflicts) => void this.conflict(conflicts));
    run.changed.on((state) => state !== "asked" && this.settle());
  }

  target(to?: Target): Target {
    // The draft runs for those who may change it; others run what is deployed.
    if (!this.mayEdit) return "$LATEST";
    if (to) this.chosen.value = to;
    return this.chosen.value;
  }

  start(): void {
    const event = this.events.selected;
    if (event.body === null) void this.bench.attempt(() => this.events.complete(event)).then(() => event.body !== null && this.begin(event));
    else this.begin(event);
  }

  private begin(event: TestEvent): void {
    if (this.run.busy) return;
    const text = this.events.text(event);
    const wrong = wrongWithJson(text);
    if (wrong) {
      this.tabs.open(event);
      this.bench.notices.show("error", wrong);
      return;
    }
    const target = this.target();
    this.sent = target === "draft" && this.mayEdit ? this.workspace.snapshot() : [];
    if (this.sent.length) void this.workspace.duringSave(() => new Promise<void>((resolve) => (this.settleSave = resolve)));
    this.bench.layout.show("results");
    this.run.start({ target, files: this.sent.map(({ change }) => change), event: text, eventName: event.id === null ? "" : event.name });
  }

  private settle(): void {
    this.settleSave?.();
    this.settleSave = null;
  }

  private async conflict(conflicts: Parameters<Workbench["resolve"]>[0]): Promise<void> {
    this.settle();
    if (await this.bench.resolve(conflicts)) this.start();
  }
}
