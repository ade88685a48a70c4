// Everything a person can do by key, in one table: the keys work in the whole
// editor, and every command is in the palette.
import type { editor } from "monaco-editor/editor/editor.api.js";
import { quickPick } from "./quick-pick";

export interface Command {
  id: string;
  text: string;
  /** As written for people: "Ctrl+Shift+F". Command on a Mac. */
  keys?: string;
  run: () => void;
}

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

function pressed(event: KeyboardEvent, keys: string): boolean {
  const parts = keys.split("+");
  const key = parts.pop() ?? "";
  const control = parts.includes("Ctrl");
  return (
    (MAC ? event.metaKey : event.ctrlKey) === control &&
    (MAC ? event.ctrlKey : event.metaKey) === false &&
    event.shiftKey === parts.includes("Shift") &&
    event.altKey === parts.includes("Alt") &&
    (event.key.toLowerCase() === key.toLowerCase() || event.code === `Key${key.toUpperCase()}`)
  );
}

export class Commands {
  private readonly all: Command[] = [];

  add(...commands: Command[]): void {
    this.all.push(...commands);
  }

  run(id: string): void {
    this.all.find((command) => command.id === id)?.run();
  }

  /** Listens before Monaco does, so that a key means the same everywhere in the editor. */
  listen(target: HTMLElement): void {
    target.addEventListener("keydown", (event) => {
      const command = this.all.find(({ keys }) => keys && pressed(event, keys));
      if (!command) return;
      event.preventDefault();
      event.stopPropagation();
      command.run();
    }, true);
  }

  /** Monaco's palette shows ours among its own. */
  addTo(target: editor.IStandaloneCodeEditor): void {
    for (const { id, text, keys, run } of this.all) {
      if (id === "palette") continue;
      target.addAction({ id: `virga.${id}`, label: `Virga: ${text}${keys ? ` (${keys})` : ""}`, run: () => run() });
    }
  }

  /** The palette when no text is open. */
  pick(): void {
    quickPick("Commands", this.all.map(({ text, keys, run }) => ({ text, detail: keys, run })));
  }
}
