export interface Question {
  text: string;
  title?: string;
  action?: string;
  /** A word that must be typed first, for what cannot be undone. */
  type?: string;
  danger?: boolean;
}

/** Ask in the page's own dialog. Resolves to whether the person agreed. */
export function confirm(question: Question): Promise<boolean> {
  const dialog = document.getElementById("confirm") as HTMLDialogElement;
  const word = dialog.querySelector<HTMLInputElement>("#confirm-word")!;
  const action = dialog.querySelector<HTMLButtonElement>("[data-action]")!;
  const typed = dialog.querySelector<HTMLElement>(".confirm-typed")!;
  dialog.querySelector("#confirm-title")!.textContent = question.title ?? "Are you sure?";
  dialog.querySelector("#confirm-text")!.textContent = question.text;
  dialog.querySelector("[data-word]")!.textContent = question.type ?? "";
  action.textContent = question.action ?? "Confirm";
  action.className = `btn ${question.danger === false ? "btn-primary" : "btn-danger"}`;
  typed.hidden = !question.type;
  word.value = "";
  const check = () => (action.disabled = Boolean(question.type) && word.value !== question.type);
  word.oninput = check;
  check();
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

function questionOf(element: HTMLElement): Question {
  const { confirm: text, confirmTitle, confirmAction, confirmType, confirmDanger } = element.dataset;
  return {
    text: text ?? "",
    title: confirmTitle,
    action: confirmAction,
    type: confirmType,
    danger: confirmDanger !== "no",
  };
}

/** Forms, and their buttons, with data-confirm are sent only after a yes. */
export function watchConfirmations(): void {
  const agreed = new WeakSet<HTMLFormElement>();
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target as HTMLFormElement;
      const button = (event as SubmitEvent).submitter;
      const asks = button?.hasAttribute("data-confirm") ? button : form;
      if (!asks.hasAttribute("data-confirm") || agreed.delete(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void confirm(questionOf(asks)).then((yes) => {
        if (!yes) return;
        agreed.add(form);
        form.requestSubmit(button);
      });
    },
    true,
  );
}
