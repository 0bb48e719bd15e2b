// ---- Views ----

function drawOverview() {
  const { view, note } = section("overview");
  const runs = data.runs[state.metric];
  const dims = [...new Set(runs.flatMap(run => run ? run.diagrams.map(diagram => diagram.dim) : []))].sort();
  const names = new Set(runs.filter(run => run && run.reference !== null).map(run => run.stages[run.reference].name));
  const at = names.size === 1 ? stageName([...names][0]) : "stage";
  const head = ["Layer", "Points", "Width", "Threshold", ...dims.map(dim => `H${dim} intervals`), "Longest H1 interval",
    `t at ${at}`.replace("t at t*", "t*"), `Clusters at ${at}`, ...(isLabelled() ? [`Purity at ${at}`, `Homogeneity at ${at}`] : [])];
  const rows = runs.map((run, index) => {
    if (!run) return null;
    const stage = run.reference === null ? null : run.stages[run.reference];
    const pick = html("button", { type: "button", title: "Show this layer" }, data.layers[index]);
    pick.addEventListener("click", () => choose({ layer: index }));
    const counts = dims.map(dim => {
      const diagram = run.diagrams.find(found => found.dim === dim);
      return html("td", diagram && diagram.zero_pairs ? { title: `and ${plural(diagram.zero_pairs, "pair")} of length zero` } : null,
        number(diagram?.count));
    });
    return html("tr", { class: index === state.layer ? "current" : null },
      html("th", { scope: "row" }, pick), html("td", null, number(run.n_points)), html("td", null, number(run.width)),
      html("td", null, run.threshold === undefined ? "–" : run.threshold === "inf" ? "∞" : number(run.threshold)), counts,
      html("td", null, longestInterval(run)), html("td", null, number(stage?.threshold)), html("td", null, number(stage?.n_clusters)),
      isLabelled() ? [html("td", null, fixed(stage?.purity)), html("td", null, fixed(stage?.homogeneity))] : []);
  });
  view.replaceChildren(html("table", null,
    html("thead", null, html("tr", null, head.map(text => html("th", { scope: "col" }, text)))), html("tbody", null, rows)));
  note.textContent = "Choose a layer here or above; every view below follows. Lengths are in units of the metric.";
}
function longestInterval(run) {
  const diagram = run.diagrams.find(found => found.dim === 1);
  if (!diagram || !diagram.count) return "none";
  openDiagrams(run);
  const birth = birthOf(diagram, 0), death = diagram.death[0];
  return death === null ? [`∞ `, html("span", { class: "dim" }, `[${number(birth)}, ∞)`)]
    : [`${number(death - birth)} `, html("span", { class: "dim" }, `[${number(birth)}, ${number(death)})`)];
}
const birthOf = (diagram, row) => Array.isArray(diagram.birth) ? diagram.birth[row] : diagram.birth;

// ---- Curves over depth ----

const ofDimensions = (name, from = 0) => [0, 1, 2, 3].filter(dim => dim >= from).map(dim => [`h${dim}_${name}`, `H${dim}`, `var(--dim${dim})`]);
const PANELS = [
  ["Clusters against classes at the stage", [["purity", "purity", "var(--dim0)"], ["homogeneity", "homogeneity", "var(--dim1)"], ["v_measure", "V-measure", "var(--dim2)"]], { top: 1 }],
  ["Best over all thresholds", [["score", "score", "var(--dim0)"], ["best_ari", "adjusted Rand", "var(--dim1)"], ["best_nmi", "mutual information", "var(--dim2)"]], { top: 1 }],
  ["Separability of the classes", [["gap_ratio", "gap ratio", "var(--dim0)"], ["cross_class_edges", "edges between classes", "var(--dim1)"]], {}],
  ["Clusters at the stage", [["n_clusters", "clusters", "var(--dim0)"]], { log: true }],
  ["Number of intervals", ofDimensions("count"), { log: true }],
  ["Longest interval that ends", ofDimensions("longest"), {}],
  ["Sum of the lengths", ofDimensions("total"), { log: true }],
  ["Entropy of the lengths", ofDimensions("entropy"), {}],
];
function drawDepth() {
  const { view, note } = section("depth"), runs = data.runs[state.metric];
  const layers = runs.map((run, index) => [run, index]).filter(([run]) => run);
  if (!offerSection("depth", data.layers.length > 1)) return;
  const width = Math.max(300, Math.min(410, (view.clientWidth - 40) / 3));
  const panels = PANELS.map(([title, series, options]) => {
    const found = series.map(([key, label, color]) => ({ key, label, color, points: layers.map(([run, index]) => [index, run.facts[key] ?? null]) }))
      .filter(item => item.points.some(point => point[1] !== null && (!options.log || point[1] > 0)));
    return found.length ? depthPanel(title, found, options, width) : null;
  }).filter(Boolean);
  view.replaceChildren(html("div", { class: "panels" }, panels));
  note.textContent = "Layers from the input to the output; the line marks the layer that the other views show. Click a point, or choose a row above, to show its layer.";
}
function depthPanel(title, series, { log, top }, width) {
  const height = 236, longest = Math.max(...data.layers.map(name => textWidth(name, "11.5px")));
  const pitch = (width - 76) / Math.max(1, data.layers.length - 1), turned = longest > pitch - 6;
  const every = Math.ceil(data.layers.length / Math.floor((width - 76) / (turned ? 18 : Math.max(longest + 6, 18)) + 1));
  const box = { left: 58, right: width - (turned ? 18 : Math.max(18, longest / 2 + 2)), top: 10, bottom: height - (turned ? Math.min(64, 14 + longest * 0.6) : 26) };
  const values = series.flatMap(item => item.points.map(point => point[1])).filter(value => value !== null && (!log || value > 0));
  let lo = log ? Math.min(...values) : Math.min(0, ...values), hi = top ?? Math.max(...values);
  if (!log && top === undefined) hi += 0.06 * (hi - lo);
  if (log) { lo = lo > 1 && hi / lo < 30 ? lo / 1.5 : lo / 1.2; hi *= 1.3; }
  if (hi <= lo) hi = lo + 1;
  const x = linear(0, Math.max(1, data.layers.length - 1), box.left, box.right);
  const y = (log ? logarithmic : linear)(lo, hi, box.bottom, box.top);
  const chart = picture(width, height, `${title} over ${data.layers.length} layers`, axes(box, null, y, "", "", false),
    svg("path", { class: "stage reference", d: `M${x.at(state.layer)} ${box.top}V${box.bottom}` }));
  data.layers.forEach((name, index) => {
    if (index % every) return;
    const at = x.at(index), text = shorten(name, turned ? 84 : longest + 4, "11.5px");
    chart.append(svg("text", turned ? { class: "tick", "text-anchor": "end", transform: `translate(${at + 4} ${box.bottom + 13}) rotate(-38)` }
      : { class: "tick", x: at, y: box.bottom + 17, "text-anchor": "middle" }, text));
  });
  for (const { key, label, color, points } of series) {
    const drawn = points.map(([index, value]) => value === null || (log && value <= 0) ? null : [x.at(index), y.at(value)]);
    chart.append(svg("path", { fill: "none", stroke: color, "stroke-width": 2, d: polyline(drawn) }));
    drawn.forEach((place, k) => {
      if (!place) return;
      const [index, value] = points[k];
      const dot = svg("circle", { class: "dot", cx: place[0], cy: place[1], r: 4, fill: color, "data-fact": key });
      dot.addEventListener("click", () => choose({ layer: index }));
      chart.append(explain(dot, `${data.layers[index]}\n${label}: ${number(value)}`));
    });
  }
  return html("figure", null, html("h3", null, title, log ? html("small", null, " log scale") : null),
    html("div", { class: "legend" }, series.map(item => html("span", null, html("i", { class: "swatch round", style: `background:${item.color}` }), item.label))), chart);
}

