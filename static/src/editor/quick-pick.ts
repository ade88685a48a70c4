// Type a few letters, choose with the arrows: files (Ctrl+P) and commands.
import { el } from "./dom";

export interface Choice {
  text: string;
  detail?: string;
  run: () => void;
}

/** How well the letters of `query` occur in order in `text`; -1 when they do not. */
export function match(query: string, text: string): number {
  const letters = query.toLowerCase().replaceAll(" ", "");
  const low = text.toLowerCase();
  let score = 0;
  let at = -1;
  for (const letter of letters) {
    const next = low.indexOf(letter, at + 1);
    if (next < 0) return -1;
    const begins = next === 0 || "/._- ".includes(low[next - 1] ?? "");
    score += next === at + 1 ? 3 : begins ? 2 : 0;
    at = next;
  }
  return score - text.length / 1000;
}

export function quickPick(label: string, choices: Choice[]): void {
  const id = `ve-pick-${crypto.randomUUID()}`;
  const before = document.activeElement as HTMLElement | null;
  let shown: Choice[] = [];
  let active = 0;
  const list = el("ul", { role: "listbox", id, "aria-label": label });
  const input = el("input", {
    class: "ve-input", role: "combobox", "aria-label": label, "aria-controls": id, "aria-expanded": "true", "aria-autocomplete": "list",
    placeholder: label, autocomplete: "off", spellcheck: "false", oninput: () => draw(0), onkeydown: key,
  });
  const dialog = el("dialog", { class: "ve-pick", "aria-label": label, onclick: (event: Event) => {
    if (event.target === dialog) dialog.close();
  } }, input, list);

  function draw(at: number): void {
    shown = choices
      .map((choice) => ({ choice, score: match(input.value, `${choice.text} ${choice.detail ?? ""}`) }))
      .filter(({ score }) => score >= 0)
      .sort((a, b) => (input.value ? b.score - a.score : 0))
      .slice(0, 50)
      .map(({ choice }) => choice);
    active = Math.max(0, Math.min(at, shown.length - 1));
    list.replaceChildren(...shown.map((choice, index) => el("li", {
      role: "option", id: `${id}-${index}`, "aria-selected": String(index === active), onclick: () => choose(choice),
    }, el("span", {}, choice.text), choice.detail ? el("small", {}, choice.detail) : null)));
    if (shown.length === 0) list.append(el("li", { role: "option", "aria-selected": "false", "aria-disabled": "true", class: "ve-empty" }, "Nothing matches"));
    input.setAttribute("aria-activedescendant", shown.length ? `${id}-${active}` : "");
    list.children[active]?.scrollIntoView({ block: "nearest" });
  }
  function choose(choice: Choice | undefined): void {
    if (!choice) return;
    dialog.close();
    choice.run();
  }
  function key(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    const step = steps[event.key];
    if (step) draw(active + step);
    else if (event.key === "Enter") choose(shown[active]);
    else return;
    event.preventDefault();
  }

  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus();
  });
  document.body.append(dialog);
  draw(0);
  dialog.showModal();
}
