// <button data-copy="text"> or <button data-copy-from="#id"> puts text on the clipboard.
import { flash } from "./flash";

function textOf(button: HTMLElement): string {
  if (button.dataset.copy !== undefined) return button.dataset.copy;
  const source = document.querySelector(button.dataset.copyFrom ?? "");
  return source instanceof HTMLInputElement ? source.value : (source?.textContent ?? "").trim();
}

export function watchCopyButtons(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy], [data-copy-from]");
    if (!button) return;
    navigator.clipboard?.writeText(textOf(button)).then(
      () => flash("Copied.", "success"),
      () => flash("The browser did not allow copying: select the text and copy it by hand.", "warning"),
    );
    if (!navigator.clipboard) flash("Copying needs https or localhost: select the text instead.", "warning");
  });
}
