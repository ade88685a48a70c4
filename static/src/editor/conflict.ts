// The second of two people who saved the same file chooses; nothing is lost.
import type { Buffer } from "./buffer";
import { ask } from "./dialog";
import { el } from "./dom";
import { Diff } from "./diff";
import type { Monaco } from "./monaco";
import type { Conflict } from "./workspace-api";

export type Resolution = "mine" | "theirs" | "merge";

export function isDeleted(conflict: Conflict): boolean {
  return conflict.deleted ?? conflict.content === null;
}

function when(conflict: Conflict): string {
  const who = conflict.saved_by ? conflict.saved_by : "Somebody else";
  const at = conflict.saved_at ? ` at ${new Date(conflict.saved_at).toLocaleTimeString()}` : "";
  if (isDeleted(conflict)) return `${who} deleted this file${at}.`;
  if (conflict.content === null) return `${who} replaced this file${at} by one that is not text.`;
  return `${who} saved this file${at}, after you opened it.`;
}

/** Shows theirs beside mine. null: the person decides later, the file stays unsaved. */
export async function askResolution(monaco: Monaco, buffer: Buffer, conflict: Conflict): Promise<Resolution | null> {
  const diff = new Diff(monaco, {
    original: { title: `Theirs${conflict.saved_by ? ` (${conflict.saved_by})` : ""}`, content: conflict.content ?? "" },
    modified: { title: "Mine (not saved)", model: buffer.model },
    path: conflict.path,
    readOnly: true,
  });
  const answer = await ask<Resolution>(`${conflict.path} was changed meanwhile`, [
    el("p", {}, `${when(conflict)} Nothing is saved yet. “Take theirs” can be undone with Ctrl+Z.`),
    diff.element,
  ], [
    { text: "Merge in editor", value: "merge" },
    { text: "Take theirs", value: "theirs" },
    { text: "Keep mine", value: "mine", kind: "primary" },
  ], { wide: true });
  diff.dispose();
  return answer;
}
