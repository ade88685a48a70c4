// A workspace as it stands in this browser: what the server has, what is
// open here, what differs. Views listen; nothing here touches the page.
import { Buffer, type Snapshot } from "./buffer";
import { Remembered } from "./dom";
import type { Monaco } from "./monaco";
import { Signal } from "./signal";
import { type Change, type FileContent, type FileEntry, type Listing, SaveConflict, type Saved, WorkspaceApi } from "./workspace-api";

type Kept = Record<string, { content: string; base: number }>;

export class Workspace {
  readonly listed = new Signal<void>();
  /** A buffer became changed or saved, or its text moved on. */
  readonly edited = new Signal<Buffer>();
  /** A file was saved elsewhere that has unsaved changes here. */
  readonly overtaken = new Signal<Buffer>();
  /** A clean file was brought up to date with what was saved elsewhere. */
  readonly refreshed = new Signal<string[]>();
  /** Files were saved from here. */
  readonly savedHere = new Signal<void>();
  readonly buffers = new Map<string, Buffer>();
  files: FileEntry[] = [];
  revision = 0;
  private saving = 0;
  private behind = false;
  private announced = 0;
  private keepTimer = 0;
  private readonly kept: Remembered<Kept>;

  constructor(readonly api: WorkspaceApi, private readonly monaco: Monaco, key: string) {
    // The safety net under beforeunload: unsaved text outlives a crash of the tab.
    this.kept = new Remembered<Kept>(`virga:unsaved:${key}`, {}, sessionStorage);
  }

  list(listing: Listing): void {
    this.files = listing.files;
    this.revision = listing.revision;
    this.listed.fire();
  }

  entry(path: string): FileEntry | undefined {
    return this.files.find((file) => file.path === path);
  }

  /** Opens a file: a buffer, or only its description when it is binary or too large to show. */
  async open(path: string, read?: FileContent): Promise<Buffer | FileContent> {
    const present = this.buffers.get(path);
    if (present) return present;
    const file = read ?? (await this.api.file(path));
    if (file.content === null) return file;
    const raced = this.buffers.get(path);
    return raced ?? this.adopt(path, file.revision, file.content);
  }

  private adopt(path: string, base: number, content: string): Buffer {
    const buffer = new Buffer(this.monaco, path, base, content);
    this.buffers.set(path, buffer);
    const unsaved = this.kept.value[path];
    if (unsaved && unsaved.content !== content) {
      buffer.replace(unsaved.content);
      buffer.base = unsaved.base;
    }
    buffer.model.onDidChangeContent(() => {
      this.edited.fire(buffer);
      this.keepSoon();
    });
    return buffer;
  }

  /** Paths with text that an earlier page of this tab did not save. */
  unsavedBefore(): string[] {
    return Object.keys(this.kept.value);
  }

  forget(path: string): void {
    this.buffers.get(path)?.model.dispose();
    this.buffers.delete(path);
    this.keep();
  }

  get dirty(): Buffer[] {
    return [...this.buffers.values()].filter((buffer) => buffer.dirty);
  }

  /** What would be saved now. Give it back to `saved` when the server has it. */
  snapshot(only?: Buffer[]): Snapshot[] {
    return (only ?? this.dirty).map((buffer) => buffer.snapshot());
  }

  saved(snapshots: Snapshot[], answer: Saved): void {
    for (const { buffer, version } of snapshots) {
      const file = answer.files.find((each) => each.path === buffer.path);
      if (file) buffer.savedAs(version, file.revision);
      this.edited.fire(buffer);
    }
    this.revision = Math.max(this.revision, answer.revision);
    for (const file of answer.files) {
      const entry = this.entry(file.path);
      if (entry) entry.revision = file.revision;
    }
    this.keep();
  }

  /** Saves and returns how many files; throws SaveConflict, Refused. */
  async save(only?: Buffer[]): Promise<number> {
    const snapshots = this.snapshot(only).filter(({ buffer }) => buffer.dirty || buffer.base === 0);
    if (snapshots.length === 0) return 0;
    await this.duringSave(async () => this.saved(snapshots, await this.api.save(snapshots.map(({ change }) => change))));
    this.savedHere.fire();
    if (snapshots.some(({ buffer }) => !this.entry(buffer.path))) this.list(await this.api.files());
    return snapshots.length;
  }

  /** News of a save is held back meanwhile: it may be this very save. */
  async duringSave<T>(work: () => Promise<T>): Promise<T> {
    this.saving += 1;
    try {
      return await work();
    } finally {
      this.saving -= 1;
      if (this.saving === 0 && (this.behind || this.announced > this.revision)) void this.catchUp();
    }
  }

  /** Told of a revision. */
  async heard(revision: number): Promise<void> {
    this.announced = Math.max(this.announced, revision);
    if (this.saving === 0 && revision > this.revision) await this.catchUp();
  }

  /** The server has another revision: bring what is clean up to date, tell about the rest. */
  async catchUp(): Promise<void> {
    this.behind = this.saving > 0;
    if (this.behind) return;
    this.list(await this.api.files());
    const updated: string[] = [];
    for (const buffer of [...this.buffers.values()]) {
      const entry = this.entry(buffer.path);
      if (!entry || entry.revision <= buffer.base) continue;
      if (buffer.dirty) {
        buffer.stale = true;
        this.overtaken.fire(buffer);
        continue;
      }
      const file = await this.api.file(buffer.path);
      if (file.content === null || buffer.dirty) continue;
      if (file.content !== buffer.text) updated.push(buffer.path);
      buffer.take(file.content, file.revision);
      this.edited.fire(buffer);
    }
    if (updated.length) this.refreshed.fire(updated);
  }

  private keepSoon(): void {
    clearTimeout(this.keepTimer);
    this.keepTimer = window.setTimeout(() => this.keep(), 400);
  }

  keep(): void {
    clearTimeout(this.keepTimer);
    const kept: Kept = {};
    for (const buffer of this.dirty) kept[buffer.path] = { content: buffer.text, base: buffer.base };
    this.kept.value = kept;
  }
}

export { SaveConflict };
export type { Change };
