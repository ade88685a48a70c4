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

export class Diff {
  readonly element: HTMLElement;
  readonly editor: editor.IStandaloneDiffEditor;
  private readonly original: editor.ITextModel;

  constructor(monaco: Monaco, options: DiffOptions) {
    const host = el("div", { class: "ve-diff-host" });
    this.element = el("div", { class: "ve-diff" },
      el("div", { class: "ve-diff-titles" }, el("span", {}, options.original.title), el("span", {}, options.modified.title)), host);
    this.original = monaco.editor.createModel(options.original.content, options.modified.model.getLanguageId(),
      monaco.Uri.from({ scheme: "virga-other", authority: crypto.randomUUID(), path: `/${options.path}` }));
    this.editor = monaco.editor.createDiffEditor(host, {
      ...editorOptions(),
      readOnly: options.readOnly,
      originalEditable: false,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      renderSideBySideInlineBreakpoint: 700,
      originalAriaLabel: options.original.title,
      modifiedAriaLabel: options.modified.title,
    });
    this.editor.setModel({ original: this.original, modified: options.modified.model });
  }

  dispose(): void {
    this.editor.dispose();
    this.original.dispose();
  }
}
