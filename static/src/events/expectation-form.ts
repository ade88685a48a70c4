// "Expected result": what a run of the event must give.
import { el } from "../editor/dom";
import { JsonField } from "./json-field";
import type { Expectation } from "./types";

export class ExpectationForm {
  readonly element: HTMLDetailsElement;
  private readonly outcome: HTMLSelectElement;
  private readonly longest: HTMLInputElement;
  private readonly log: HTMLInputElement;
  private readonly subset: JsonField;
  private readonly told = el("span", { class: "te-quiet" });

  constructor(changed: () => void, readOnly: boolean) {
    const touched = (): void => {
      this.tell();
      changed();
    };
    this.outcome = el("select", { id: "expect-outcome", class: "form-select", disabled: readOnly, onchange: touched }, el("option", { value: "" }, "Not checked"), el("option", { value: "succeeds" }, "Succeeds"), el("option", { value: "fails" }, "Fails"));
    this.longest = el("input", { id: "expect-longest", class: "form-control", type: "number", min: 1, max: 900000, step: 1, inputmode: "numeric", disabled: readOnly, oninput: touched });
    this.log = el("input", { id: "expect-log", class: "form-control", type: "text", maxlength: 1000, disabled: readOnly, oninput: touched });
    this.subset = new JsonField({ id: "expect-subset", label: "Response contains", rows: 4, optional: true, readOnly, changed: touched, help: "JSON that must be in the response; objects may have more keys. Empty: not checked." });
    this.element = el(
      "details",
      { class: "te-expect" },
      el("summary", {}, "Expected result ", this.told),
      el(
        "div",
        { class: "te-expect-body" },
        el("div", { class: "field" }, el("label", { class: "form-label", for: "expect-outcome" }, "Outcome"), this.outcome),
        el("div", { class: "field" }, el("label", { class: "form-label", for: "expect-longest" }, "Longest duration (ms)"), this.longest),
        el("div", { class: "field" }, el("label", { class: "form-label", for: "expect-log" }, "Text in the log"), this.log),
        this.subset.element,
      ),
    );
  }

  show(expectation: Expectation, subset: string): void {
    this.outcome.value = expectation.outcome ?? "";
    this.longest.value = expectation.longest_ms === undefined ? "" : String(expectation.longest_ms);
    this.log.value = expectation.log_has ?? "";
    this.subset.value = subset;
    this.tell();
  }

  /** Throws an Error with words when the JSON is not JSON. */
  get value(): Expectation & { subset_text: string } {
    const made: Expectation & { subset_text: string } = { subset_text: this.subset.value };
    if (this.outcome.value) made.outcome = this.outcome.value as "succeeds" | "fails";
    if (this.longest.value) made.longest_ms = Number(this.longest.value);
    if (this.log.value) made.log_has = this.log.value;
    if (this.subset.problem) {
      this.element.open = true;
      this.subset.area.focus();
      throw new Error(`Expected response: ${this.subset.problem}`);
    }
    return made;
  }

  open(): void {
    this.element.open = true;
    this.outcome.focus();
  }

  private tell(): void {
    const parts = [
      this.outcome.value,
      this.subset.value.trim() ? "contains JSON" : "",
      this.longest.value ? `at most ${this.longest.value} ms` : "",
      this.log.value ? "text in log" : "",
    ].filter(Boolean);
    this.told.textContent = parts.length ? parts.join(", ") : "nothing yet: say what a run must give, then Run all checks it";
  }
}
