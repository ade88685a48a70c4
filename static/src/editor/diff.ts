// Two texts beside each other. Loaded when somebody compares.
import type { editor } from "monaco-editor/editor/editor.api.js";
import { el } from "./dom";
import type { Monaco } from "./monaco";
import { editorOptions } from "./preferences";

export interface DiffOptions {
  original: { title: string; content: string };
  modified: { title: string; model: editor.ITextModel };
  path: string;
  readOnly: boolean;
}

interface Pane {
  host: HTMLElement;
  editor: editor.IStandaloneDiffEditor;
}

// Diff editors are lent, not disposed: the newest editor of a page makes the
// hovers of all, and once it is disposed the command palette fails (0.57).
const idle: Pane[] = [];

function pane(monaco: Monaco): Pane {
  const free = idle.pop();
  if (free) return free;
  const host = el("div", { class: "ve-diff-host" });
  return { host, editor: monaco.editor.createDiffEditor(host, {
    // Read when the editor is made, never after.
    automaticLayout: true,
    originalEditable: false,
    renderOverviewRuler: false,
    useInlineViewWhenSpaceIsLimited: true,
    renderSideBySideInlineBreakpoint: 700,
  }) };
}

export class Diff {
  readonly element: HTMLElement;
  readonly editor: editor.IStandaloneDiffEditor;
  private readonly original: editor.ITextModel;
  private readonly pane: Pane;

  constructor(monaco: Monaco, options: DiffOptions) {
    this.pane = pane(monaco);
    this.editor = this.pane.editor;
    this.element = el("div", { class: "ve-diff" },
      el("div", { class: "ve-diff-titles" }, el("span", {}, options.original.title), el("span", {}, options.modified.title)), this.pane.host);
    this.original = monaco.editor.createModel(options.original.content, options.modified.model.getLanguageId(),
      monaco.Uri.from({ scheme: "virga-other", authority: crypto.randomUUID(), path: `/${options.path}` }));
    this.editor.updateOptions({ ...editorOptions(), readOnly: options.readOnly });
    this.editor.getOriginalEditor().updateOptions({ ariaLabel: options.original.title });
    this.editor.getModifiedEditor().updateOptions({ ariaLabel: options.modified.title });
    this.editor.setModel({ original: this.original, modified: options.modified.model });
  }

  dispose(): void {
    this.editor.setModel(null);
    this.pane.host.remove();
    idle.push(this.pane);
    this.original.dispose();
  }
}
