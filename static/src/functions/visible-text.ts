// Payloads and logs are data. What a terminal or a browser would act on is
// shown as a sign instead: control characters, and marks that reorder text.

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

function sign(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** The text with every invisible instruction made visible; line ends and tabs stay. */
export function visibleText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROL, sign);
}
