// The form of one event: name, sharing, source with its fields, JSON, expectation.
import { el } from "../editor/dom";
import { laidOut } from "../functions/json-layout";
import { flash } from "../lib/flash";
import { ask, Refused } from "../lib/http";
import { ExpectationForm } from "./expectation-form";
import { JsonField } from "./json-field";
import { chooseSource } from "./source-chooser";
import { SourceFields } from "./source-fields";
import type { Saved, Source, TabData } from "./types";

const FIRST = "hello/hello-world";

export interface FormActions {
  saved: (event: Saved) => void;
  remove: (event: Saved) => void;
  history: (event: Saved) => void;
}

export class EventForm {
  event: Saved | null = null;
  dirty = false;
  private source: Source | null = null;
  private rendering = 0;
  private timer = 0;
  private readonly readOnly: boolean;
  private readonly heading = el("h2", { id: "te-form-title", class: "h6 m-0", tabindex: -1 });
  private readonly state = el("span", { class: "te-quiet", role: "status" });
  private readonly name: HTMLInputElement;
  private readonly nameError = el("div", { class: "field-error", id: "event-name-error", role: "alert" });
  private readonly sharing: HTMLFieldSetElement;
  private readonly sourceName = el("strong", {});
  private readonly sourceAbout = el("span", { class: "te-quiet" });
  private readonly fields: SourceFields;
  private readonly body: JsonField;
  private readonly undo = el("div", { class: "te-undo", role: "status" });
  private readonly expectation: ExpectationForm;
  private readonly actionsRow = el("div", { class: "form-actions" });
  private readonly more = el("div", { class: "te-more" });

  constructor(place: HTMLElement, private readonly data: TabData, private readonly actions: FormActions) {
    this.readOnly = !data.canSave;
    const touched = (): void => this.touch();
    this.name = el("input", { id: "event-name", class: "form-control", maxlength: 64, autocomplete: "off", "aria-describedby": "event-name-error", disabled: this.readOnly, oninput: touched });
    this.sharing = el("fieldset", { class: "te-sharing field", disabled: this.readOnly }, el("legend", { class: "form-label" }, "Event sharing settings"), this.choice("private", "Private", "Only you see it."), this.choice("shared", "Shareable", "Everyone in the account sees it."));
    this.fields = new SourceFields(() => this.renderSoon(), this.readOnly);
    this.body = new JsonField({ id: "event-body", label: "Event JSON", rows: 7, readOnly: this.readOnly, changed: () => this.typed() });
    this.expectation = new ExpectationForm(touched, this.readOnly);
    place.replaceChildren(
      el("div", { class: "panel-head" }, this.heading, this.state, this.more),
      el(
        "form",
        { class: "panel-body", novalidate: true, onsubmit: (event: SubmitEvent) => void this.submit(event) },
        el("div", { class: "te-two" }, el("div", { class: "field" }, el("label", { class: "form-label", for: "event-name" }, "Event name"), this.name, this.nameError), this.sharing),
        el("div", { class: "te-source-row" }, el("span", { class: "form-label" }, "Template"), el("div", { class: "te-source-now" }, this.sourceName, this.sourceAbout), this.readOnly ? null : el("button", { type: "button", class: "btn btn-secondary", "data-choose": true, onclick: () => this.choose() }, "Choose…")),
        this.fields.element,
        this.undo,
        this.body.element,
        this.expectation.element,
        this.actionsRow,
      ),
    );
  }

  private choice(value: string, label: string, help: string): HTMLElement {
    const input = el("input", { type: "radio", class: "form-check-input", name: "sharing", id: `sharing-${value}`, value, onchange: () => this.touch() });
    return el("div", { class: "form-check" }, input, el("label", { class: "form-check-label", for: `sharing-${value}` }, label, " ", el("span", { class: "te-quiet" }, help)));
  }

  /** Shows a saved event, or a new one made of a source. */
  async show(event: Saved | null): Promise<void> {
    this.event = event;
    this.rendering += 1;
    clearTimeout(this.timer);
    this.undo.replaceChildren();
    this.refuse("", "");
    this.heading.textContent = event ? (this.readOnly ? event.name : "Edit saved event") : "Create new event";
    this.name.value = event?.name ?? "";
    this.share(event?.sharing ?? "private");
    this.expectation.show(event?.expectation ?? {}, event?.subset_text ?? "");
    this.expectation.element.open = Object.keys(event?.expectation ?? {}).length > 0;
    this.drawActions();
    const source = this.data.sources.find((one) => one.id === (event ? event.source : FIRST)) ?? null;
    this.showSource(source, event?.fields ?? {});
    if (event) this.body.value = event.body;
    else await this.render(false);
    this.dirty = false;
    this.state.textContent = "";
  }

  private showSource(source: Source | null, values: Record<string, string>): void {
    this.source = source;
    this.sourceName.textContent = source ? `${source.service}: ${source.label}` : "Own JSON";
    this.sourceAbout.textContent = source?.about ?? "Written by hand or saved from a run.";
    this.fields.show(source, values);
  }

