// A menu at a place: arrow keys, Home, End, first letters, Escape.
import { el, icon } from "./dom";

export interface MenuItem {
  text: string;
  keys?: string;
  icon?: string;
  checked?: boolean;
  disabled?: boolean;
  run: () => void;
}

export function showMenu(label: string, items: (MenuItem | null)[], at: { x: number; y: number }): void {
  const before = document.activeElement as HTMLElement | null;
  const rows: HTMLButtonElement[] = [];
  const menu = el("div", { class: "ve-menu", role: "menu", "aria-label": label, onkeydown: move });
  for (const item of items) {
    if (!item) {
      menu.append(el("div", { class: "ve-menu-line", role: "separator" }));
      continue;
    }
    const row = el(
      "button",
      {
        type: "button",
        role: item.checked === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": item.checked === undefined ? null : String(item.checked),
        tabindex: -1,
        disabled: item.disabled ?? false,
        onclick: () => {
          close(true);
          item.run();
        },
      },
      item.checked === undefined ? (item.icon ? icon(item.icon) : el("span", { class: "codicon" })) : icon(item.checked ? "check" : "blank"),
      el("span", { class: "ve-menu-text" }, item.text),
      item.keys ? el("kbd", {}, item.keys) : null,
    );
    if (!item.disabled) rows.push(row);
    menu.append(row);
  }

  function close(back: boolean): void {
    document.removeEventListener("pointerdown", outside, true);
    menu.remove();
    if (back) before?.focus();
  }
  function outside(event: Event): void {
    if (!menu.contains(event.target as Node)) close(false);
  }
  function move(event: KeyboardEvent): void {
    const index = rows.indexOf(document.activeElement as HTMLButtonElement);
    const last = rows.length - 1;
    let next = -1;
    if (event.key === "ArrowDown") next = index === last ? 0 : index + 1;
    else if (event.key === "ArrowUp") next = index <= 0 ? last : index - 1;
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = last;
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else if (event.key.length === 1) {
      const letter = event.key.toLowerCase();
      next = rows.findIndex((row) => (row.textContent ?? "").trim().toLowerCase().startsWith(letter));
    }
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
    rows[next]?.focus();
  }

  (document.querySelector("main") ?? document.body).append(menu);
  const box = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(at.x, innerWidth - box.width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(at.y, innerHeight - box.height - 4))}px`;
  document.addEventListener("pointerdown", outside, true);
  rows[0]?.focus();
}

/** Where a menu opened from this element goes: under it. */
export function below(element: Element): { x: number; y: number } {
  const box = element.getBoundingClientRect();
  return { x: box.left, y: box.bottom + 2 };
}
