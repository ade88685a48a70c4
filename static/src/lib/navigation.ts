const KEY = "virga.nav";

/** Folding the navigation to its icons; remembered in this browser. */
export function watchNavigation(): void {
  const root = document.documentElement;
  const button = document.querySelector<HTMLElement>("[data-nav-fold]");
  if (!button) return;
  const show = () => {
    const folded = root.dataset.nav === "folded";
    button.setAttribute("aria-pressed", String(folded));
  };
  button.addEventListener("click", () => {
    root.dataset.nav = root.dataset.nav === "folded" ? "" : "folded";
    try {
      localStorage.setItem(KEY, root.dataset.nav);
    } catch {
      // kept for this page only
    }
    show();
  });
  show();
}

/** "/" goes to the search box from anywhere that is not typed in; arrows walk its results. */
export function watchSearch(): void {
  const box = document.querySelector<HTMLInputElement>("#search-box");
  const form = box?.form;
  if (!box || !form) return;
  document.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).closest("input, textarea, select, [contenteditable], [role=textbox]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") (document.activeElement as HTMLElement | null)?.blur();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops: HTMLElement[] = [box, ...form.querySelectorAll<HTMLElement>(".search-results a")];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
}
