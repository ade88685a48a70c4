// The first choice is made by the script in the page's head, before anything is painted.
const KEY = "virga.theme";
export type Theme = "light" | "dark";

export function theme(): Theme {
  return document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
}

/** Be told of every change; returns how to stop. The editor recolours itself with it. */
export function onTheme(listener: (now: Theme) => void): () => void {
  const heard = () => listener(theme());
  document.addEventListener("virga:theme", heard);
  return () => document.removeEventListener("virga:theme", heard);
}

function kept(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function watchTheme(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = kept();
    const now = choice === "light" || choice === "dark" ? choice : system.matches ? "dark" : "light";
    document.documentElement.dataset.bsTheme = now;
    for (const button of document.querySelectorAll<HTMLElement>("[data-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === choice));
    }
    document.dispatchEvent(new CustomEvent("virga:theme"));
  };
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-theme]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.theme ?? "");
    } catch {
      document.documentElement.dataset.bsTheme = button.dataset.theme || "light";
      return;
    }
    apply();
  });
  system.addEventListener("change", apply);
  window.addEventListener("storage", (event) => event.key === KEY && apply());
  apply();
}
