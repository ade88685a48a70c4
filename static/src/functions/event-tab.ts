// A test event in a tab of the editor: JSON, checked as it is written.
import { askText } from "../editor/dialog";
import { button } from "../editor/dom";
import type { Tab } from "../editor/tabs";
import type { Workbench } from "../editor/workbench";
import { laidOut, wrongWithJson } from "./json-layout";
import type { TestEvent, TestEvents } from "./test-events";

export class EventTabs {
  constructor(private readonly bench: Workbench, private readonly events: TestEvents, private readonly test: () => void, private readonly mayEdit: boolean, private readonly mayRun: boolean) {}

  open(event: TestEvent): void {
    void this.bench.attempt(() => this.show(event));
  }

  private async show(event: TestEvent): Promise<void> {
    this.events.select(event.id);
    await this.events.complete(event);
    this.bench.tabs.show(this.bench.tabs.get(`event:${event.id}`) ?? this.tab(event));
  }

  private tab(event: TestEvent): Tab {
    const { monaco } = this.bench;
    const uri = monaco.Uri.from({ scheme: "virga-event", path: `/${event.id}.json` });
    const model = monaco.editor.getModel(uri) ?? monaco.editor.createModel(this.events.text(event), "json", uri);
    model.onDidChangeContent(() => {
      this.events.edit(event, model.getValue());
      this.bench.drawSoon();
    });
    const format = button("Format JSON", () => this.format(model.getValue(), (text) => model.pushEditOperations([], [{ range: model.getFullModelRange(), text }], () => null)));
    const save = button(event.id === null ? "Save as…" : "Save changes", () => void this.bench.attempt(() => this.save(event)));
    const test = button("Test", this.test, { icon: "play", class: "ve-button ve-button-primary" });
    return {
      id: `event:${event.id}`,
      title: event.name,
      icon: "beaker",
      crumbs: ["Test events", event.name],
      model,
      tools: [format, ...(this.mayEdit ? [save] : []), ...(this.mayRun ? [test] : [])],
      dirty: () => this.events.edited(event),
      closed: () => model.dispose(),
    };
  }

  private format(text: string, put: (text: string) => void): void {
    const wrong = wrongWithJson(text);
    if (wrong) this.bench.notices.show("error", wrong);
    else put(`${laidOut(text)}\n`);
  }

  private async save(event: TestEvent): Promise<void> {
    const wrong = wrongWithJson(this.events.text(event));
    if (wrong) throw new Error(wrong);
    const name = event.id === null ? await askText({ title: "Save test event", label: "Event name", action: "Save", hint: "Private to you. Sharing and history are on the Test tab.", check: (value) => (/^[A-Za-z0-9_-]{1,64}$/.test(value) ? "" : "Use letters, digits, - and _, at most 64.") }) : event.name;
    if (!name) return;
    const old = this.bench.tabs.get(`event:${event.id}`);
    const saved = await this.events.save(event, name);
    if (old) this.bench.tabs.drop(old);
    this.open(this.events.all.find(({ id }) => id === saved.id) ?? saved);
    this.bench.notices.show("success", `Saved the test event ${name}.`);
  }
}
