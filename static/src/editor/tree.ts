// The file tree: one tab stop, arrow keys, F2, Delete, a menu, drag and drop.
import { button, el, icon } from "./dom";
import { below, showMenu, type MenuItem } from "./menu";
import { folderOf, treeOf, type TreeNode } from "./tree-model";
import type { FileEntry } from "./workspace-api";

export interface TreeActions {
  open(path: string): void;
  createFile(folder: string): void;
  createFolder(folder: string): void;
  rename(path: string): void;
  remove(path: string): void;
  move(from: string, folder: string): void;
  upload(items: DataTransfer | FileList, folder: string): void;
  download(path: string): void;
}

const DRAGGED = "application/x-virga-path";
const ICONS: Record<string, string> = { json: "json", md: "markdown", png: "file-media", jpg: "file-media", zip: "file-zip", gz: "file-zip" };

export class Tree {
  readonly element: HTMLElement;
  readonly list = el("ul", { class: "ve-tree", role: "tree", "aria-label": "Files", onkeydown: (event: KeyboardEvent) => this.key(event) });
  readonly emptyFolders = new Set<string>();
  private readonly opened = new Set<string>();
  private files: FileEntry[] = [];
  private selected = "";
  private active = "";
  private drawn = 0;
  private dirty = new Set<string>();
  private changed = new Set<string>();

  constructor(private readonly actions: TreeActions, private readonly editable: boolean) {
    const picker = el("input", { type: "file", multiple: true, hidden: true, onchange: () => {
      if (picker.files?.length) this.actions.upload(picker.files, this.folder);
      picker.value = "";
    } });
    const tools = editable ? [
      this.tool("new-file", "New file", () => this.actions.createFile(this.folder)),
      this.tool("new-folder", "New folder", () => this.actions.createFolder(this.folder)),
      this.tool("cloud-upload", "Upload files", () => picker.click()),
      this.tool("edit", "Rename selected (F2)", () => this.selected && this.actions.rename(this.selected)),
      this.tool("trash", "Delete selected (Delete)", () => this.selected && this.actions.remove(this.selected)),
    ] : [];
    this.element = el("section", { class: "ve-section ve-files", "aria-label": "Files" },
      el("header", {}, el("h2", {}, "Files"), el("div", { class: "ve-tools" }, ...tools)), this.list, picker);
    if (editable) this.acceptDrops(this.element, () => "");
  }

  private tool(glyph: string, label: string, press: () => void): HTMLButtonElement {
    return button("", press, { icon: glyph, label, title: label, class: "ve-tool" });
  }

  /** The folder new things go to: the selected one, or the selected file's. */
  private get folder(): string {
    const row = this.row(this.selected);
    return row?.dataset["folder"] === "1" ? this.selected : folderOf(this.selected);
  }

  show(files: FileEntry[], state: { active: string; dirty: Set<string>; changed: Set<string> }): void {
    this.files = files;
    this.dirty = state.dirty;
    this.changed = state.changed;
    if (state.active !== this.active) {
      this.active = state.active;
      this.selected = state.active || this.selected;
      this.reveal(this.active);
    }
    this.draw();
  }

  private reveal(path: string): void {
    for (let at = folderOf(path); at; at = folderOf(at)) this.opened.add(at);
  }

  private draw(): void {
    const focused = this.list.contains(document.activeElement);
    const nodes = treeOf(this.files, this.emptyFolders);
    this.list.replaceChildren(...nodes.flatMap((node) => this.items(node, 1)));
    if (nodes.length === 0) this.list.append(el("li", { class: "ve-empty", role: "none" }, "No files yet. Create one, or drop files here."));
    const stop = this.row(this.selected) ?? this.list.querySelector<HTMLElement>("[role=treeitem]");
    if (stop) {
      stop.tabIndex = 0;
      if (focused) stop.focus();
    }
  }

  /** The node and, where it is open, what is in it: one flat list with levels. */
  private items(node: TreeNode, level: number): HTMLElement[] {
    const inside = this.opened.has(node.path) ? node.children : [];
    return [this.item(node, level), ...inside.flatMap((child) => this.items(child, level + 1))];
  }

