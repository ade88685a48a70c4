// Error type, message and stack trace of a function that failed.
import { el } from "../editor/dom";
import type { Result, Token } from "./test-messages";
import { visibleText } from "./visible-text";

function isToken(value: unknown): value is Token {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "string";
}

/** Tokens, given as one list or as a list of lines. */
function tokensOf(trace: Token[][] | Token[] | null): Token[] {
  if (!trace) return [];
  const [first] = trace;
  if (isToken(first)) return trace as Token[];
  return (trace as Token[][]).flatMap((line, index) => (index ? [["", "\n"] as Token, ...line] : line));
}

export function errorMessage(result: Result): string {
  try {
    const body = JSON.parse(result.payload ?? "") as { errorMessage?: unknown };
    if (typeof body.errorMessage === "string") return body.errorMessage;
  } catch {
    // The payload of a failure is our own JSON; anything else is shown as the response.
  }
  return "";
}

export function errorBlock(result: Result): HTMLElement {
  const tokens = tokensOf(result.trace);
  const message = errorMessage(result);
  return el("div", { class: "vr-error" },
    el("p", {}, el("strong", {}, visibleText(result.error_type || result.function_error || "Error")), message ? `: ${visibleText(message)}` : ""),
    tokens.length ? el("pre", { class: "vr-text vr-trace code-block", tabindex: 0, "aria-label": "Stack trace" }, ...tokens.map(([kind, text]) =>
      kind ? el("span", { class: kind.replace(/[^a-zA-Z0-9_-]/g, "") }, visibleText(text)) : visibleText(text))) : null);
}
