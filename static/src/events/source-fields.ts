// A source's fields as a form.
import { el } from "../editor/dom";
import type { Field, Source } from "./types";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function control(field: Field, id: string, value: string): Control {
  const common = { id, "data-field": field.name, "aria-describedby": `${id}-help`, autocomplete: "off", spellcheck: "false" };
  if (field.kind === "choice") {
    const select = el("select", { ...common, class: "form-select" }, ...field.choices.map((one) => el("option", { value: one }, one)));
    select.value = value;
    return select;
  }
  if (field.kind === "long" || field.kind === "json") {
    const area = el("textarea", { ...common, class: "form-control te-mono", rows: Math.min(8, Math.max(2, value.split("\n").length)) });
    area.value = value;
    return area;
  }
  const input = el("input", { ...common, type: "text", class: "form-control", inputmode: field.kind === "number" ? "decimal" : null, list: field.choices.length ? `${id}-list` : null });
  input.value = value;
  return input;
}

export class SourceFields {
  readonly element = el("div", { class: "te-fields" });
  private controls: Control[] = [];

  constructor(private readonly changed: () => void, private readonly readOnly: boolean) {}

  show(source: Source | null, values: Record<string, string>): void {
    this.controls = [];
    this.element.replaceChildren(...(source?.fields ?? []).map((field) => this.row(field, values[field.name] ?? field.default)));
    this.element.hidden = !source?.fields.length;
  }

  get values(): Record<string, string> {
    return Object.fromEntries(this.controls.map((one) => [one.dataset["field"] ?? "", one.value]));
  }

  refuse(name: string, message: string): boolean {
    let found = false;
    for (const one of this.controls) {
      const wrong = one.dataset["field"] === name && message !== "";
      one.setAttribute("aria-invalid", String(wrong));
      one.closest(".field")?.classList.toggle("has-error", wrong);
      const error = document.getElementById(`${one.id}-error`);
      if (error) error.textContent = wrong ? message : "";
      found ||= wrong;
    }
    return found;
  }

  private row(field: Field, value: string): HTMLElement {
    const id = `field-${field.name}`;
    const made = control(field, id, value);
    made.disabled = this.readOnly;
    made.addEventListener("input", () => this.changed());
    this.controls.push(made);
    return el(
      "div",
      { class: `field te-field-${field.kind}` },
      el("label", { class: "form-label", for: id }, field.label),
      made,
      field.kind !== "choice" && field.choices.length ? el("datalist", { id: `${id}-list` }, ...field.choices.map((one) => el("option", { value: one }))) : null,
      el("div", { class: "form-text", id: `${id}-help` }, field.help),
      el("div", { class: "field-error", id: `${id}-error`, role: "alert" }),
    );
  }
}
