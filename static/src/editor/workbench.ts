// The editor of a workspace: tree, tabs, search, saving, conflicts. It knows
// files, never functions; what runs them is put beside it.
import { askResolution, isDeleted } from "./conflict";
import { Buffer } from "./buffer";
import { Commands } from "./commands";
import { ask, askText, confirmed } from "./dialog";
import { Announcer, button, el, icon, Remembered } from "./dom";
import { filesOf } from "./dropped-files";
import { messageOf } from "./json-api";
import { Layout } from "./layout";
import type { Monaco } from "./monaco";
import { Notices } from "./notices";
import { askPreferences, editorOptions, followTheme } from "./preferences";
import { Problems } from "./problems";
import { quickPick } from "./quick-pick";
import { SearchView } from "./search";
import { Signal } from "./signal";
import { type Tab, Tabs } from "./tabs";
import { Tree } from "./tree";
import { folderOf, join, wrongWithPath } from "./tree-model";
import { SaveConflict, Workspace } from "./workspace";
import type { Conflict, FileContent } from "./workspace-api";

export interface WorkbenchOptions {
  editable: boolean;
  /** Where its open tabs are remembered. */
  key: string;
  /** Paths to show that differ from what is deployed. */
  changed: () => Set<string>;
}

export class Workbench {
  readonly commands = new Commands();
  readonly notices = new Notices();
  readonly announcer = new Announcer();
  readonly tabs: Tabs;
  readonly tree: Tree;
  readonly search: SearchView;
  private readonly open_: Remembered<{ paths: string[]; active: string }>;
  /** The side bar shall show the view that holds this. */
  readonly sideShown = new Signal<HTMLElement>();
  private drawing = 0;

  constructor(readonly root: HTMLElement, readonly layout: Layout, readonly workspace: Workspace, readonly monaco: Monaco, private readonly options: WorkbenchOptions) {
    this.open_ = new Remembered(`virga:open:${options.key}`, { paths: [], active: "" });
    this.tabs = new Tabs(monaco, editorOptions(), this.welcome());
    this.search = new SearchView(workspace.api, (match) => void this.open(match.path, { line: match.line, column: match.column, length: match.length }));
    this.tree = new Tree({
      open: (path) => void this.open(path),
      createFile: (folder) => void this.attempt(() => this.createFile(folder)),
      createFolder: (folder) => void this.attempt(() => this.createFolder(folder)),
      rename: (path) => void this.attempt(() => this.askRename(path)),
      remove: (path) => void this.attempt(() => this.remove(path)),
      move: (from, folder) => void this.attempt(() => this.rename(from, join(folder, from.split("/").pop() ?? from))),
      upload: (items, folder) => void this.attempt(() => this.upload(items, folder)),
      download: (path) => this.download(path),
    }, options.editable);
    const problems = new Problems(monaco, (path, line, column) => void this.open(path, { line, column }), (count) => layout.count("problems", count));
    layout.addPage("problems", "Problems", problems.element);
    root.append(this.announcer.element, this.notices.element);
    followTheme(monaco);
    workspace.listed.on(() => this.drawSoon());
    workspace.edited.on(() => this.drawSoon());
    workspace.refreshed.on((paths) => this.notices.show("info", `${paths.join(", ")} ${paths.length === 1 ? "was" : "were"} saved elsewhere and brought up to date here.`));
    workspace.overtaken.on((buffer) => this.tellOvertaken(buffer));
    this.tabs.changed.on(() => this.remember());
    window.addEventListener("beforeunload", (event) => {
      workspace.keep();
      if (workspace.dirty.length) event.preventDefault();
    });
    this.addCommands();
  }

  private welcome(): HTMLElement {
    return el("div", { class: "ve-welcome" }, el("p", {}, "No file is open. Choose one from the tree, or press "), button("Go to file (Ctrl+P)", () => this.goToFile(), { icon: "go-to-file" }));
  }

  private addCommands(): void {
    this.commands.add(
      { id: "palette", text: "Show all commands", keys: "F1", run: () => this.palette() },
      { id: "file", text: "Go to file", keys: "Ctrl+P", run: () => this.goToFile() },
      { id: "find", text: "Find in files", keys: "Ctrl+Shift+F", run: () => this.findInFiles() },
      { id: "tree", text: "Show or hide the side bar", keys: "Ctrl+B", run: () => this.layout.openSide(!this.layout.sideIsOpen) },
      { id: "files", text: "Focus the file tree", keys: "Ctrl+Shift+E", run: () => this.focusTree() },
      { id: "preferences", text: "Preferences", keys: "Ctrl+,", run: () => void askPreferences(() => this.tabs.editor.updateOptions(editorOptions())) },
      { id: "close", text: "Close tab", keys: "Alt+W", run: () => this.tabs.active && void this.tabs.close(this.tabs.active) },
      { id: "panel", text: "Show or hide the panel", keys: "Ctrl+J", run: () => this.layout.togglePanel() },
    );
    if (!this.options.editable) return;
    this.commands.add(
      { id: "save", text: "Save all changed files", keys: "Ctrl+S", run: () => void this.save() },
      { id: "new", text: "New file", run: () => void this.attempt(() => this.createFile("")) },
    );
  }

