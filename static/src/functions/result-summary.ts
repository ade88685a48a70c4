// The Summary block of a result: key and value, only what is known.
import { el } from "../editor/dom";
import type { Result } from "./test-messages";
import { visibleText } from "./visible-text";

function milliseconds(value: number | null): string | null {
  return value === null || value === undefined ? null : `${value.toFixed(2)} ms`;
}

function megabytes(value: number | null): string | null {
  return value === null || value === undefined ? null : `${value} MB`;
}

export function summaryRows(requestId: string, result: Result): [string, string][] {
  const version = result.draft ? "Draft (not deployed)" : result.executed_version;
  const rows: [string, string | null][] = [
    ["Request ID", requestId],
    ["Duration", milliseconds(result.duration_ms)],
    ["Init duration", milliseconds(result.init_ms)],
    ["Billed duration", result.billed_ms === null ? null : `${result.billed_ms} ms`],
    ["Memory size", megabytes(result.memory_mb)],
    ["Max memory used", megabytes(result.max_memory_mb)],
    ["Cold start", result.cold === null ? null : result.cold ? "Yes" : "No"],
    ["Limit reached", result.limit_text || result.limit],
    ["Cost of this call", result.cost_text],
    ["Version", version],
    ["Ran on", [result.label, result.backend].filter(Boolean).join(", ") || null],
  ];
  return rows.filter((row): row is [string, string] => Boolean(row[1]));
}

export function summary(requestId: string, result: Result): HTMLElement {
  return el("dl", { class: "vr-summary" }, ...summaryRows(requestId, result).map(([name, value]) =>
    el("div", { class: name === "Limit reached" ? "vr-limit" : "" }, el("dt", {}, name), el("dd", {}, visibleText(value)))));
}
