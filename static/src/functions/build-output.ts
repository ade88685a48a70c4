// What the build of dependencies says, as it says it.
import { el } from "../editor/dom";
import { LogView } from "./log-view";
import type { Build } from "./test-messages";

export class BuildOutput {
  readonly element: HTMLElement;
  private readonly status = el("p", { class: "vr-note", role: "status" }, "Builds of dependencies show their output here.");
  private readonly log = new LogView("Build output");
  private key = "";

  constructor() {
    this.element = el("div", { class: "vr-build" }, this.status, this.log.element);
  }

  receive(message: Build): void {
    if (message.key !== this.key) {
      this.key = message.key;
      this.log.clear();
      this.status.textContent = "Installing dependencies…";
    }
    if (message.text) this.log.append(message.text);
    if (message.error) this.status.textContent = `The dependencies could not be installed: ${message.error}`;
    else if (message.state === "ready" || message.state === "succeeded") this.status.textContent = "Dependencies installed.";
  }
}