  /** Call when every command is added: from here on the keys work. */
  ready(): void {
    this.commands.listen(this.root);
    this.commands.addTo(this.tabs.editor);
  }

  private palette(): void {
    if (!this.tabs.active?.model) return this.commands.pick();
    this.tabs.editor.focus();
    this.tabs.editor.trigger("virga", "editor.action.quickCommand", null);
  }

  private goToFile(): void {
    quickPick("Go to file", this.workspace.files.map(({ path }) => ({ text: path.split("/").pop() ?? path, detail: folderOf(path), run: () => void this.open(path) })));
  }

  showSide(view: HTMLElement): void {
    this.layout.openSide(true);
    this.sideShown.fire(view);
  }

  findInFiles(): void {
    const selection = this.tabs.editor.getSelection();
    const text = selection && this.tabs.active?.model ? this.tabs.active.model.getValueInRange(selection) : "";
    this.showSide(this.search.element);
    this.search.focus(text && !text.includes("\n") ? text : undefined);
  }

  private focusTree(): void {
    this.showSide(this.tree.element);
    this.tree.list.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }

  /** Runs what may be refused; the refusal is shown, anything else stays a bug. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.notices.show("error", messageOf(error));
      return undefined;
    }
  }

  // -- open files

  async open(path: string, at?: { line: number; column: number; length?: number }, read?: FileContent, focus = true): Promise<void> {
    const file = await this.attempt(() => this.workspace.open(path, read));
    if (!file) return;
    this.tabs.show(file instanceof Buffer ? this.fileTab(file) : this.unshownTab(file), focus);
    if (this.layout.narrow) this.layout.openSide(false);
    if (!at || !(file instanceof Buffer)) return;
    this.tabs.editor.setSelection({ startLineNumber: at.line, startColumn: at.column, endLineNumber: at.line, endColumn: at.column + (at.length ?? 0) });
    this.tabs.editor.revealLineInCenterIfOutsideViewport(at.line);
  }

  private fileTab(buffer: Buffer): Tab {
    const present = this.tabs.get(`file:${buffer.path}`);
    if (present) return present;
    return {
      id: `file:${buffer.path}`,
      title: buffer.path.split("/").pop() ?? buffer.path,
      icon: "file",
      crumbs: buffer.path.split("/"),
      model: buffer.model,
      readOnly: !this.options.editable,
      dirty: () => buffer.dirty,
      mayClose: () => this.mayClose(buffer),
      closed: () => this.workspace.forget(buffer.path),
    };
  }

  private unshownTab(file: FileContent): Tab {
    const why = file.text ? "This file is too large to edit here." : "This file is not text, so it is not shown.";
    return {
      id: `file:${file.path}`,
      title: file.path.split("/").pop() ?? file.path,
      icon: "file-binary",
      crumbs: file.path.split("/"),
      element: el("div", { class: "ve-welcome" }, icon("file-binary"), el("p", {}, `${why} It has ${file.size.toLocaleString()} bytes.`), button("Download", () => this.download(file.path), { icon: "cloud-download" })),
    };
  }

  private async mayClose(buffer: Buffer): Promise<boolean> {
    if (!buffer.dirty) return true;
    const answer = await ask(`Save ${buffer.path}?`, [el("p", {}, "Its changes are lost if you don’t save them.")], [
      { text: "Don’t save", value: "drop", kind: "danger" },
      { text: "Save", value: "save", kind: "primary" },
    ]);
    if (answer === "save") return this.save([buffer]);
    return answer === "drop";
  }

  /** Opens what was open last time, or the file given. */
  async restore(first: string, read?: FileContent): Promise<void> {
    const { paths, active } = this.open_.value;
    const present = new Set(this.workspace.files.map(({ path }) => path));
    const unsaved = this.workspace.unsavedBefore().filter((path) => present.has(path));
    const start = present.has(active) ? active : first;
    if (start) await this.open(start, undefined, read?.path === start ? read : undefined, !this.layout.narrow);
    const others = [...new Set([...paths, ...unsaved])].filter((path) => path !== start && present.has(path));
    const shown = this.tabs.active;
    for (const path of others) {
      const file = await this.attempt(() => this.workspace.open(path));
      if (file) this.tabs.all.push(file instanceof Buffer ? this.fileTab(file) : this.unshownTab(file));
    }
    if (shown) this.tabs.draw();
    if (unsaved.length) this.notices.show("info", `Unsaved changes in ${unsaved.join(", ")} were brought back.`);
  }

