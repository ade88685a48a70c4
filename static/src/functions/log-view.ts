// Log lines as they come: drawn once a frame, the page keeps the last part,
// the whole stays at hand.
import { button, el } from "../editor/dom";
import { visibleText } from "./visible-text";

/** Characters kept in the page. More makes a browser slow, and nobody reads it there. */
const SHOWN = 300_000;
/** Characters kept for "open full log". */
const KEPT = 16_000_000;

export class LogView {
  readonly element: HTMLElement;
  private readonly text: HTMLElement;
  private readonly note = el("p", { class: "vr-note", hidden: true });
  private parts: string[] = [];
  private kept = 0;
  private shown = 0;
  private cut = false;
  private pending = "";
  private scheduled = 0;

  constructor(label: string) {
    this.text = el("pre", { class: "vr-text vr-log", tabindex: 0, "aria-label": label });
    this.element = el("div", {}, this.note, this.text);
  }

  clear(): void {
    this.unschedule();
    this.parts = [];
    this.kept = this.shown = 0;
    this.cut = false;
    this.pending = "";
    this.text.replaceChildren();
    this.note.hidden = true;
  }

  get empty(): boolean {
    return this.kept === 0;
  }

  append(text: string): void {
    this.parts.push(text);
    this.kept += text.length;
    while (this.kept > KEPT && this.parts.length > 1) {
      this.kept -= this.parts.shift()?.length ?? 0;
      this.cut = true;
    }
    this.pending += text;
    if (this.scheduled) return;
    // A hidden tab draws no frames, but its log must not pile up undrawn.
    this.scheduled = document.hidden ? window.setTimeout(() => this.flush(), 200) : requestAnimationFrame(() => this.flush());
  }

  private unschedule(): void {
    cancelAnimationFrame(this.scheduled);
    clearTimeout(this.scheduled);
    this.scheduled = 0;
  }

  /** Draws what waits, now. */
  flush(): void {
    this.unschedule();
    if (!this.pending) return;
    const box = this.text;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
    const text = visibleText(this.pending.length > SHOWN ? this.pending.slice(-SHOWN) : this.pending);
    const dropped = this.pending.length > SHOWN;
    this.pending = "";
    this.text.append(text);
    this.shown += text.length;
    this.trim(dropped);
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  private trim(dropped: boolean): void {
    let gone = dropped;
    while (this.shown > SHOWN && this.text.childNodes.length > 1) {
      this.shown -= this.text.firstChild?.textContent?.length ?? 0;
      this.text.firstChild?.remove();
      gone = true;
    }
    if (!gone || !this.note.hidden) return;
    this.note.replaceChildren("Truncated: the end of the log is shown. ", button("Open full log", () => this.openFull(), { class: "ve-button" }));
    this.note.hidden = false;
  }

  private openFull(): void {
    const head = this.cut ? "[The beginning was too long to keep in the browser.]\n" : "";
    const address = URL.createObjectURL(new Blob([head, ...this.parts], { type: "text/plain;charset=utf-8" }));
    window.open(address, "_blank", "noopener");
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
}
