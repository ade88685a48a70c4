// Questions to the person, in a native modal dialog (focus and Escape come with it).
import { button, el, type Child } from "./dom";

interface Answer<T> {
  text: string;
  value: T;
  kind?: "primary" | "danger";
}

/** Shows a dialog and waits: the value of the button pressed, or null when it was closed. */
export function ask<T>(title: string, content: Child[], answers: Answer<T>[], options: { wide?: boolean } = {}): Promise<T | null> {
  return new Promise((resolve) => {
    const titleId = `ve-dialog-${crypto.randomUUID()}`;
    let chosen: T | null = null;
    const buttons = answers.map((answer) =>
      button(answer.text, () => finish(answer.value), { class: `ve-button ${answer.kind ? `ve-button-${answer.kind}` : ""}` }),
    );
    const dialog = el(
      "dialog",
      { class: options.wide ? "ve-dialog ve-dialog-wide" : "ve-dialog", "aria-labelledby": titleId },
      el("h2", { id: titleId }, title),
      ...content,
      el("div", { class: "ve-dialog-buttons" }, button("Cancel", () => dialog.close()), ...buttons),
    );
    const before = document.activeElement as HTMLElement | null;
    function finish(value: T): void {
      chosen = value;
      dialog.close();
    }
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus();
      resolve(chosen);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export async function confirmed(title: string, text: string, action: string): Promise<boolean> {
  return (await ask(title, [el("p", {}, text)], [{ text: action, value: true, kind: "danger" }])) === true;
}

/** Asks for one line of text; null when the person thought better of it. */
export function askText(options: {
  title: string;
  label: string;
  action: string;
  value?: string;
  hint?: string;
  check?: (value: string) => string;
}): Promise<string | null> {
  return new Promise((resolve) => {
    const id = `ve-ask-${crypto.randomUUID()}`;
    const input = el("input", { class: "ve-input", id: `${id}-input`, value: options.value ?? "", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-error` });
    const error = el("p", { class: "ve-error", id: `${id}-error`, role: "alert" });
    let answer: string | null = null;
    const form = el(
      "form",
      {
        method: "dialog",
        onsubmit: (event: Event) => {
          event.preventDefault();
          const value = input.value.trim();
          const wrong = value ? (options.check?.(value) ?? "") : "Write a name first.";
          error.textContent = wrong;
          if (wrong) return;
          answer = value;
          dialog.close();
        },
      },
      el("h2", { id: `${id}-title` }, options.title),
      el("label", { for: `${id}-input` }, options.label),
      input,
      options.hint ? el("p", { class: "ve-hint" }, options.hint) : null,
      error,
      el("div", { class: "ve-dialog-buttons" }, button("Cancel", () => dialog.close()), el("button", { type: "submit", class: "ve-button ve-button-primary" }, options.action)),
    );
    const dialog = el("dialog", { class: "ve-dialog", "aria-labelledby": `${id}-title` }, form);
    const before = document.activeElement as HTMLElement | null;
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    const stem = input.value.lastIndexOf("/") + 1;
    const dot = input.value.lastIndexOf(".");
    input.setSelectionRange(stem, dot > stem ? dot : input.value.length);
  });
}
