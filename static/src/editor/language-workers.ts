// Stands in for monaco-editor's internal/common/workers.js, which the JSON and
// TypeScript services import. Monaco's own copy imports every feature of the
// editor: late, after the editor's services were made, so that each new editor
// failed on "UNKNOWN service" (0.57). static/build.mjs puts this in its place.
import { editor } from "monaco-editor/editor/editor.api.js";

interface WorkerOptions {
  label?: string;
  createData?: unknown;
  host?: Record<string, (...args: unknown[]) => unknown>;
  keepIdleModels?: boolean;
}

export function createWebWorker<T extends object>(options: WorkerOptions): editor.MonacoWebWorker<T> {
  const started = window.MonacoEnvironment?.getWorker?.("workerMain.js", options.label ?? "");
  const worker = Promise.resolve(started as Worker | Promise<Worker>).then((made) => {
    // The first message wakes Monaco's worker, the second is its set-up.
    made.postMessage("ignore");
    made.postMessage(options.createData);
    return made;
  });
  return editor.createWebWorker<T>({ worker, host: options.host, keepIdleModels: options.keepIdleModels });
}
