// Monaco's modules that register something when imported and export nothing we use.
declare module "monaco-editor/esm/vs/*";

declare module "monaco-editor/esm/vs/editor/common/tokens/contiguousTokensEditing.js" {
  /** Pairs of an end offset and what is there, or null where nobody knows. */
  type LineTokens = ArrayBufferLike | Uint32Array | null;
  export const EMPTY_LINE_TOKENS: ArrayBufferLike;
  export const ContiguousTokensEditing: {
    insert(tokens: LineTokens, at: number, length: number): LineTokens;
  };
}
