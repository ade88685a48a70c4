// The events a function can be tested with: the saved ones, as changed here,
// and one that nobody has named yet.
import { Remembered } from "../editor/dom";
import { JsonApi } from "../editor/json-api";
import { Signal } from "../editor/signal";

export interface TestEvent {
  /** null: not saved yet. */
  id: number | string | null;
  name: string;
  sharing: string;
  /** null: too long to come with the list. */
  body: string | null;
  source: string;
  revision?: number;
  /** What the Test tab keeps with an event; sent back as it came. */
  fields?: Record<string, unknown>;
  expectation?: Record<string, unknown>;
}

const UNNAMED: TestEvent = {
  id: null,
  name: "Unsaved event",
  sharing: "private",
  body: '{\n  "key1": "value1",\n  "key2": "value2",\n  "key3": "value3"\n}\n',
  source: "hello-world",
};

export class TestEvents {
  readonly changed = new Signal<void>();
  saved: TestEvent[] = [];
  private readonly chosen: Remembered<string>;
  private readonly edits: Remembered<Record<string, string>>;

  constructor(private readonly api: JsonApi, key: string) {
    this.chosen = new Remembered(`virga:event:${key}`, "");
    this.edits = new Remembered<Record<string, string>>(`virga:event-edits:${key}`, {});
  }

  async load(): Promise<void> {
    this.saved = await this.api.get<TestEvent[]>("", { format: "json" });
    this.changed.fire();
  }

  get all(): TestEvent[] {
    return this.saved.length && !(String(null) in this.edits.value) ? this.saved : [...this.saved, UNNAMED];
  }

  get selected(): TestEvent {
    return this.all.find((event) => String(event.id) === this.chosen.value) ?? this.all[0] ?? UNNAMED;
  }

  select(id: TestEvent["id"]): void {
    this.chosen.value = String(id);
    this.changed.fire();
  }

  /** The event's text as it stands here. */
  text(event: TestEvent): string {
    return this.edits.value[String(event.id)] ?? event.body ?? "";
  }

  /** Fetches the event's text where the list came without. */
  async complete(event: TestEvent): Promise<void> {
    if (event.body === null) event.body = (await this.api.get<TestEvent>(`${event.id}/`)).body;
  }

  edited(event: TestEvent): boolean {
    return event.id !== null && this.text(event) !== event.body;
  }

  edit(event: TestEvent, text: string): void {
    const { [String(event.id)]: _, ...others } = this.edits.value;
    this.edits.value = text === event.body ? others : { ...others, [String(event.id)]: text };
  }

  /** A new, unnamed event to write in. */
  begin(): TestEvent {
    this.edits.value = { ...this.edits.value, [String(null)]: this.text(UNNAMED) };
    this.select(null);
    return UNNAMED;
  }

  /** Saves the event under its name or a new one; the saved event. */
  async save(event: TestEvent, name: string): Promise<TestEvent> {
    const { id, sharing, source, revision: base, fields, expectation } = event;
    const saved = await this.api.post<TestEvent>("save/", { ...(id === null ? {} : { id, base }), name, sharing, source, fields, expectation, body: this.text(event) });
    const { [String(event.id)]: _, ...others } = this.edits.value;
    this.edits.value = others;
    await this.load();
    this.select(saved.id);
    return saved;
  }
}
