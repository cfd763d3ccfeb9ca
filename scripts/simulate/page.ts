import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

import type { AgentResult, Simulation } from "./simulate.ts";
import type { Strategy } from "./scenario.ts";

/** Distinguishable with any kind of colour vision (Okabe and Ito 2008). */
const COLORS: Readonly<Record<Strategy, string>> = {
  honest: "#0072b2",
  noisy: "#56b4e9",
  malicious: "#d55e00",
  colluding: "#cc79a7",
  "report-only": "#009e73",
};
const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 2, 2, 2],
];

const AXIS = {
  labelFontSize: 12,
  titleFontSize: 12,
  titleFontWeight: "normal",
  gridColor: "#e6e6e6",
  domainColor: "#888",
};
const LEGEND = { orient: "bottom", columns: 3, labelFontSize: 12, symbolStrokeWidth: 2, symbolSize: 300 };
const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";

/** A simulation with what distinguishes it from the others of its page, such as its seed. */
export interface LabelledSimulation {
  readonly label: string;
  readonly simulation: Simulation;
}

/** One page that needs nothing else: plots as SVG, a table for each run, no script and no request. */
export async function renderPage(runs: readonly LabelledSimulation[], command: string): Promise<string> {
  const [first] = runs;
  const title = first?.simulation.scenario.title ?? "Simulation";
  const sections = await Promise.all(runs.map(renderRun));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
  body { font: 15px/1.5 ${FONT}; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; margin-bottom: 0.25rem; }
  h2 { font-size: 1.1rem; margin-top: 2.5rem; }
  .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1.5rem; }
  .plots svg { width: 100%; height: auto; }
  figure { margin: 0; } figcaption { color: #555; }
  table { border-collapse: collapse; margin-top: 1rem; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.25rem 0.9rem; text-align: right; border-bottom: 1px solid #e6e6e6; }
  th { font-weight: 600; } th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
  code { background: #f4f4f4; padding: 0.1rem 0.3rem; border-radius: 3px; }
  .swatch { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 2px; margin-right: 0.4rem; }
</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>Run on the contracts themselves, in process: <code>${escape(command)}</code></p>
${sections.join("\n")}
</body>
</html>
`;
}

async function renderRun({ label, simulation }: LabelledSimulation): Promise<string> {
  const { accuracy, baseline, agents, transactions, gasUsed, scenario } = simulation;
  const [begin, end] = [accuracy[0]?.accuracy ?? 0, accuracy.at(-1)?.accuracy ?? 0];
  const gas = Math.round(gasUsed / Math.max(1, transactions)).toLocaleString("en");
  return `<h2>${escape(label)}</h2>
<p>Model: ${scenario.model}. Accuracy ${percent(begin)} at first, ${percent(end)} at the end; ${percent(baseline)} when trained
on all true labels. ${transactions.toLocaleString("en")} transactions of ${gas} gas on average.</p>
<div class="plots">
<figure><figcaption>Accuracy on samples that nobody trains with</figcaption>${await accuracyPlot(simulation)}</figure>
<figure><figcaption>Balances, in percent of what each had at first</figcaption>${await balancePlot(simulation)}</figure>
</div>
<table>
<tr><th>Agent</th><th>Strategy</th><th>Ether at first</th><th>at the end</th><th>Change</th><th>Samples</th><th>Refunded</th><th>Reports paid</th></tr>
${agents.map(agentRow).join("\n")}
</table>`;
}

function agentRow({ name, strategy, start, end, contributed, refunded, reported }: AgentResult): string {
  const change = `${end >= start ? "+" : "−"}${percent(Math.abs(end / start - 1))}`;
  const cells = [start.toFixed(2), end.toFixed(2), change, contributed, refunded, reported];
  const swatch = `<span class="swatch" style="background:${COLORS[strategy]}"></span>`;
  return `<tr><td>${swatch}${escape(name)}</td><td>${strategy}</td>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

async function accuracyPlot({ accuracy, balances, baseline }: Simulation): Promise<string> {
  // The model stays as it is while the last deposits are claimed.
  const last = { day: balances.at(-1)?.day ?? 0, accuracy: accuracy.at(-1)?.accuracy ?? 0 };
  const values = [...accuracy, last].map((point) => ({ day: point.day, percent: 100 * point.accuracy }));
  const lowest = Math.min(...values.map((point) => point.percent), 100 * baseline);
  const y = { type: "quantitative", scale: { domain: [Math.floor((lowest - 5) / 10) * 10, 100] } } as const;
  return svgOf({
    layer: [
      {
        data: { values: [{ percent: 100 * baseline }] },
        mark: { type: "rule", color: "#888", strokeDash: [4, 3] },
        encoding: { y: { field: "percent", ...y, title: "percent" } },
      },
      {
        data: { values: [{ percent: 100 * baseline, text: "trained on all true labels" }] },
        mark: { type: "text", align: "right", baseline: "bottom", dx: -4, dy: -3, color: "#666", fontSize: 12 },
        encoding: { x: { value: "width" }, y: { field: "percent", ...y, title: "percent" }, text: { field: "text" } },
      },
      {
        data: { values },
        mark: { type: "line", color: "#222", strokeWidth: 2 },
        encoding: {
          x: { field: "day", type: "quantitative", title: "days", axis: { tickMinStep: 1 } },
          y: { field: "percent", ...y, title: "percent" },
        },
      },
    ],
  });
}

async function balancePlot({ agents, balances }: Simulation): Promise<string> {
  const start = new Map(agents.map((agent) => [agent.name, agent.start]));
  const endsAt = balances.at(-1)?.day ?? 0;
  // A balance stays what it is until it changes; agents that went before the others stay to the end.
  const last = agents.map(({ name, end }) => ({ day: endsAt, agent: name, balance: end }));
  const values = [...balances, ...last].map(({ day, agent, balance }) => ({
    day,
    agent,
    percent: (100 * balance) / (start.get(agent) ?? 1),
  }));
  const domain = agents.map(({ name }) => name);
  const scale = { domain, range: agents.map(({ strategy }) => COLORS[strategy]) };
  const dash = { domain, range: agents.map((agent) => DASHES[dashOf(agents, agent) % DASHES.length]!) };
  return svgOf({
    data: { values },
    mark: { type: "line", interpolate: "step-after", strokeWidth: 2 },
    encoding: {
      x: { field: "day", type: "quantitative", title: "days", axis: { tickMinStep: 1 } },
      y: { field: "percent", type: "quantitative", title: "percent", scale: { zero: false, nice: true } },
      color: { field: "agent", type: "nominal", scale, title: null },
      strokeDash: { field: "agent", type: "nominal", scale: dash, title: null },
    },
  });
}

/** How many agents of the same strategy come before: they share a colour, and differ in their dashes. */
function dashOf(agents: readonly AgentResult[], agent: AgentResult): number {
  return agents.filter(({ strategy }) => strategy === agent.strategy).indexOf(agent);
}

async function svgOf(spec: object): Promise<string> {
  const full = {
    ...spec,
    width: 460,
    height: 260,
    autosize: { type: "fit-x", contains: "padding" },
    config: { font: FONT, axis: AXIS, legend: LEGEND, view: { stroke: null }, background: "transparent" },
  };
  const { spec: vega } = compile(full as TopLevelSpec);
  const view = new View(parse(vega), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
