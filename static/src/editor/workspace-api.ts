// The JSON API of a workspace: a tree of files being edited.
import { Refused } from "../lib/http";
import { JsonApi } from "./json-api";

export interface FileEntry {
  path: string;
  size: number;
  revision: number;
  executable: boolean;
  text: boolean;
}
export interface Listing {
  revision: number;
  files: FileEntry[];
}
export interface FileContent {
  path: string;
  revision: number;
  size: number;
  text: boolean;
  content: string | null;
}
export interface Change {
  path: string;
  content: string;
  base: number;
}
export interface Saved {
  revision: number;
  files: { path: string; revision: number }[];
}
export interface Conflict {
  path: string;
  /** null: deleted, or no text. */
  content: string | null;
  deleted?: boolean;
  revision: number;
  saved_by: string | null;
  saved_at: string | null;
}
export interface Match {
  path: string;
  line: number;
  column: number;
  length: number;
  text: string;
}
export interface SearchOptions {
  case: boolean;
  word: boolean;
  regex: boolean;
}

/** Somebody else saved these files since they were read: nothing was saved. */
export class SaveConflict extends Error {
  constructor(readonly conflicts: Conflict[], message: string) {
    super(message);
  }
}

export class WorkspaceApi {
  private readonly api: JsonApi;

  constructor(base: string) {
    this.api = new JsonApi(base);
  }

  files(): Promise<Listing> {
    return this.api.get("files/");
  }

  file(path: string): Promise<FileContent> {
    return this.api.get("file/", { path });
  }

  async save(changes: Change[]): Promise<Saved> {
    try {
      return await this.api.post<Saved>("save/", { changes });
    } catch (error) {
      if (error instanceof Refused && error.status === 409 && Array.isArray(error.body["conflicts"])) {
        throw new SaveConflict(error.body["conflicts"] as Conflict[], error.message);
      }
      throw error;
    }
  }

  create(path: string, content = ""): Promise<Listing> {
    return this.api.post("create/", { path, content });
  }

  rename(from: string, to: string): Promise<Listing> {
    return this.api.post("rename/", { from, to });
  }

  remove(path: string): Promise<Listing> {
    return this.api.post("delete/", { path });
  }

  upload(files: { path: string; file: File }[], folder: string, replace: boolean): Promise<Listing> {
    const form = new FormData();
    form.append("folder", folder);
    form.append("replace", replace ? "1" : "");
    for (const { path, file } of files) {
      form.append("files", file, file.name);
      form.append("paths", path);
    }
    return this.api.post("upload/", form);
  }

  search(query: string, options: SearchOptions): Promise<{ matches: Match[]; truncated: boolean }> {
    const flag = (on: boolean): string => (on ? "1" : "");
    return this.api.get("search/", { q: query, case: flag(options.case), word: flag(options.word), regex: flag(options.regex) });
  }

  downloadAddress(path: string): string {
    return this.api.address("download/", { path });
  }
}
