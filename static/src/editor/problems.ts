// What Monaco's language services found wrong, as a list.
import type { editor } from "monaco-editor/editor/editor.api.js";
import { el, icon } from "./dom";
import type { Monaco } from "./monaco";

export class Problems {
  readonly element = el("ul", { class: "ve-problems", "aria-label": "Problems" });

  constructor(private readonly monaco: Monaco, private readonly open: (path: string, line: number, column: number) => void, private readonly counted: (count: number) => void) {
    monaco.editor.onDidChangeMarkers(() => this.draw());
    this.draw();
  }

  private draw(): void {
    const markers = this.monaco.editor.getModelMarkers({}).filter(({ resource, severity }) => resource.scheme === "virga" && severity >= this.monaco.MarkerSeverity.Warning);
    this.counted(markers.length);
    if (markers.length === 0) this.element.replaceChildren(el("li", { class: "ve-empty" }, "No problems found in the open files."));
    else this.element.replaceChildren(...markers.map((marker) => this.row(marker)));
  }

  private row(marker: editor.IMarker): HTMLElement {
    const path = marker.resource.path.slice(1);
    const error = marker.severity === this.monaco.MarkerSeverity.Error;
    return el("li", {}, el("button", { type: "button", onclick: () => this.open(path, marker.startLineNumber, marker.startColumn) },
      icon(error ? "error" : "warning"), el("span", { class: "visually-hidden" }, error ? "Error: " : "Warning: "),
      `${marker.message} `, el("small", {}, `${path}:${marker.startLineNumber}:${marker.startColumn}`)));
  }
}
