// Monaco makes <style> elements and knows nothing of nonces
// (microsoft/monaco-editor#271), so every one made here gets the page's.
// Import this before anything of Monaco.
const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
const createElement = document.createElement.bind(document) as (name: string, options?: ElementCreationOptions) => HTMLElement;

document.createElement = ((name: string, options?: ElementCreationOptions): HTMLElement => {
  const made = createElement(name, options);
  if (nonce && name.toLowerCase() === "style") made.nonce = nonce;
  return made;
}) as typeof document.createElement;

export {};
