// The drawer with an event's revisions and what changed between two of them.
import { el } from "../editor/dom";
import { flash } from "../lib/flash";
import { ask } from "../lib/http";
import { openDialog } from "./dialogs";
import type { Saved, TabData } from "./types";

interface History {
  revisions: { revision: number; saved_by: string; saved_at: string }[];
  from: number;
  to: number;
  difference: [string, string][];
  expectation: [string, string][];
}

const KINDS: Record<string, string> = { "+": "te-added", "-": "te-removed", "…": "te-gap" };
const SPOKEN: Record<string, string> = { "+": "added: ", "-": "removed: " };

function difference(rows: [string, string][], none: string): HTMLElement {
  if (!rows.length) return el("p", { class: "te-quiet" }, none);
  return el(
    "pre",
    { class: "te-difference", tabindex: 0, "aria-label": "Difference" },
    ...rows.map(([mark, text]) => el("span", { class: KINDS[mark] ?? null }, el("span", { class: "visually-hidden" }, SPOKEN[mark] ?? ""), `${mark === "…" ? "…" : mark} ${text}`)),
  );
}

export async function showHistory(data: TabData, event: Saved, restored: (event: Saved) => void): Promise<void> {
  const base = `${data.base}${event.id}/`;
  const content = el("div", { class: "te-history" });
  const dialog = openDialog(`History of ${event.name}`, "te-drawer", content);

  async function restore(revision: number): Promise<void> {
    try {
      const changed = await ask<Saved>(`${base}restore/`, { revision });
      dialog.close();
      flash(`Revision ${revision} is back, as revision ${changed.revision}.`, "success");
      restored(changed);
    } catch (error) {
      flash(error instanceof Error ? error.message : String(error), "error");
    }
  }

  async function show(from: number | null, to: number | null): Promise<void> {
    const query = `${from ? `&from=${from}` : ""}${to ? `&to=${to}` : ""}`;
    draw(await ask<History>(`${base}history/${query ? `?${query.slice(1)}` : ""}`));
  }

  function draw(history: History): void {
    const options = (chosen: number): HTMLElement[] => history.revisions.map((one) => el("option", { value: one.revision, selected: one.revision === chosen }, `Revision ${one.revision}`));
    const older = el("select", { class: "form-select", "aria-label": "From revision" }, ...options(history.from));
    const newer = el("select", { class: "form-select", "aria-label": "To revision" }, ...options(history.to));
    const change = (): void => void show(Number(older.value), Number(newer.value));
    older.addEventListener("change", change);
    newer.addEventListener("change", change);
    const newest = history.revisions[0]?.revision;
    const alone = history.revisions.length < 2;
    content.replaceChildren(
      alone ? el("p", { class: "te-quiet" }, "One revision so far. Each save that changes the JSON or the expected result makes another; up to 50 are kept.") : el("div", { class: "te-compare" }, older, el("span", {}, "to"), newer),
      alone ? "" : difference(history.difference, "The JSON is the same in both."),
      history.expectation.length ? el("div", {}, el("h3", { class: "h6" }, "Expected result"), difference(history.expectation, "")) : "",
      el(
        "ol",
        { class: "te-revisions" },
        ...history.revisions.map((one) =>
          el(
            "li",
            {},
            el("span", {}, el("strong", {}, `Revision ${one.revision}`), ` ${one.saved_by || "somebody"}, `, el("time", { datetime: one.saved_at }, new Date(one.saved_at).toLocaleString())),
            one.revision === newest ? el("span", { class: "tag" }, "now") : data.canSave ? el("button", { type: "button", class: "btn btn-sm btn-secondary", onclick: () => void restore(one.revision) }, "Restore") : null,
          ),
        ),
      ),
    );
  }

  try {
    await show(null, null);
  } catch (error) {
    content.replaceChildren(el("p", { role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}