  private remember(): void {
    const paths = this.tabs.all.filter(({ id }) => id.startsWith("file:")).map(({ id }) => id.slice(5));
    const active = this.tabs.active?.id ?? "";
    this.open_.value = { paths, active: active.startsWith("file:") ? active.slice(5) : this.open_.value.active };
    this.drawSoon();
  }

  drawSoon(): void {
    if (this.drawing) return;
    this.drawing = window.setTimeout(() => {
      this.drawing = 0;
      this.draw();
    }, 30);
  }

  private draw(): void {
    const dirty = this.workspace.dirty.map(({ path }) => path);
    const active = this.tabs.active?.id ?? "";
    this.tree.show(this.workspace.files, { active: active.startsWith("file:") ? active.slice(5) : "", dirty: new Set(dirty), changed: this.options.changed() });
    const marks = this.tabs.all.map((tab) => `${tab.id}${tab.dirty?.() ? "*" : ""}`).join("\n");
    if (marks !== this.drawn) this.tabs.draw();
    this.drawn = marks;
    this.root.classList.toggle("ve-has-unsaved", dirty.length > 0);
  }
  private drawn = "";

  // -- saving

  /** Saves; whether everything asked for is saved now. */
  async save(only?: Buffer[]): Promise<boolean> {
    try {
      const count = await this.workspace.save(only);
      this.announcer.say(count ? `Saved ${count} file${count === 1 ? "" : "s"}` : "Nothing to save");
      return true;
    } catch (error) {
      if (error instanceof SaveConflict) return (await this.resolve(error.conflicts)) ? this.save(only) : false;
      this.notices.show("error", messageOf(error));
      return false;
    }
  }

  /** Asks about every conflict; true when all are settled and may be saved again. */
  async resolve(conflicts: Conflict[]): Promise<boolean> {
    let settled = true;
    for (const conflict of conflicts) {
      const buffer = this.workspace.buffers.get(conflict.path);
      if (!buffer) continue;
      const answer = await askResolution(this.monaco, buffer, conflict);
      if (answer) this.notices.settle(`overtaken:${buffer.path}`);
      if (answer === "mine") buffer.base = isDeleted(conflict) ? 0 : conflict.revision;
      else if (answer === "theirs") this.takeTheirs(buffer, conflict);
      else settled = false;
      if (answer === "merge") this.merge(buffer, conflict);
    }
    this.drawSoon();
    return settled;
  }

  private takeTheirs(buffer: Buffer, conflict: Conflict): void {
    if (conflict.content !== null) return buffer.take(conflict.content, conflict.revision);
    // Deleted, or no text any more: there is nothing to show in the editor.
    buffer.savedAs(buffer.model.getAlternativeVersionId(), conflict.revision);
    const tab = this.tabs.get(`file:${buffer.path}`);
    if (tab) this.tabs.drop(tab);
    void this.workspace.catchUp();
  }

  private merge(buffer: Buffer, conflict: Conflict): void {
    buffer.base = isDeleted(conflict) ? 0 : conflict.revision;
    void this.compare(buffer.path, `merge:${buffer.path}`, `Theirs${conflict.saved_by ? ` (${conflict.saved_by})` : ""}`, conflict.content ?? "");
    this.notices.show("info", "The right side is yours: edit it until it is right, then save.");
  }

  private tellOvertaken(buffer: Buffer): void {
    this.notices.show("warning", `${buffer.path} was saved elsewhere meanwhile. Your changes are not saved yet.`, [{
      text: "Compare",
      run: () => void this.attempt(async () => {
        const file = await this.workspace.api.file(buffer.path);
        const conflict = { path: buffer.path, content: file.content, revision: file.revision, saved_by: null, saved_at: null };
        if (await this.resolve([conflict])) await this.save([buffer]);
      }),
    }], `overtaken:${buffer.path}`);
  }

