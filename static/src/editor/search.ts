// Find in files: the server searches, results open at their line.
import { el } from "./dom";
import { messageOf } from "./json-api";
import type { Match, WorkspaceApi } from "./workspace-api";

export class SearchView {
  readonly element: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly options: Record<"case" | "word" | "regex", HTMLInputElement>;
  private readonly status = el("p", { class: "ve-hint", role: "status" });
  private readonly results = el("ul", { class: "ve-results", "aria-label": "Results" });
  private timer = 0;
  private turn = 0;

  constructor(private readonly api: WorkspaceApi, private readonly open: (match: Match) => void) {
    this.input = el("input", { class: "ve-input", type: "search", "aria-label": "Find in files", placeholder: "Find in files", spellcheck: "false", autocomplete: "off",
      oninput: () => this.soon(), onkeydown: (event: KeyboardEvent) => this.key(event) });
    const option = (): HTMLInputElement => el("input", { type: "checkbox", onchange: () => void this.search() });
    this.options = { case: option(), word: option(), regex: option() };
    this.element = el("section", { class: "ve-section ve-search", "aria-label": "Find in files", hidden: true },
      el("header", {}, el("h2", {}, "Find in files")),
      el("div", { class: "ve-search-form" }, this.input, el("div", { class: "ve-search-options" },
        el("label", {}, this.options.case, " Match case"), el("label", {}, this.options.word, " Whole word"), el("label", {}, this.options.regex, " Regular expression"))),
      this.status, this.results);
  }

  focus(text?: string): void {
    if (text) this.input.value = text;
    this.input.focus();
    this.input.select();
    if (text) void this.search();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.search(), 150);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter") void this.search();
    else if (event.key === "ArrowDown") this.results.querySelector<HTMLElement>("button")?.focus();
    else return;
    event.preventDefault();
  }

  private async search(): Promise<void> {
    clearTimeout(this.timer);
    const turn = ++this.turn;
    const query = this.input.value;
    if (!query) {
      this.results.replaceChildren();
      this.status.textContent = "";
      return;
    }
    try {
      const { case: withCase, word, regex } = this.options;
      const found = await this.api.search(query, { case: withCase.checked, word: word.checked, regex: regex.checked });
      if (turn === this.turn) this.draw(found.matches, found.truncated);
    } catch (error) {
      if (turn !== this.turn) return;
      this.results.replaceChildren();
      this.status.textContent = messageOf(error);
    }
  }

  private draw(matches: Match[], truncated: boolean): void {
    const files = new Map<string, Match[]>();
    for (const match of matches) files.set(match.path, [...(files.get(match.path) ?? []), match]);
    const count = `${matches.length} result${matches.length === 1 ? "" : "s"} in ${files.size} file${files.size === 1 ? "" : "s"}`;
    this.status.textContent = matches.length === 0 ? "No results. Searches saved files." : truncated ? `First ${count}: narrow the search to see the rest.` : count;
    this.results.replaceChildren(...[...files].map(([path, lines]) => el("li", {}, el("h3", {}, path), el("ul", {}, ...lines.map((match) => this.line(match))))));
  }

  private line(match: Match): HTMLElement {
    const start = Math.max(0, match.column - 1);
    const from = start > 30 ? start - 20 : 0;
    return el("li", {}, el("button", {
      type: "button",
      onclick: () => this.open(match), onkeydown: (event: KeyboardEvent) => this.step(event),
    }, el("span", { class: "ve-line-number" }, el("span", { class: "visually-hidden" }, "Line "), String(match.line)), `${from ? "…" : ""}${match.text.slice(from, start).trimStart()}`,
      el("mark", {}, match.text.slice(start, start + match.length)), match.text.slice(start + match.length, start + match.length + 200)));
  }

  private step(event: KeyboardEvent): void {
    const rows = [...this.results.querySelectorAll<HTMLElement>("button")];
    const index = rows.indexOf(event.currentTarget as HTMLElement);
    const to = event.key === "ArrowDown" ? rows[index + 1] : event.key === "ArrowUp" ? (rows[index - 1] ?? this.input) : null;
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}
