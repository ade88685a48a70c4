// <virga-editor>: the Code tab. The editor of a workspace, bound to the
// function whose draft it is. Data attributes say where everything is.
import { button, el } from "../editor/dom";
import { JsonApi, messageOf } from "../editor/json-api";
import { Layout } from "../editor/layout";
import type { Monaco } from "../editor/monaco";
import { Workbench } from "../editor/workbench";
import { Workspace } from "../editor/workspace";
import { type FileContent, type Listing, WorkspaceApi } from "../editor/workspace-api";
import { BuildOutput } from "./build-output";
import { Deployer } from "./deployer";
import { DraftStatus } from "./draft-status";
import { EventTabs } from "./event-tab";
import { EventsSection, environmentSection } from "./events-section";
import { handlerFile } from "./handler-file";
import { ResultPanel } from "./result-panel";
import { SideBar } from "./side-bar";
import { TestEvents } from "./test-events";
import type { Message } from "./test-messages";
import { TestRun } from "./test-run";
import { TestSocket } from "./test-socket";
import { Tester } from "./tester";
import { type Rights, Toolbar } from "./toolbar";

export class CodeEditorElement extends HTMLElement {
  /** Set by the page's entry, which starts loading Monaco before anything else. */
  static monaco: Promise<{ monaco: Monaco }>;
  private started = false;

  connectedCallback(): void {
    if (this.started) return;
    this.started = true;
    this.fitHeight();
    if (!this.firstElementChild) this.append(el("p", { class: "ve-loading", role: "status" }, "Loading the editor…"));
    this.start().catch((error: unknown) => {
      this.replaceChildren(el("div", { class: "ve-welcome", role: "alert" }, el("p", {}, `The editor could not start: ${messageOf(error)}`), button("Try again", () => location.reload())));
      throw error;
    });
  }

  private value(name: string): string {
    return this.dataset[name] ?? "";
  }

  /** As high as the window allows under whatever stands above. */
  private fitHeight(): void {
    const fit = (): void => this.style.setProperty("--ve-top", `${Math.round(this.getBoundingClientRect().top + window.scrollY)}px`);
    fit();
    new ResizeObserver(fit).observe(document.body);
  }

  private async start(): Promise<void> {
    const api = new WorkspaceApi(this.value("workspaceUrl"));
    const socket = new TestSocket(this.value("socketUrl"));
    socket.connect();
    const listing = api.files();
    const first = listing.then((found) => this.firstFile(api, found));
    const [{ monaco }, files, read] = await Promise.all([CodeEditorElement.monaco, listing, first]);
    this.replaceChildren();
    await new Code(this, monaco, api, socket).start(files, read);
    performance.mark("virga:editor-ready");
    this.dataset["ready"] = "1";
  }

  private async firstFile(api: WorkspaceApi, { files }: Listing): Promise<FileContent | undefined> {
    const path = handlerFile(this.value("handler"), files.map((file) => file.path));
    return path ? api.file(path) : undefined;
  }
}

/** The parts of one Code tab, put together. */
class Code {
  private readonly data: DOMStringMap;
  private readonly rights: Rights;
  private readonly workspace: Workspace;
  private readonly bench: Workbench;
  private readonly events: TestEvents;
  private readonly eventTabs: EventTabs;
  private readonly status: DraftStatus;
  private readonly run: TestRun;
  private readonly tester: Tester;
  private readonly deployer: Deployer;
  private readonly toolbar: Toolbar;
  private readonly side: SideBar;
  private readonly layout: Layout;

  constructor(root: HTMLElement, monaco: Monaco, api: WorkspaceApi, private readonly socket: TestSocket) {
    this.data = root.dataset;
    this.rights = { edit: "canEdit" in this.data, run: "canInvoke" in this.data, deploy: "canDeploy" in this.data };
    const key = this.text("functionUrl");
    const functions = new JsonApi(key);
    this.run = new TestRun(socket, this.text("socketUrl"));
    this.layout = new Layout(root);
    const output = new BuildOutput();
    this.layout.addPage("results", "Execution results", new ResultPanel(this.run).element);
    this.workspace = new Workspace(api, monaco, this.text("workspaceUrl"));
    this.bench = new Workbench(root, this.layout, this.workspace, monaco, { editable: this.rights.edit, key, changed: () => this.status.paths });
    this.layout.addPage("output", "Output", output.element);
    this.events = new TestEvents(new JsonApi(this.text("eventsUrl")), key);
    this.eventTabs = new EventTabs(this.bench, this.events, () => this.tester.start(), this.rights.edit, this.rights.run);
    this.tester = new Tester(this.run, this.bench, this.workspace, this.events, this.eventTabs, this.rights.edit, key);
    this.status = new DraftStatus(functions, () => this.side.show("changes"), (path, deployed) => void this.bench.compare(path, `diff:${path}`, "Deployed ($LATEST)", deployed), (error) => this.fail(error));
    this.deployer = new Deployer(functions, this.bench, socket, output, (busy) => this.deploying(busy), () => this.status.refreshSoon(0));
    this.status.badge.hidden = !("undeployed" in this.data);
    this.toolbar = this.makeToolbar();
    this.side = this.makeSideBar();
    root.append(this.toolbar.element, this.layout.side, el("div", { class: "ve-shade" }), this.bench.tabs.element, this.layout.panel);
    this.addCommands();
    this.listen();
  }

