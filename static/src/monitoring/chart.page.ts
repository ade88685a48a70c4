// <virga-chart>: counts as bars' heights and a duration as a line, over time.
// The same numbers stand in a table beside it.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";

class ChartElement extends HTMLElement {
  private plot: uPlot | null = null;
  private readonly watcher = new ResizeObserver(() => this.resize());
  private readonly theme = new MutationObserver(() => this.draw());

  connectedCallback(): void {
    this.draw();
    this.watcher.observe(this);
    this.theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  }

  disconnectedCallback(): void {
    this.watcher.disconnect();
    this.theme.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  private draw(): void {
    const source = document.querySelector(this.dataset["source"] ?? "");
    if (!source?.textContent) return;
    const data = JSON.parse(source.textContent) as uPlot.AlignedData;
    const names = (this.dataset["series"] ?? "").split(",");
    const style = getComputedStyle(this);
    const colour = (token: string) => style.getPropertyValue(token).trim();
    const axis = { stroke: colour("--text-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    this.plot?.destroy();
    this.plot = new uPlot(
      {
        width: this.clientWidth || 600,
        height: 220,
        scales: { ms: { range: (_, __, top) => [0, Math.max(1, top)] }, y: { range: (_, __, top) => [0, Math.max(1, top)] } },
        axes: [axis, { ...axis, scale: "y", incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }, { ...axis, scale: "ms", side: 1, grid: { show: false }, values: (_, all) => all.map((value) => `${value} ms`) }],
        series: [
          {},
          { label: names[0], scale: "y", stroke: colour("--accent"), fill: colour("--busy-soft"), width: 2, paths: uPlot.paths.stepped!({ align: 1 }) },
          { label: names[1], scale: "y", stroke: colour("--bad"), width: 2, paths: uPlot.paths.stepped!({ align: 1 }) },
          { label: names[2], scale: "ms", stroke: colour("--ok"), width: 2, spanGaps: true, points: { show: true } },
        ],
      },
      data,
      this,
    );
    const canvas = this.querySelector("canvas");
    canvas?.setAttribute("role", "img");
    canvas?.setAttribute("aria-label", `${names.join(", ")} over time: the numbers are in the table below`);
  }

  private resize(): void {
    if (this.plot && this.clientWidth && this.clientWidth !== this.plot.width) this.plot.setSize({ width: this.clientWidth, height: 220 });
  }
}

customElements.define("virga-chart", ChartElement);