  private drawActions(): void {
    const event = this.event;
    const press = (text: string, act: () => void, kind = "btn-secondary"): HTMLButtonElement => el("button", { type: "button", class: `btn ${kind}`, onclick: act }, text);
    this.actionsRow.replaceChildren();
    this.more.replaceChildren();
    if (this.data.canRun) this.actionsRow.append(press("Test", () => this.test(), "btn-primary"));
    if (this.data.canSave) this.actionsRow.append(el("button", { type: "submit", class: "btn btn-secondary" }, event ? "Save changes" : "Save"));
    if (!this.readOnly) this.actionsRow.append(press("Format JSON", () => this.format()));
    if (!event) return;
    this.more.append(press("History", () => this.actions.history(event), "btn-link"));
    this.more.append(el("a", { class: "btn btn-link", href: `${this.data.base}export/?event=${event.id}`, download: "" }, "Download"));
    if (this.readOnly) return;
    this.more.append(press("Duplicate", () => void this.duplicate(event), "btn-link"), press("Delete", () => this.actions.remove(event), "btn-link te-danger"));
  }

  private touch(): void {
    this.dirty = true;
    this.state.textContent = this.readOnly ? "" : "Not saved";
  }

  private typed(): void {
    this.undo.replaceChildren();
    this.touch();
  }

  private choose(): void {
    chooseSource(this.data.sources, this.source?.id ?? "", (source) => {
      this.showSource(source, {});
      this.touch();
      void this.render(true);
      if (!this.name.value) this.name.focus();
    });
  }

  private renderSoon(): void {
    this.touch();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.render(true), 150);
  }

  /** Puts what the fields say into the JSON; what stood there can be brought back. */
  private async render(keepOld: boolean): Promise<void> {
    const source = this.source;
    if (!source) return;
    const turn = ++this.rendering;
    try {
      const { body } = await ask<{ body: string }>(`${this.data.base}render/`, { source: source.id, fields: this.fields.values });
      if (turn !== this.rendering) return;
      this.fields.refuse("", "");
      const old = this.body.value;
      this.body.value = body;
      if (keepOld && this.byHand && old.trim() && old !== body) this.offerUndo(old);
      this.lastRendered = body;
    } catch (error) {
      if (turn !== this.rendering) return;
      const refused = error as Refused;
      if (!this.fields.refuse(refused.field, refused.message)) flash(refused.message, "error");
    }
  }

  private lastRendered = "";

  /** Whether the JSON holds something that the fields did not put there. */
  private get byHand(): boolean {
    return this.body.value !== this.lastRendered && this.undo.childElementCount === 0;
  }

  private offerUndo(old: string): void {
    this.undo.replaceChildren(
      "The fields replaced the JSON. ",
      el("button", { type: "button", class: "btn btn-link btn-sm", onclick: () => {
        this.body.value = old;
        this.undo.replaceChildren();
      } }, "Bring mine back"),
    );
  }

  private share(sharing: string): void {
    for (const input of this.sharing.querySelectorAll<HTMLInputElement>("input")) input.checked = input.value === sharing;
  }

  private get sharingValue(): string {
    return this.sharing.querySelector<HTMLInputElement>("input:checked")?.value ?? "private";
  }

  private format(): void {
    if (this.body.check()) {
      this.body.value = laidOut(this.body.value);
      this.touch();
    } else this.body.area.focus();
  }

  private test(): void {
    if (!this.body.check()) return this.body.area.focus();
    document.dispatchEvent(new CustomEvent("virga:test", { detail: { event: this.body.value, eventName: this.event ? this.event.name : this.name.value } }));
    document.querySelector(".te-result")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await this.save();
  }

  async save(): Promise<void> {
    if (this.readOnly) return;
    this.refuse("", "");
    if (!this.body.check()) return this.body.area.focus();
    try {
      const saved = await ask<Saved>(`${this.data.base}save/`, {
        id: this.event?.id ?? null,
        base: this.event?.revision ?? null,
        name: this.name.value,
        sharing: this.sharingValue,
        source: this.source?.id ?? "",
        fields: this.source ? this.fields.values : {},
        body: this.body.value,
        expectation: this.expectation.value,
      });
      this.event = saved;
      this.dirty = false;
      this.heading.textContent = "Edit saved event";
      this.name.value = saved.name;
      this.state.textContent = "Saved";
      this.drawActions();
      this.actions.saved(saved);
    } catch (error) {
      this.refuse(error instanceof Refused ? error.field : "", error instanceof Error ? error.message : String(error));
    }
  }

  private refuse(field: string, message: string): void {
    this.nameError.textContent = field === "name" ? message : "";
    this.name.setAttribute("aria-invalid", String(field === "name"));
    this.name.closest(".field")?.classList.toggle("has-error", field === "name");
    if (!message) return;
    if (field === "name") this.name.focus();
    else if (field === "body") {
      this.body.refuse(message);
      this.body.area.focus();
    } else flash(message, "error");
  }

  private async duplicate(event: Saved): Promise<void> {
    try {
      const made = await ask<Saved>(`${this.data.base}${event.id}/duplicate/`, {});
      await this.show(made);
      this.actions.saved(made);
      this.name.select();
    } catch (error) {
      flash(error instanceof Error ? error.message : String(error), "error");
    }
  }

  focus(): void {
    this.heading.focus();
  }
}