  private item(node: TreeNode, level: number): HTMLElement {
    const open = this.opened.has(node.path);
    const mark = this.dirty.has(node.path) ? ["●", "not saved"] : this.changed.has(node.path) ? ["M", "not deployed"] : null;
    const glyph = node.folder ? (open ? "chevron-down" : "chevron-right") : (ICONS[node.name.split(".").pop() ?? ""] ?? "file");
    const label = el("div", { class: "ve-row", id: `ve-row-${(this.drawn += 1)}` }, icon(glyph), el("span", { class: "ve-name" }, node.name),
      mark ? el("span", { class: "ve-mark", title: mark[1] }, mark[0], el("span", { class: "visually-hidden" }, ` ${mark[1]}`)) : null);
    label.style.paddingInlineStart = `${level * 0.75}rem`;
    const item = el("li", {
      role: "treeitem", tabindex: -1, "aria-level": level, "aria-selected": String(node.path === this.selected),
      "aria-expanded": node.folder ? String(open) : null, "data-path": node.path, "data-folder": node.folder ? "1" : "0",
      "aria-labelledby": label.id,
      class: node.path === this.active ? "ve-active" : "", draggable: this.editable ? "true" : null,
      onclick: (event: MouseEvent) => { event.stopPropagation(); this.press(node); },
      oncontextmenu: (event: MouseEvent) => {
        event.preventDefault();
        event.stopPropagation();
        this.select(node.path);
        this.menu(node.path, node.folder, { x: event.clientX, y: event.clientY });
      },
      ondragstart: (event: DragEvent) => { event.stopPropagation(); event.dataTransfer?.setData(DRAGGED, node.path); },
    }, label);
    if (this.editable) this.acceptDrops(item, () => (node.folder ? node.path : folderOf(node.path)));
    return item;
  }

  private acceptDrops(place: HTMLElement, folder: () => string): void {
    place.addEventListener("dragover", (event) => {
      event.preventDefault();
      event.stopPropagation();
      place.classList.add("ve-drop");
    });
    place.addEventListener("dragleave", () => place.classList.remove("ve-drop"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      place.classList.remove("ve-drop");
      const moved = event.dataTransfer?.getData(DRAGGED);
      if (moved) this.actions.move(moved, folder());
      else if (event.dataTransfer) this.actions.upload(event.dataTransfer, folder());
    });
  }

  private press(node: TreeNode): void {
    this.select(node.path);
    if (node.folder) this.toggle(node.path);
    else this.actions.open(node.path);
  }

  private toggle(path: string, open = !this.opened.has(path)): void {
    if (open) this.opened.add(path);
    else this.opened.delete(path);
    this.draw();
    this.row(path)?.focus();
  }

  private select(path: string): void {
    this.selected = path;
    for (const row of this.rows()) {
      const chosen = row.dataset["path"] === path;
      row.setAttribute("aria-selected", String(chosen));
      row.tabIndex = chosen ? 0 : -1;
    }
  }

  private rows(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>("[role=treeitem]")];
  }

  private row(path: string): HTMLElement | undefined {
    return this.rows().find((row) => row.dataset["path"] === path);
  }

  private menu(path: string, folder: boolean, at: { x: number; y: number }): void {
    const inside = folder ? path : folderOf(path);
    const items: (MenuItem | null)[] = [];
    if (!folder) items.push({ text: "Open", icon: "go-to-file", run: () => this.actions.open(path) }, { text: "Download", icon: "cloud-download", run: () => this.actions.download(path) });
    if (this.editable) {
      if (!folder) items.push(null);
      items.push(
        { text: "New file…", icon: "new-file", run: () => this.actions.createFile(inside) },
        { text: "New folder…", icon: "new-folder", run: () => this.actions.createFolder(inside) },
        null,
        { text: "Rename…", keys: "F2", icon: "edit", run: () => this.actions.rename(path) },
        { text: "Delete…", keys: "Del", icon: "trash", run: () => this.actions.remove(path) },
      );
    }
    if (items.length) showMenu(`Actions for ${path}`, items, at);
  }

  private key(event: KeyboardEvent): void {
    const rows = this.rows();
    const row = (event.target as HTMLElement).closest<HTMLElement>("[role=treeitem]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const path = row.dataset["path"] ?? "";
    const folder = row.dataset["folder"] === "1";
    const open = folder && this.opened.has(path);
    const index = rows.indexOf(row);
    const go = (to: HTMLElement | undefined): void => {
      if (!to) return;
      this.select(to.dataset["path"] ?? "");
      to.focus();
    };
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(rows[index + 1]),
      ArrowUp: () => go(rows[index - 1]),
      Home: () => go(rows[0]),
      End: () => go(rows[rows.length - 1]),
      ArrowRight: () => (folder && !open ? this.toggle(path, true) : open ? go(rows[index + 1]) : undefined),
      ArrowLeft: () => (open ? this.toggle(path, false) : go(this.row(folderOf(path)))),
      Enter: () => (folder ? this.toggle(path) : this.actions.open(path)),
      " ": () => (folder ? this.toggle(path) : this.actions.open(path)),
      ContextMenu: () => this.menu(path, folder, below(row)),
      ...(event.shiftKey ? { F10: () => this.menu(path, folder, below(row)) } : {}),
      ...(this.editable ? { F2: () => this.actions.rename(path), Delete: () => this.actions.remove(path) } : {}),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
