// Deploy: the draft becomes $LATEST, after its dependencies where it has any.
import type { JsonApi } from "../editor/json-api";
import { messageOf } from "../editor/json-api";
import type { Workbench } from "../editor/workbench";
import type { BuildOutput } from "./build-output";
import type { Message } from "./test-messages";
import type { TestSocket } from "./test-socket";

interface Deployed {
  message?: string;
  build?: string;
}

export class Deployer {
  private waitingFor = "";

  constructor(private readonly api: JsonApi, private readonly bench: Workbench, private readonly socket: TestSocket, private readonly output: BuildOutput, private readonly busy: (busy: boolean) => void, private readonly done: () => void) {
    socket.received.on((message) => this.receive(message));
    socket.reopened.on(() => this.waitingFor && socket.send({ type: "watch-build", key: this.waitingFor }));
  }

  async deploy(): Promise<void> {
    if (this.bench.workspace.dirty.length && !(await this.bench.save())) return;
    this.busy(true);
    try {
      const answer = await this.api.post<Deployed>("deploy/", {});
      if (answer.build) this.watch(answer.build);
      else this.succeeded(answer.message);
    } catch (error) {
      this.busy(false);
      this.bench.notices.show("error", messageOf(error));
    }
  }

  private watch(key: string): void {
    this.waitingFor = key;
    this.bench.notices.show("info", "Installing dependencies. The draft is deployed when they are ready; you may go on working.");
    this.bench.layout.show("output");
    this.socket.send({ type: "watch-build", key });
  }

  private receive(message: Message): void {
    if (message.type === "build") {
      this.output.receive(message);
      if (message.key === this.waitingFor && message.error) {
        this.waitingFor = "";
        this.busy(false);
        this.bench.notices.show("error", "Not deployed: the dependencies could not be installed. The Output panel says why.");
      }
    }
    if (message.type === "deployed") this.succeeded(message.message);
  }

  private succeeded(message = "Successfully updated the function."): void {
    this.waitingFor = "";
    this.busy(false);
    this.bench.notices.show("success", message);
    this.done();
  }
}
