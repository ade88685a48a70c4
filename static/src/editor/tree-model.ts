// Paths as a tree: folders first, then names, as a person reads them.
import type { FileEntry } from "./workspace-api";

export interface TreeNode {
  name: string;
  path: string;
  folder: boolean;
  children: TreeNode[];
}

const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** `folders` are empty ones that only this page knows: the server keeps files. */
export function treeOf(files: FileEntry[], folders: Iterable<string>): TreeNode[] {
  const root: TreeNode = { name: "", path: "", folder: true, children: [] };
  const known = new Map<string, TreeNode>([["", root]]);

  function folder(path: string): TreeNode {
    const present = known.get(path);
    if (present) return present;
    const cut = path.lastIndexOf("/");
    const made: TreeNode = { name: path.slice(cut + 1), path, folder: true, children: [] };
    known.set(path, made);
    folder(cut < 0 ? "" : path.slice(0, cut)).children.push(made);
    return made;
  }

  for (const path of folders) folder(path);
  for (const { path } of files) {
    const cut = path.lastIndexOf("/");
    const made: TreeNode = { name: path.slice(cut + 1), path, folder: false, children: [] };
    folder(cut < 0 ? "" : path.slice(0, cut)).children.push(made);
  }
  for (const node of known.values()) {
    node.children.sort((a, b) => Number(b.folder) - Number(a.folder) || order.compare(a.name, b.name));
  }
  return root.children;
}

export function folderOf(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? "" : path.slice(0, cut);
}

export function join(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

/** What is wrong with a path a person wrote, or nothing. The server checks again. */
export function wrongWithPath(path: string): string {
  if (path.startsWith("/")) return "Write a path inside the function, without a slash at the start.";
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return "A path has no empty part, no “.” and no “..”.";
  if (/[\u0000-\u001f\\]/.test(path)) return "A path has no backslash and no control character.";
  return "";
}
