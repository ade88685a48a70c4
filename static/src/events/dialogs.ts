// A <dialog> with a heading and a way out, gone again when it closes.
import { type Child, el } from "../editor/dom";

export function openDialog(title: string, classes: string, ...children: Child[]): HTMLDialogElement {
  const close = el("button", { type: "button", class: "flash-close", "aria-label": "Close", onclick: () => dialog.close() }, "×");
  const heading = el("h2", { class: "h6 m-0", id: "te-dialog-title" }, title);
  const dialog = el("dialog", { class: `te-dialog ${classes}`, "aria-labelledby": "te-dialog-title" }, el("div", { class: "te-dialog-head" }, heading, close), ...children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