  private text(name: string): string {
    return this.data[name] ?? "";
  }

  private fail(error: unknown): void {
    this.bench.notices.show("error", messageOf(error));
  }

  private makeToolbar(): Toolbar {
    return new Toolbar({
      test: () => this.tester.start(),
      stop: () => this.run.stop(),
      save: () => this.bench.commands.run("save"),
      deploy: () => void this.deployer.deploy(),
      editEvent: () => this.eventTabs.open(this.events.selected),
      newEvent: () => this.eventTabs.open(this.events.begin()),
      toggleSide: () => this.bench.commands.run("tree"),
      commands: () => this.bench.commands.run("palette"),
      target: (to) => this.tester.target(to),
    }, this.events, this.status.badge, this.rights);
  }

  private makeSideBar(): SideBar {
    const test = this.rights.run ? (event: { id: number | string | null }): void => {
      this.events.select(event.id);
      this.tester.start();
    } : null;
    const names = JSON.parse(this.text("environment") || "[]") as string[];
    return new SideBar(this.bench, [
      { name: "files", icon: "files", title: "Files, test events, variables", elements: [this.bench.tree.element, new EventsSection(this.events, (event) => this.eventTabs.open(event), test).element, environmentSection(names, this.text("configurationUrl"))] },
      { name: "search", icon: "search", title: "Find in files (Ctrl+Shift+F)", elements: [this.bench.search.element] },
      { name: "changes", icon: "source-control", title: "Changes not deployed", elements: [this.status.view] },
    ]);
  }

  private addCommands(): void {
    const { commands } = this.bench;
    if (this.rights.run) {
      commands.add(
        { id: "test", text: "Test: save and run", keys: "Ctrl+Enter", run: () => this.tester.start() },
        { id: "test-too", text: "Invoke", keys: "Ctrl+Shift+I", run: () => this.tester.start() },
        { id: "stop", text: "Stop the running test", keys: "Shift+F5", run: () => this.run.stop() },
      );
    }
    if (this.rights.deploy) commands.add({ id: "deploy", text: "Deploy", keys: "Ctrl+Shift+U", run: () => void this.deployer.deploy() });
    commands.add(
      { id: "event", text: "Edit the test event", run: () => this.eventTabs.open(this.events.selected) },
      { id: "new-event", text: "New test event", run: () => this.eventTabs.open(this.events.begin()) },
      { id: "changes", text: "Show changes not deployed", run: () => this.side.show("changes") },
      { id: "diff", text: "Compare this file with what is deployed", run: () => this.compareActive() },
      { id: "results", text: "Show the execution results", run: () => this.layout.show("results") },
    );
    this.bench.ready();
  }

  private compareActive(): void {
    const id = this.bench.tabs.active?.id ?? "";
    if (id.startsWith("file:")) void this.status.open(id.slice(5));
    else this.bench.notices.show("info", "Open a file first.");
  }

  private listen(): void {
    this.run.changed.on((state) => {
      this.toolbar.busy(this.run.busy, this.run.requestId !== "");
      if (state === "building") this.layout.show("output");
      else if (state === "running") this.layout.show("results");
      if (state === "refused") this.layout.show("results");
    });
    // Asked after the result is drawn: the person waits for that, not for the badge.
    this.run.finished.on(() => this.status.refreshSoon());
    this.run.saved.on(() => this.status.refreshSoon(1500));
    this.workspace.savedHere.on(() => this.status.refreshSoon());
    this.workspace.listed.on(() => this.status.refreshSoon());
    this.status.changed.on(() => this.bench.drawSoon());
    this.socket.trouble.on((text) => text && this.bench.notices.show("warning", text));
    this.socket.reopened.on(() => void this.bench.attempt(() => this.workspace.catchUp()));
    this.socket.received.on((message) => this.receive(message));
  }

  private receive(message: Message): void {
    if (message.type === "changed") void this.bench.attempt(() => this.workspace.heard(message.revision));
    if (message.type === "refused" && message.id === undefined && !this.run.busy) this.bench.notices.show("error", message.message);
  }

  private deploying(busy: boolean): void {
    this.toolbar.deploy.disabled = busy;
    const words = this.toolbar.deploy.querySelector(".ve-button-text");
    if (words) words.textContent = busy ? "Deploying…" : "Deploy";
  }

  async start(listing: Listing, read: FileContent | undefined): Promise<void> {
    this.workspace.list(listing);
    await this.bench.restore(read?.path ?? listing.files.find((file) => file.text)?.path ?? "", read);
    this.run.resume();
    this.status.refreshSoon(0);
    void this.bench.attempt(() => this.events.load());
  }
}
