// ---- Provenance ----

function drawProvenance() {
  const first = ["model", "dataset", "condition", "accuracy", "input", "command", "options", "hole_version", "versions", "n_ranks", "started", "finished"];
  const keys = [...first.filter(key => key in data.attributes), ...Object.keys(data.attributes).filter(key => !first.includes(key) && key !== "format")];
  const run = currentRun();
  const settings = [["layer", data.layers[state.layer]], ["metric", state.metric], ["filtration", run.filtration], ["threshold", run.threshold],
    ["max_dim", run.max_dim], ["coefficients", run.coefficients]].filter(([, value]) => value !== undefined);
  const list = pairs => html("dl", null, pairs.map(([name, value]) => [html("dt", null, name), html("dd", null, String(value))]));
  const parts = [list(keys.map(key => [key, data.attributes[key]])), html("h3", null, "This layer"), list(settings)];
  if (data.timings.length) parts.push(html("h3", null, "Time in seconds (slowest rank) and peak memory (largest rank)"), timingTable());
  find("#provenance .view").replaceChildren(...parts);
}
function timingTable() {
  const rows = data.timings.filter(([layer, metric]) => layer < 0 || !metric || metric === state.metric);
  const steps = [...new Set(rows.map(row => row[2]))], layers = [...new Set(rows.map(row => row[0]))].sort((a, b) => a - b);
  const body = layers.map(layer => {
    const here = rows.filter(row => row[0] === layer);
    return html("tr", null, html("th", { scope: "row" }, layer < 0 ? "whole run" : data.layers[layer] ?? `layer ${layer}`),
      steps.map(step => {
        const found = here.filter(row => row[2] === step);
        return html("td", null, found.length ? number(found.reduce((sum, row) => sum + (row[3] ?? 0), 0)) : "");
      }),
      html("td", null, bytes(Math.max(...here.map(row => row[4])))));
  });
  const head = ["", ...steps, "peak memory"].map(text => html("th", { scope: "col" }, text));
  return html("table", null, html("thead", null, html("tr", null, head)), html("tbody", null, body));
}

// ---- Page ----

function drawAll() {
  hideTip();
  for (const label of document.querySelectorAll(".which"))
    label.textContent = label.classList.contains("metric-only") ? state.metric : `${data.layers[state.layer]}, ${state.metric}`;
  for (const draw of [drawOverview, drawDepth, drawBrush, drawDiagram, drawBarcode, drawSummaries, drawFlow, drawTree, drawHeatmap, drawPlane, drawCurves,
    drawAcross, drawSimilarity, drawTasks, drawConditions, drawProvenance]) draw();
  offerSection("missing", data.missing.length > 0);
}
function choose(change) {
  Object.assign(state, change, { lengths: null });
  if (!currentRun()) state.layer = data.runs[state.metric].findIndex(run => run);
  find("#layer").value = state.layer;
  find("#metric").value = state.metric;
  drawAll();
}
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  find("#theme").textContent = theme === "dark" ? "Light" : "Dark";
  find("#theme").setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} colours`);
}
function start() {
  const classes = plural(data.classes.length, "class");
  const unlabelled = data.labelled < data.n_samples ? ` (${number(data.n_samples - data.labelled)} unlabelled)` : "";
  const summary = [plural(data.n_samples, "sample"), isLabelled() ? classes + unlabelled : "no labels",
    plural(data.layers.length, "layer"), plural(data.metrics.length, "metric")];
  find("#summary").textContent = summary.join(" · ");
  offer("layer", data.layers.map((name, index) => [index, name]));
  offer("metric", data.metrics.map(name => [name, name]));
  find("#layer").addEventListener("change", event => choose({ layer: Number(event.target.value) }));
  find("#metric").addEventListener("change", event => choose({ metric: event.target.value }));
  const drawnBy = { "bars": drawBarcode, "tree-way": drawTree, "tree-leaves": drawTree, "flow-variant": drawFlow,
    "across-variant": drawAcross, "curves-axis": drawCurves, "summaries-kind": drawSummaries, "summaries-dim": drawSummaries,
    "plane-projection": drawPlane, "plane-stage": drawPlane, "similarity-measure": drawSimilarity, "conditions-left": drawConditions,
    "conditions-right": drawConditions, "conditions-other": drawConditionFlow, "conditions-variant": drawConditionFlow, "robustness-other": drawRobustness };
  for (const [id, draw] of Object.entries(drawnBy)) find("#" + id).addEventListener("change", draw);

  find("#missing .view").replaceChildren(html("ul", null, data.missing.map(([view, path]) => html("li", null, html("b", null, view), `: ${path}`))));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  find("#theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  let shownTheme;
  addEventListener("beforeprint", () => { shownTheme = document.documentElement.dataset.theme; setTheme("light"); });
  addEventListener("afterprint", () => setTheme(shownTheme));

  let waiting, width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 120);
  });
  choose({ layer: data.layers.length - 1 });
}
start();
