// The side bar's three views, and the row of buttons that chooses between them.
import { button, el } from "../editor/dom";
import type { Workbench } from "../editor/workbench";

interface View {
  name: string;
  icon: string;
  title: string;
  elements: HTMLElement[];
}

export class SideBar {
  private readonly views: { name: string; view: HTMLElement; choose: HTMLButtonElement }[] = [];

  constructor(private readonly bench: Workbench, views: View[]) {
    const bar = el("nav", { class: "ve-activity", "aria-label": "Side bar views" });
    bench.layout.side.append(bar);
    for (const { name, icon, title, elements } of views) {
      const view = el("div", { class: "ve-view" }, ...elements);
      for (const element of elements) element.hidden = false;
      const choose = button("", () => (name === "search" ? bench.findInFiles() : this.show(name)), { icon, label: title, title, class: "ve-tool" });
      this.views.push({ name, view, choose });
      bar.append(choose);
      bench.layout.side.append(view);
    }
    bench.sideShown.on((shown) => this.mark(shown));
    this.mark(this.views[0]?.view);
  }

  show(name: string): void {
    const found = this.views.find((each) => each.name === name);
    if (found) this.bench.showSide(found.view);
  }

  private mark(shown: HTMLElement | undefined): void {
    for (const { view, choose } of this.views) {
      const on = view === shown || (shown !== undefined && view.contains(shown));
      view.hidden = !on;
      choose.setAttribute("aria-pressed", String(on));
    }
  }
}