// ---- Similarity of layers ----

function drawSimilarity() {
  const { view, note } = section("similarity"), names = Object.keys(data.similarity);
  if (!offerSection("similarity", names.length > 0)) return;
  const chosen = offer("similarity-measure", names.map(name => [name, name.replaceAll("_", " ")]));
  const { values, rows, columns } = data.similarity[chosen];
  const flat = values.flat().filter(value => value !== null), low = Math.min(...flat), high = Math.max(...flat);
  view.replaceChildren(matrix({ values, rows, columns, low, high, title: chosen.replaceAll("_", " "), width: view.clientWidth }));
  note.textContent = `From ${number(low)} to ${number(high)}. A number stands in a cell where there is room.`;
}
/** Coloured cells with their numbers, names of rows on the left and of columns on top. */
function matrix({ values, rows, columns, low, high, title, width, colors, say }) {
  const widest = Math.min(170, Math.max(...rows.map(name => textWidth(name))) + (colors ? 28 : 16)), tall = Math.min(130, Math.max(...columns.map(name => textWidth(name))) + 12);
  const cell = Math.max(9, Math.min(46, (width - widest - 110) / columns.length)), showNames = cell >= 12;
  const upright = columns.every(name => textWidth(name) < cell - 4);
  const left = showNames ? widest : 14, top = (showNames ? (upright ? 24 : tall * 0.86 + 10) : 24) + 4;
  const inner = cell * columns.length, height = top + cell * rows.length + 10;
  const chart = picture(left + inner + 110 + (upright ? 0 : 40), Math.max(height, 120), `${title}: ${rows.length} rows and ${columns.length} columns`);
  const share = value => high > low ? (value - low) / (high - low) : 0.5;
  values.forEach((row, i) => row.forEach((value, j) => {
    const at = { x: left + j * cell, y: top + i * cell };
    const text = value === null ? "" : cell >= 34 ? number(Number(value.toPrecision(3))) : "";
    const box = svg("g", null,
      svg("rect", { ...at, width: cell - 1, height: cell - 1, fill: value === null ? "var(--grid)" : rampColor(share(value)) }),
      text && textWidth(text, "11px") < cell - 3 ? svg("text", { x: at.x + cell / 2 - 0.5, y: at.y + cell / 2 + 3.5, "text-anchor": "middle", "font-size": 11, style: `fill:${inkOn(share(value))}` }, text) : null);
    chart.append(explain(box, `${rows[i]} and ${columns[j]}\n${say ? say(value) : number(value)}`));
  }));
  if (showNames) {
    rows.forEach((name, i) => chart.append(
      colors ? svg("rect", { x: left - 10, y: top + i * cell + cell / 2 - 4, width: 7, height: 7, fill: colors.rows[i] }) : null,
      svg("text", { x: left - (colors ? 15 : 7), y: top + (i + 0.5) * cell + 4, "text-anchor": "end" }, shorten(name, left - (colors ? 16 : 8)))));
    columns.forEach((name, j) => {
      const x = left + (j + 0.5) * cell, place = upright ? { x, y: top - 8, "text-anchor": "middle" } : { transform: `translate(${x + 3} ${top - 6}) rotate(-60)` };
      chart.append(svg("text", place, shorten(name, tall)));
    });
  }
  if (high > low) chart.append(colorBar(left + inner + (upright ? 24 : 48), top + 10, Math.max(80, Math.min(cell * rows.length - 10, 260)), low, high, ""));
  return chart;
}