  /** Opens the file beside another text of it. */
  async compare(path: string, id: string, title: string, original: string): Promise<void> {
    const present = this.tabs.get(id);
    if (present) this.tabs.drop(present);
    const file = this.workspace.entry(path) ? await this.attempt(() => this.workspace.open(path)) : null;
    const buffer = file instanceof Buffer ? file : null;
    const gone = buffer ? null : this.monaco.editor.createModel("", undefined);
    const { Diff } = await import("./diff");
    const model = buffer?.model ?? gone;
    if (!model) return;
    const diff = new Diff(this.monaco, { path, original: { title, content: original }, modified: { title: buffer ? "Your draft" : "Your draft (deleted)", model }, readOnly: !buffer || !this.options.editable });
    // The model belongs to the file's own tab, which stays open beneath.
    if (buffer && !this.tabs.get(`file:${path}`)) this.tabs.all.push(this.fileTab(buffer));
    if (this.layout.narrow) this.layout.openSide(false);
    this.tabs.show({
      id, title: `${path.split("/").pop() ?? path} (diff)`, icon: "diff", crumbs: [...path.split("/"), "compared"], element: diff.element,
      dirty: () => buffer?.dirty ?? false,
      closed: () => {
        diff.dispose();
        gone?.dispose();
      },
    });
  }

  // -- files

  private async createFile(folder: string): Promise<void> {
    const path = await askText({ title: "New file", label: "Path", action: "Create", value: folder ? `${folder}/` : "", hint: "Folders are made as needed: lib/texts.py", check: (value) => this.wrongWithNew(value) });
    if (!path) return;
    this.workspace.list(await this.workspace.api.create(path));
    await this.open(path);
  }

  private wrongWithNew(path: string): string {
    if (this.workspace.entry(path)) return "There is a file of this name already.";
    return wrongWithPath(path);
  }

  private async createFolder(folder: string): Promise<void> {
    const path = await askText({ title: "New folder", label: "Path", action: "Create", value: folder ? `${folder}/` : "", hint: "It is kept once it holds a file.", check: wrongWithPath });
    if (!path) return;
    this.tree.emptyFolders.add(path);
    this.drawSoon();
  }

  private async askRename(path: string): Promise<void> {
    const to = await askText({ title: `Rename ${path}`, label: "New path", action: "Rename", value: path, check: (value) => (value === path ? "" : this.wrongWithNew(value)) });
    if (to && to !== path) await this.rename(path, to);
  }

  private async rename(from: string, to: string): Promise<void> {
    if (from === to || to.startsWith(`${from}/`)) return;
    if (this.tree.emptyFolders.delete(from)) {
      this.tree.emptyFolders.add(to);
      return this.drawSoon();
    }
    const inside = (path: string): boolean => path === from || path.startsWith(`${from}/`);
    const moved = [...this.workspace.buffers.values()].filter(({ path }) => inside(path));
    if (moved.some(({ dirty }) => dirty) && !(await this.save(moved))) return;
    const open = this.tabs.all.filter(({ id }) => id.startsWith("file:") && inside(id.slice(5))).map(({ id }) => id.slice(5));
    const active = this.tabs.active?.id.slice(5) ?? "";
    const listing = await this.workspace.api.rename(from, to);
    for (const path of open) this.dropFile(path);
    this.workspace.list(listing);
    for (const path of open.sort((a, b) => Number(a === active) - Number(b === active))) await this.open(to + path.slice(from.length));
  }

  private dropFile(path: string): void {
    const tab = this.tabs.get(`file:${path}`);
    if (tab) this.tabs.drop(tab);
    else if (this.workspace.buffers.has(path)) this.workspace.forget(path);
  }

  private async remove(path: string): Promise<void> {
    if (this.tree.emptyFolders.delete(path)) return this.drawSoon();
    const inside = this.workspace.files.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
    const many = inside.length > 1 ? ` and the ${inside.length} files in it` : "";
    if (!(await confirmed(`Delete ${path}?`, `“${path}”${many} is deleted from the draft. What is deployed stays as it is until you deploy.`, "Delete"))) return;
    const listing = await this.workspace.api.remove(path);
    for (const file of inside) this.dropFile(file.path);
    this.workspace.list(listing);
  }

  private async upload(items: DataTransfer | FileList, folder: string): Promise<void> {
    const files = await filesOf(items);
    if (files.length === 0) return;
    const taken = files.filter(({ path }) => this.workspace.entry(join(folder, path)));
    if (taken.length && !(await confirmed("Replace files?", `${taken.map(({ path }) => path).join(", ")} ${taken.length === 1 ? "is" : "are"} there already.`, "Replace"))) return;
    this.workspace.list(await this.workspace.api.upload(files, folder, taken.length > 0));
    await this.workspace.catchUp();
    this.notices.show("success", `Added ${files.length} file${files.length === 1 ? "" : "s"}.`);
  }

  private download(path: string): void {
    const link = el("a", { href: this.workspace.api.downloadAddress(path), download: path.split("/").pop() ?? path });
    link.click();
  }
}
