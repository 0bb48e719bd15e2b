// ---- The same network under several conditions ----

const conditionFacts = [["h1_finite", "H1 intervals that end"], ["score", "best score"], ["best_ari", "separability: best adjusted Rand index"], ["best_nmi", "best mutual information"],
  ["gap_ratio", "gap ratio"], ["cross_class_edges", "edges between classes"], ["h1_total", "sum of H1 lengths"], ["h1_longest", "longest H1 interval"], ["h0_total", "sum of H0 lengths"], ["n_clusters", "clusters at the stage"]];
function drawConditions() {
  if (!offerSection("conditions", Boolean(data.conditions))) return;
  const { view, note } = section("conditions"), all = data.conditions;
  const factOf = (condition, key, layer = state.layer) => condition.layers[state.metric]?.[layer]?.[key] ?? null;
  const there = conditionFacts.filter(([key]) => all.filter(condition => factOf(condition, key) !== null).length > 1);
  const known = all.filter(condition => condition.accuracy !== null), byAccuracy = known.length > 1;
  const chosen = [offer("conditions-left", there.map(([key, label]) => [key, label]), "h1_finite"), offer("conditions-right", there.map(([key, label]) => [key, label]), "best_ari")];
  const width = Math.max(320, (view.clientWidth - 24) / 2);
  view.replaceChildren(there.length ? html("div", { class: "panels two" }, chosen.map(key => conditionPanel(all, key, there.find(item => item[0] === key)[1], byAccuracy, width))) : empty("Nothing is known of this layer under the other conditions."),
    html("div", { class: "scroll" }, table(["Condition", "Accuracy", ...there.map(item => item[1])], all.map(condition => [condition.name + (condition.own ? " (this result)" : ""),
      condition.accuracy === null ? "–" : condition.accuracy.toFixed(4), ...there.map(([key]) => factOf(condition, key))]))));
  note.textContent = `Layer ${data.layers[state.layer]}, ${state.metric}; the other layers are drawn faintly. ` + (byAccuracy && known.length < all.length ? "Conditions of unknown accuracy are in the table only. " : "") +
    (byAccuracy ? "" : "The accuracies are not known here, so the conditions stand side by side; results given with --conditions bring theirs, if their inputs had the attribute accuracy. ");
  drawConditionFlow();
  drawRobustness();
}
function conditionPanel(all, key, label, byAccuracy, width) {
  const height = 320, box = { left: 70, right: width - 24, top: 18, bottom: height - (byAccuracy ? 46 : 78) };
  const shown = all.map((condition, index) => ({ condition, index, place: byAccuracy ? condition.accuracy : index })).filter(item => item.place !== null);
  const valueOf = (condition, layer) => condition.layers[state.metric]?.[layer]?.[key] ?? null;
  const values = shown.flatMap(item => data.layers.map((name, layer) => valueOf(item.condition, layer))).filter(value => value !== null);
  const places = shown.map(item => item.place), pad = byAccuracy ? (Math.max(...places) - Math.min(...places)) * 0.08 || 0.02 : 0.5;
  const x = linear(Math.min(...places) - pad, Math.max(...places) + pad, box.left, box.right);
  const high = Math.max(...values), low = Math.min(0, ...values), y = linear(low, high + (high - low) * 0.12 || 1, box.bottom, box.top);
  const chart = picture(width, height, `${label} against accuracy over ${shown.length} conditions`, axes(box, byAccuracy ? x : null, y, "accuracy", label));
  const sorted = [...shown].sort((a, b) => a.place - b.place);
  data.layers.forEach((name, layer) => {
    const line = sorted.map(({ condition, place }) => { const value = valueOf(condition, layer); return value === null ? null : [x.at(place), y.at(value)]; });
    chart.append(svg("path", { class: layer === state.layer ? "trend" : "trend faint", d: polyline(line) }));
  });
  const taken = sorted.map(({ condition, place }) => [x.at(place), y.at(valueOf(condition, state.layer) ?? low)]).map(([px, py]) => [px - 5, py - 5, px + 5, py + 5]);
  for (const { condition, place } of [...sorted].sort((a, b) => b.condition.own - a.condition.own)) { // this result is named in any case
    const value = valueOf(condition, state.layer);
    if (value === null) continue;
    const at = [x.at(place), y.at(value)];
    chart.append(explain(svg("circle", { class: "dot" + (condition.own ? " own" : ""), cx: at[0], cy: at[1], r: 5.5, tabindex: 0, role: "img", "aria-label": `${condition.name}: ${number(value)}` }),
      `${condition.name}${condition.own ? " (this result)" : ""}\n${label}: ${number(value)}\naccuracy: ${condition.accuracy === null ? "unknown" : condition.accuracy.toFixed(4)}`));
    if (!byAccuracy) { chart.append(svg("text", { class: "tick", "text-anchor": "end", transform: `translate(${at[0] + 4} ${box.bottom + 14}) rotate(-35)` }, shorten(condition.name, 96, "11.5px"))); continue; }
    labelPoint(chart, condition.name, at, box, taken);
  }
  return html("figure", null, html("h3", null, label), chart);
}
/** A name beside a point, at the first of several places where it meets no other name. */
function labelPoint(chart, name, [px, py], box, taken) {
  const wide = textWidth(name, "12px"), places = [[8, -8, 0], [-8, -8, 1], [8, 16, 0], [-8, 16, 1], [8, -22, 0], [-8, -22, 1], [8, 30, 0], [-8, 30, 1], [8, -36, 0], [-8, -36, 1], [8, 44, 0], [-8, 44, 1]];
  for (const [dx, dy, end] of places) {
    const left = px + dx - (end ? wide : 0), rect = [left, py + dy - 11, left + wide, py + dy + 3];
    if (rect[0] < box.left || rect[2] > box.right + 22 || rect[1] < 0 || rect[3] > box.bottom) continue;
    if (taken.some(other => rect[0] < other[2] + 3 && rect[2] > other[0] - 3 && rect[1] < other[3] && rect[3] > other[1])) continue;
    taken.push(rect);
    chart.append(svg("text", { class: "halo", x: px + dx, y: py + dy, "text-anchor": end ? "end" : "start" }, name));
    return;
  }
}
function drawConditionFlow() {
  const box = find("#conditions-flow"), flows = currentRun().conditions || [];
  box.hidden = !Object.values(data.runs).some(runs => runs.some(run => run && run.conditions && run.conditions.length));
  if (box.hidden) return;
  const index = offer("conditions-other", flows.map((flow, k) => [k, flow.name]));
  const found = flows[index], view = find(".view", box), own = data.conditions.find(condition => condition.own);
  if (!found) return view.replaceChildren(empty("No flow to other conditions for this layer."));
  const flow = chooseVariant("conditions-variant", found.flow);
  drawSankey(view, flow, { label: `Clusters of this layer under ${own.name} and under ${found.name}`, hasLabels: false,
    column: column => [column.key === 0 ? own.name : found.name, plural(countClusters(column), "cluster")], isReference: column => column.key === 0 });
  find(".note", box).textContent = `Clusters of layer ${data.layers[state.layer]} in either result, linked by the samples they share. ` + foldNote(flow);
}
function drawRobustness() {
  const box = find("#robustness"), names = Object.keys(data.robustness).filter(name => data.robustness[name][state.metric]?.length);
  box.hidden = !names.length;
  if (box.hidden) return;
  const name = offer("robustness-other", names.map(text => [text, text]));
  const rows = data.robustness[name][state.metric].filter(row => row[0] === state.layer || row[0] < 0);
  find(".note", box).textContent = "Rows with a dimension: number and lengths of the intervals that end. Rows without: clusters at the stage and their best over all thresholds. Overall is 1 / (1 + mean change), 1 where nothing changes.";
  find(".view", box).replaceChildren(rows.length ? table(["Feature", "Dimension", "Here", "There", "Relative change"], rows.map(([layer, dim, feature, value, other, change]) =>
    [String(feature).replaceAll("_", " ") + (layer < 0 ? ", all layers" : ""), dim >= 0 ? `H${dim}` : "–", cellNumber(value), cellNumber(other), typeof change === "number" ? `${(100 * change).toFixed(1)} %` : String(change ?? "–")]), [1]) : empty("Nothing for this layer."));
}
const cellNumber = value => typeof value === "number" ? number(value) : String(value ?? "–");
