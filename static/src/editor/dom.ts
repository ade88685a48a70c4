// Building elements without HTML strings: text stays text, handlers are
// listeners, so pages hold under a strict policy and Trusted Types.
export type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | null | undefined | ((event: never) => void);

/** An element. `on…` attributes are listeners; true makes an empty attribute, false or null none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(name.slice(2), value as unknown as EventListener);
    } else if (value === true) {
      made.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, String(value));
    }
  }
  append(made, children);
  return made;
}

export function append(parent: Element, children: Child[]): void {
  for (const child of children) if (child) parent.append(child);
}

/** A decorative glyph of Monaco's icon font. */
export function icon(name: string): HTMLElement {
  return el("span", { class: `codicon codicon-${name}`, "aria-hidden": "true" });
}

interface ButtonOptions {
  icon?: string;
  class?: string;
  title?: string;
  label?: string;
  disabled?: boolean;
  [attribute: `data-${string}` | `aria-${string}`]: string | undefined;
}

/** A button with words, or with an icon and words for screen readers (`label`). */
export function button(text: string, press: (event: MouseEvent) => void, options: ButtonOptions = {}): HTMLButtonElement {
  const { icon: glyph, label, class: classes, ...rest } = options;
  return el(
    "button",
    { type: "button", class: classes ?? "ve-button", "aria-label": label, onclick: press, ...rest },
    glyph ? icon(glyph) : null,
    text ? el("span", { class: "ve-button-text" }, text) : null,
  );
}

/** Says something to screen readers without moving the focus. */
export class Announcer {
  readonly element = el("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  private timer = 0;

  say(text: string): void {
    // Emptied first: the same words twice would not be spoken again.
    this.element.textContent = "";
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => (this.element.textContent = text), 60);
  }
}

/** A value in local storage, for what a person would not miss if the browser forgot it. */
export class Remembered<T> {
  constructor(private readonly key: string, private readonly fallback: T, private readonly store: Storage = localStorage) {}

  get value(): T {
    try {
      const text = this.store.getItem(this.key);
      return text === null ? this.fallback : (JSON.parse(text) as T);
    } catch {
      return this.fallback;
    }
  }

  set value(value: T) {
    try {
      if (value === null || value === undefined) this.store.removeItem(this.key);
      else this.store.setItem(this.key, JSON.stringify(value));
    } catch {
      // A full or forbidden store: nothing that matters is kept here.
    }
  }
}
