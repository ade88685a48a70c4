// Short messages over the editor: they stay until read when they ask for something.
import { button, el, icon } from "./dom";

type Kind = "success" | "info" | "warning" | "error";
const GLYPHS: Record<Kind, string> = { success: "check", info: "info", warning: "warning", error: "error" };

export class Notices {
  readonly element = el("div", { class: "ve-notices", role: "log", "aria-live": "polite", "aria-label": "Messages" });

  /** `key` names what a notice is about, so that `settle` can take it away. */
  show(kind: Kind, text: string, actions: { text: string; run: () => void }[] = [], key = ""): void {
    for (const old of this.element.querySelectorAll<HTMLElement>(".ve-notice")) if (old.dataset["text"] === text) old.remove();
    const notice: HTMLElement = el("div", { class: `ve-notice ve-notice-${kind}`, "data-text": text, "data-key": key },
      icon(GLYPHS[kind]), el("span", {}, text),
      ...actions.map((action) => button(action.text, () => {
        notice.remove();
        action.run();
      })),
      button("", () => notice.remove(), { icon: "close", label: "Dismiss", class: "ve-tool" }));
    this.element.append(notice);
    if (this.element.children.length > 4) this.element.firstElementChild?.remove();
    if (kind === "success" || (kind === "info" && actions.length === 0)) setTimeout(() => notice.remove(), 6000);
  }

  settle(key: string): void {
    for (const old of this.element.querySelectorAll<HTMLElement>(".ve-notice")) if (old.dataset["key"] === key) old.remove();
  }
}
