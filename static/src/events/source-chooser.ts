// The dialog that offers every source of the catalogue, by service, with search.
import { el } from "../editor/dom";
import { openDialog } from "./dialogs";
import type { Source } from "./types";

function matches(source: Source, words: string[]): boolean {
  const text = `${source.service} ${source.label} ${source.about} ${source.words}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function chooseSource(sources: Source[], chosen: string, take: (source: Source) => void): void {
  const search = el("input", { type: "search", class: "form-control", placeholder: "Search: bucket, queue, http, cron…", "aria-label": "Search sources" });
  const list = el("div", { class: "te-sources", tabindex: 0, role: "region", "aria-label": "Sources" });
  const found = el("p", { class: "te-quiet", role: "status" });
  const dialog = openDialog("Choose what sends the event", "te-chooser", el("div", { class: "te-chooser-search" }, search, found), list);

  const card = (source: Source): HTMLElement =>
    el(
      "button",
      {
        type: "button",
        class: "te-source",
        "data-source": source.id,
        "aria-pressed": source.id === chosen ? "true" : "false",
        onclick: () => {
          dialog.close();
          take(source);
        },
      },
      el("strong", {}, source.label),
      el("span", {}, source.about),
    );

  function draw(): void {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = new Map<string, Source[]>();
    for (const source of sources.filter((one) => matches(one, words))) {
      groups.set(source.service, [...(groups.get(source.service) ?? []), source]);
    }
    const count = [...groups.values()].reduce((sum, group) => sum + group.length, 0);
    found.textContent = count ? `${count} source${count === 1 ? "" : "s"}` : "Nothing matches. Try another word, or start from hello world and write the JSON.";
    list.replaceChildren(
      ...[...groups].map(([service, group]) => el("section", { class: "te-service" }, el("h3", {}, service), el("div", { class: "te-cards" }, ...group.map(card)))),
    );
    list.scrollTop = 0;
  }

  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const first = list.querySelector<HTMLButtonElement>(".te-source");
    if (event.key === "Enter") first?.click();
    else first?.focus();
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.querySelectorAll<HTMLButtonElement>(".te-source")];
    const next = all.indexOf(document.activeElement as HTMLButtonElement) + step;
    if (next < 0) search.focus();
    else all[next]?.focus();
  });
  draw();
  search.focus();
}
