export type Tone = "info" | "success" | "warning" | "error";

/** Say something in the corner of the page. Errors stay until dismissed. */
export function flash(text: string, tone: Tone = "info"): void {
  const area = document.getElementById("flash");
  if (!area) return;
  const item = document.createElement("div");
  item.className = `flash-item is-${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "flash-close";
  close.dataset.flashClose = "";
  close.setAttribute("aria-label", "Dismiss");
  close.textContent = "×";
  item.append(words, close);
  area.append(item);
}

function fade(item: Element): void {
  if (item.classList.contains("is-error") || item.classList.contains("is-warning")) return;
  setTimeout(() => item.matches(":hover, :focus-within") || item.remove(), 8000);
}

export function watchFlash(): void {
  const area = document.getElementById("flash");
  if (!area) return;
  for (const item of area.children) fade(item);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node instanceof Element) fade(node);
    }
  }).observe(area, { childList: true });
  document.addEventListener("click", (event) => {
    (event.target as Element).closest("[data-flash-close]")?.closest(".flash-item")?.remove();
  });
}
