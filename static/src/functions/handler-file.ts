// Which file a handler such as "src/app.handler" is in.
const ENDINGS = [".py", ".mjs", ".cjs", ".js", ".ts", ".rb", ".go", ".java", ".cs", ".sh"];

export function handlerFile(handler: string, paths: string[]): string {
  const dot = handler.lastIndexOf(".");
  const module = dot > 0 ? handler.slice(0, dot) : handler;
  const stems = [module, module.replaceAll(".", "/")];
  for (const stem of stems) {
    const found = ENDINGS.map((ending) => stem + ending).find((path) => paths.includes(path));
    if (found) return found;
  }
  return paths.find((path) => ENDINGS.some((ending) => path.endsWith(ending))) ?? paths[0] ?? "";
}
