// How the editor looks to one person on one machine.
import type { editor } from "monaco-editor/editor/editor.api.js";
import { ask } from "./dialog";
import { el, Remembered } from "./dom";
import type { Monaco } from "./monaco";

interface Preferences {
  fontSize: number;
  tabSize: number;
  wordWrap: boolean;
  minimap: boolean;
}

const DEFAULTS: Preferences = { fontSize: 14, tabSize: 4, wordWrap: false, minimap: false };
const remembered = new Remembered<Preferences>("virga:preferences", DEFAULTS);

export function preferences(): Preferences {
  return { ...DEFAULTS, ...remembered.value };
}

export function editorOptions(): editor.IStandaloneEditorConstructionOptions {
  const { fontSize, tabSize, wordWrap, minimap } = preferences();
  return {
    fontSize,
    tabSize,
    wordWrap: wordWrap ? "on" : "off",
    minimap: { enabled: minimap },
    automaticLayout: true,
    // Dimmed, the last line's number would be too faint to read.
    renderFinalNewline: "on",
    scrollBeyondLastLine: false,
    fixedOverflowWidgets: true,
    padding: { top: 6, bottom: 6 },
    smoothScrolling: false,
    stickyScroll: { enabled: false },
    unicodeHighlight: { nonBasicASCII: false, invisibleCharacters: true, ambiguousCharacters: true },
    fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  };
}

export async function askPreferences(apply: () => void): Promise<void> {
  const now = preferences();
  const number = (value: number, min: number, max: number): HTMLInputElement => el("input", { class: "ve-input", type: "number", value, min, max });
  const check = (on: boolean): HTMLInputElement => el("input", { type: "checkbox", checked: on });
  const fontSize = number(now.fontSize, 9, 32);
  const tabSize = number(now.tabSize, 1, 8);
  const wordWrap = check(now.wordWrap);
  const minimap = check(now.minimap);
  const saved = await ask("Preferences", [
    el("label", { class: "ve-field" }, "Font size", fontSize),
    el("label", { class: "ve-field" }, "Tab size", tabSize),
    el("label", { class: "ve-check" }, wordWrap, " Wrap long lines"),
    el("label", { class: "ve-check" }, minimap, " Show the minimap"),
    el("p", { class: "ve-hint" }, "The colours follow the site’s theme. Kept in this browser."),
  ], [{ text: "Save", value: true, kind: "primary" }]);
  if (!saved) return;
  const bounded = (input: HTMLInputElement, fallback: number): number =>
    Math.min(Number(input.max), Math.max(Number(input.min), Math.round(Number(input.value)) || fallback));
  remembered.value = {
    fontSize: bounded(fontSize, now.fontSize),
    tabSize: bounded(tabSize, now.tabSize),
    wordWrap: wordWrap.checked,
    minimap: minimap.checked,
  };
  apply();
}

function dark(): boolean {
  const chosen = document.documentElement.dataset["bsTheme"];
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** Keeps Monaco in the site's theme. */
export function followTheme(monaco: Monaco): void {
  const token = (name: string, fallback: string): string => {
    const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return /^#[0-9a-f]{6}$/i.test(value) ? value : fallback;
  };
  const apply = (): void => {
    const base = dark() ? "vs-dark" : "vs";
    monaco.editor.defineTheme("virga", {
      base,
      inherit: true,
      // Monaco's own comment and number colours miss 4.5:1 on our backgrounds.
      rules: dark()
        ? [{ token: "comment", foreground: "7fb069" }]
        : [{ token: "comment", foreground: "2f6f2f" }, { token: "number", foreground: "07614f" }],
      colors: {
        "editor.background": token("--surface", dark() ? "#151c25" : "#ffffff"),
        "editorLineNumber.foreground": dark() ? "#9aa4ad" : "#5c6670",
        "editorLineNumber.activeForeground": dark() ? "#ffffff" : "#000000",
        // Fainter than Monaco's, so that the text on them keeps its contrast.
        ...(dark() ? { "editor.wordHighlightBackground": "#82b1ff1f", "editor.wordHighlightStrongBackground": "#82b1ff26", "editor.wordHighlightTextBackground": "#82b1ff1f" } : {}),
      },
    });
    monaco.editor.setTheme("virga");
  };
  apply();
  new MutationObserver(apply).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}
