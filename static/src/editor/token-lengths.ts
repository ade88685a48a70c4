// Mends Monaco 0.57's record of which text is coloured how. Text put into an
// empty line left that line's record empty, of length 0, until it was coloured
// anew. Joined to the line above before that (text written over a selection
// that was just wrapped in brackets), the record stayed shorter than its line,
// and the bracket matcher looked for the rest for ever: the page hung. A line
// of unknown length is what Monaco copes with, so such a line becomes one.
import { ContiguousTokensEditing, EMPTY_LINE_TOKENS } from "monaco-editor/esm/vs/editor/common/tokens/contiguousTokensEditing.js";

const insert = ContiguousTokensEditing.insert;

ContiguousTokensEditing.insert = (tokens, at, length) =>
  tokens === EMPTY_LINE_TOKENS && length > 0 ? null : insert(tokens, at, length);
