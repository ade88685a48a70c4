export interface Listed {
  id: number;
  name: string;
  sharing: "private" | "shared";
  owner: string;
  mine: boolean;
  source: string;
  expects: boolean;
  revision: number;
  last_outcome: "" | "passed" | "failed" | "broken";
}

export interface Expectation {
  outcome?: "succeeds" | "fails";
  subset?: unknown;
  longest_ms?: number;
  log_has?: string;
}

export interface Saved extends Omit<Listed, "expects"> {
  body: string;
  fields: Record<string, string>;
  expectation: Expectation;
  /** The expected response as text: numbers stay as they were written. */
  subset_text: string;
}

export interface Field {
  name: string;
  label: string;
  help: string;
  kind: "text" | "long" | "number" | "choice" | "suggest" | "json";
  default: string;
  choices: string[];
}

export interface Source {
  id: string;
  service: string;
  label: string;
  about: string;
  words: string;
  fields: Field[];
}

export interface TabData {
  base: string;
  events: Listed[];
  sources: Source[];
  selected: string;
  targets: string[];
  run: number | null;
  canSave: boolean;
  canRun: boolean;
  canEditFiles: boolean;
}

export interface Failure {
  rule: string;
  message: string;
  path: string;
  expected: string;
  actual: string;
}

export interface Case {
  event_id: number | null;
  name: string;
  state: "waiting" | "running" | "passed" | "failed" | "broken" | "stopped";
  request_id: string;
  failures: Failure[];
  duration_ms: number | null;
}

export interface Run {
  state: "running" | "finished" | "stopped";
  summary: { total: number; passed: number; left: number; done: number; text: string; good: boolean };
  cases: Case[];
}

export function listed(event: Saved): Listed {
  const { id, name, sharing, owner, mine, source, revision, last_outcome } = event;
  const expects = Object.keys(event.expectation).length > 0;
  return { id, name, sharing, owner, mine, source, revision, last_outcome, expects };
}
