// The regions: side bar, centre, panel below. Sizes are remembered; on a
// narrow screen the side bar is a drawer and the panel a sheet.
import { button, el, Remembered } from "./dom";

const sizes = new Remembered("virga:layout", { side: 240, panel: 280, sideOpen: true });
const NARROW = "(max-width: 767.98px)";

interface PanelPage {
  id: string;
  title: string;
  element: HTMLElement;
}

export class Layout {
  readonly side = el("aside", { class: "ve-side", "aria-label": "Side bar" });
  readonly panel = el("section", { class: "ve-panel", "aria-label": "Panel" });
  private readonly bar = el("div", { class: "ve-panel-bar", role: "tablist", "aria-label": "Panel", onkeydown: (event: KeyboardEvent) => this.key(event) });
  private readonly body = el("div", { class: "ve-panel-body" });
  private pages: PanelPage[] = [];

  constructor(private readonly root: HTMLElement) {
    const { side, panel, sideOpen } = sizes.value;
    root.style.setProperty("--ve-side", `${side}px`);
    root.style.setProperty("--ve-panel", `${panel}px`);
    this.openSide(sideOpen && !this.narrow);
    this.panel.append(this.separator("panel", "Height of the panel"), el("div", { class: "ve-panel-head" }, this.bar,
      button("", () => this.togglePanel(), { icon: "chevron-down", label: "Hide or show the panel", title: "Hide or show the panel", class: "ve-tool ve-panel-toggle" })), this.body);
    this.side.append(this.separator("side", "Width of the side bar"));
    root.addEventListener("click", (event) => {
      if (this.narrow && this.sideIsOpen && event.target === root.querySelector(".ve-shade")) this.openSide(false);
    });
  }

  get narrow(): boolean {
    return matchMedia(NARROW).matches;
  }

  get sideIsOpen(): boolean {
    return !this.root.classList.contains("ve-side-closed");
  }

  openSide(open: boolean): void {
    this.root.classList.toggle("ve-side-closed", !open);
    if (!this.narrow) sizes.value = { ...sizes.value, sideOpen: open };
  }

  togglePanel(): void {
    this.root.classList.toggle("ve-panel-closed");
  }

  addPage(id: string, title: string, element: HTMLElement): void {
    const tab = el("button", { type: "button", role: "tab", id: `ve-tab-${id}`, "aria-controls": `ve-page-${id}`, "aria-selected": "false", tabindex: -1, onclick: () => this.show(id) }, title);
    const page = el("div", { class: "ve-page", role: "tabpanel", id: `ve-page-${id}`, "aria-labelledby": `ve-tab-${id}`, tabindex: 0 }, element);
    this.pages.push({ id, title, element: page });
    this.bar.append(tab);
    this.body.append(page);
    page.hidden = this.pages.length > 1;
    if (this.pages.length === 1) this.mark(id);
  }

  show(id: string): void {
    this.root.classList.remove("ve-panel-closed");
    for (const page of this.pages) page.element.hidden = page.id !== id;
    this.mark(id);
  }

  count(id: string, count: number): void {
    const tab = this.tab(id);
    const title = this.pages.find((page) => page.id === id)?.title ?? "";
    if (tab) tab.textContent = count ? `${title} (${count})` : title;
  }

  private tab(id: string): HTMLElement | null {
    return this.bar.querySelector<HTMLElement>(`#ve-tab-${id}`);
  }

  private mark(id: string): void {
    for (const page of this.pages) {
      const tab = this.tab(page.id);
      tab?.setAttribute("aria-selected", String(page.id === id));
      if (tab) tab.tabIndex = page.id === id ? 0 : -1;
    }
  }

  private key(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const index = this.pages.findIndex(({ id }) => this.tab(id) === document.activeElement);
    const to = this.pages[(index + step + this.pages.length) % this.pages.length];
    if (!step || index < 0 || !to) return;
    event.preventDefault();
    this.show(to.id);
    this.tab(to.id)?.focus();
  }

  /** A handle that pointer and arrow keys move. */
  private separator(which: "side" | "panel", label: string): HTMLElement {
    const [least, most] = which === "side" ? [150, 600] : [80, 900];
    const vertical = which === "side";
    const set = (size: number): void => {
      const bounded = Math.max(least, Math.min(most, Math.round(size)));
      this.root.style.setProperty(`--ve-${which}`, `${bounded}px`);
      handle.setAttribute("aria-valuenow", String(bounded));
      sizes.value = { ...sizes.value, [which]: bounded };
    };
    const handle: HTMLElement = el("div", {
      class: `ve-handle ve-handle-${which}`, role: "separator", tabindex: 0, "aria-label": label, "aria-orientation": vertical ? "vertical" : "horizontal",
      "aria-valuemin": least, "aria-valuemax": most, "aria-valuenow": sizes.value[which],
      onpointerdown: (event: PointerEvent) => {
        event.preventDefault();
        handle.setPointerCapture(event.pointerId);
        const from = vertical ? event.clientX : event.clientY;
        const size = sizes.value[which];
        const moved = (move: PointerEvent): void => set(vertical ? size + move.clientX - from : size + from - move.clientY);
        handle.addEventListener("pointermove", moved);
        handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", moved), { once: true });
      },
      onkeydown: (event: KeyboardEvent) => {
        const steps: Record<string, number> = vertical ? { ArrowLeft: -20, ArrowRight: 20 } : { ArrowUp: 20, ArrowDown: -20 };
        const step = steps[event.key];
        if (!step) return;
        event.preventDefault();
        set(sizes.value[which] + step);
      },
    });
    return handle;
  }
}
