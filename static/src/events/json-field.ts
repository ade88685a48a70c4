// A text area for JSON that says where it stops being JSON, as it is typed.
import { el } from "../editor/dom";

const MOST_ROWS = 20;

/** "" when it is JSON; else what is wrong, with line and column where the browser tells. */
export function problemOf(text: string): string {
  if (!text.trim()) return "Type JSON, or {} for an event with nothing in it.";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(said);
    const place = at ? placeOf(text, Number(at[1])) : { line: text.split("\n").length, column: (text.split("\n").at(-1) ?? "").length + 1 };
    const words = said.replace(/ in JSON at position.*$/, "").replace(/ \(line .*$/, "");
    return `Not JSON: line ${place.line}, column ${place.column}: ${words}.`;
  }
}

function placeOf(text: string, position: number): { line: number; column: number } {
  const lines = text.slice(0, position).split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

interface Options {
  id: string;
  label: string;
  rows: number;
  help?: string;
  /** An empty text is no value, and fine. */
  optional?: boolean;
  readOnly: boolean;
  changed: () => void;
}

export class JsonField {
  readonly element: HTMLElement;
  readonly area: HTMLTextAreaElement;
  private readonly state: HTMLElement;
  private timer = 0;

  constructor(private readonly options: Options) {
    const { id, label, help, rows, readOnly } = options;
    this.area = el("textarea", { id, class: "form-control te-json", rows, spellcheck: "false", autocomplete: "off", wrap: "off", "aria-describedby": `${id}-state`, readonly: readOnly });
    this.state = el("div", { id: `${id}-state`, class: "te-json-state", role: "status", "aria-live": "polite" });
    this.element = el("div", { class: "field" }, el("label", { class: "form-label", for: id }, label), help ? el("div", { class: "form-text" }, help) : null, this.area, this.state);
    this.area.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.check(), 250);
      options.changed();
    });
    this.area.addEventListener("keydown", (event) => this.indent(event));
  }

  get value(): string {
    return this.area.value;
  }

  set value(text: string) {
    this.area.value = text;
    // As tall as its text, within reason: what follows should be in sight.
    this.area.rows = Math.min(MOST_ROWS, Math.max(this.options.rows, text.split("\n").length + 1));
    this.check();
  }

  get problem(): string {
    return this.options.optional && !this.value.trim() ? "" : problemOf(this.value);
  }

  refuse(message: string): void {
    this.say(message);
  }

  check(): boolean {
    clearTimeout(this.timer);
    this.say(this.problem);
    return this.problem === "";
  }

  private say(problem: string): void {
    this.area.setAttribute("aria-invalid", String(problem !== ""));
    this.element.classList.toggle("has-error", problem !== "");
    const empty = this.options.optional && !this.value.trim();
    this.state.classList.toggle("is-bad", problem !== "");
    this.state.textContent = problem || (empty ? "" : `JSON, ${new Blob([this.value]).size.toLocaleString("en")} bytes`);
  }

  /** Enter keeps the line's indentation: Tab stays a way out of the field. */
  private indent(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    const { selectionStart, value } = this.area;
    const line = value.slice(value.lastIndexOf("\n", selectionStart - 1) + 1, selectionStart);
    const more = /[[{]\s*$/.test(line) ? "  " : "";
    const spaces = (/^\s*/.exec(line)?.[0] ?? "") + more;
    if (!spaces) return;
    event.preventDefault();
    this.area.setRangeText(`\n${spaces}`, selectionStart, this.area.selectionEnd, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
