// One file being edited: its text, and the saved state it came from.
import type { editor } from "monaco-editor/editor/editor.api.js";
import type { Monaco } from "./monaco";
import type { Change } from "./workspace-api";

/** What was sent to be saved, so that typing meanwhile stays unsaved. */
export interface Snapshot {
  buffer: Buffer;
  version: number;
  change: Change;
}

export class Buffer {
  readonly model: editor.ITextModel;
  /** Somebody else saved the file while it was being changed here. */
  stale = false;
  private savedVersion: number;

  constructor(monaco: Monaco, public path: string, public base: number, content: string) {
    const uri = monaco.Uri.from({ scheme: "virga", path: `/${path}` });
    monaco.editor.getModel(uri)?.dispose();
    this.model = monaco.editor.createModel(content, undefined, uri);
    this.savedVersion = this.model.getAlternativeVersionId();
  }

  get text(): string {
    return this.model.getValue();
  }

  get dirty(): boolean {
    return this.model.getAlternativeVersionId() !== this.savedVersion;
  }

  snapshot(): Snapshot {
    return {
      buffer: this,
      version: this.model.getAlternativeVersionId(),
      change: { path: this.path, content: this.text, base: this.base },
    };
  }

  savedAs(version: number, revision: number): void {
    this.savedVersion = version;
    this.base = revision;
    this.stale = false;
  }

  /** Takes the text somebody else saved. An edit like any other: Undo brings back what was here. */
  take(content: string, revision: number): void {
    if (content !== this.text) this.replace(content);
    this.savedAs(this.model.getAlternativeVersionId(), revision);
  }

  /** Puts text in as an unsaved change. */
  replace(content: string): void {
    this.model.pushStackElement();
    this.model.pushEditOperations([], [{ range: this.model.getFullModelRange(), text: content }], () => null);
    this.model.pushStackElement();
  }
}
