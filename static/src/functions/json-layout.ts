// JSON laid out for reading without parsing it into numbers: 12345678901234567890
// and 1.0 stay as the function wrote them. Anything else is shown as it is.

export type Piece = [kind: "key" | "string" | "number" | "word" | "plain", text: string];

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

export function jsonPieces(text: string): Piece[] | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(new RegExp(TOKEN.source, "g"))?.filter((token) => token.trim()) ?? [];
  const pieces: Piece[] = [];
  let depth = 0;
  const line = (): Piece => ["plain", `\n${"  ".repeat(depth)}`];
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const before = tokens[index - 1];
    if (token === "{" || token === "[") {
      depth += 1;
      pieces.push(["plain", token]);
      if (next !== "}" && next !== "]") pieces.push(line());
    } else if (token === "}" || token === "]") {
      depth -= 1;
      if (before !== "{" && before !== "[") pieces.push(line());
      pieces.push(["plain", token]);
    } else if (token === ",") pieces.push(["plain", token], line());
    else if (token === ":") pieces.push(["plain", ": "]);
    else if (token.startsWith('"')) pieces.push([next === ":" ? "key" : "string", token]);
    else pieces.push([/^[-\d]/.test(token) ? "number" : "word", token]);
  });
  return pieces;
}

export function laidOut(text: string): string {
  return jsonPieces(text)?.map(([, part]) => part).join("") ?? text;
}

/** What is wrong with an event a person wrote, or nothing. */
export function wrongWithJson(text: string): string {
  if (!text.trim()) return "The event is empty. An empty object is {}.";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return `The event is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
