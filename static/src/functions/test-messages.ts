// What goes over the Test socket, both ways.
import type { Change, Conflict, Saved } from "../editor/workspace-api";

export type Target = "draft" | "$LATEST" | (string & {});

export type Request =
  | { type: "test"; id: string; target: Target; files: Change[]; event: string; event_name: string }
  | { type: "stop"; request_id: string }
  | { type: "watch"; request_id: string; after: number }
  | { type: "watch-build"; key: string };

/** A Pygments token class and its text. */
export type Token = [string, string];

export interface Result {
  state: string;
  payload: string | null;
  function_error: string | null;
  error_type: string | null;
  trace: Token[][] | Token[] | null;
  duration_ms: number | null;
  billed_ms: number | null;
  init_ms: number | null;
  memory_mb: number | null;
  max_memory_mb: number | null;
  cold: boolean | null;
  limit: string | null;
  limit_text: string | null;
  cost_text: string | null;
  draft: boolean;
  executed_version: string | null;
  log: string | null;
  label: string | null;
  backend: string | null;
}

export interface Started {
  type: "started";
  id: string;
  request_id: string;
  draft: boolean;
}
export interface Log {
  type: "log";
  request_id: string;
  seq: number;
  text: string;
}
export interface State {
  type: "state";
  request_id: string;
  seq: number;
  state: string;
}
export interface Finished {
  type: "result";
  request_id: string;
  seq: number;
  result: Result;
}
export interface Build {
  type: "build";
  id?: string;
  key: string;
  text?: string;
  state?: string;
  error?: string | null;
}
export type Message =
  | ({ type: "saved"; id: string } & Saved)
  | { type: "conflict"; id: string; conflicts: Conflict[] }
  | Started
  | Log
  | State
  | Finished
  | Build
  | { type: "deployed"; message: string; modified_at: string }
  | { type: "changed"; revision: number; by: string }
  | { type: "refused"; id?: string; code: string; message: string };
