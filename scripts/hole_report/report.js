"use strict";
(() => {
const data = JSON.parse(document.getElementById("result").textContent);
const state = { layer: 0, metric: data.metrics[0], hiddenDims: new Set() };
const HATCH = "url(#hatch)";

// ---- Elements, text, numbers ----

const find = (selector, root = document) => root.querySelector(selector);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return node;
}
const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const ruler = document.createElement("canvas").getContext("2d");
function textWidth(text, font = "12px") {
  ruler.font = `${font} system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif`;
  return ruler.measureText(text).width;
}
function shorten(text, width, font) {
  if (textWidth(text, font) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(text.slice(0, end) + "…", font) > width) end--;
  return text.slice(0, end) + "…";
}

function number(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? value.toLocaleString("en-US") : value.toExponential(3);
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}
const percent = share => (share >= 0.9995 ? "100" : (100 * share).toFixed(share < 0.1 ? 1 : 0)) + " %";
const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : word.endsWith("s") ? "es" : "s"}`;
const stageName = name => ({ initial: "Initial", t_star: "t*", intermediate: "Intermediate", final: "Final" })[name] ||
  name.replace(/^clusters:/, "K = ").replace(/^at:/, "t = ");
const className = index => data.classes[index] ?? `class ${index}`;
const classColor = index => index < 0 ? "var(--neutral)" : data.colors[index] ?? "var(--neutral)";
/** Colour of a node: its class; where nothing is labelled, one calm colour for whatever is a single cluster. */
const nodeColor = ([, , dominant, , folded]) => dominant >= 0 ? classColor(dominant) : !isLabelled() && folded === 1 ? "var(--accent)" : "var(--neutral)";
const bytes = count => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit++; }
  return `${unit && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
};

// ---- Tooltip: pointer and keyboard ----

const tip = find("#tip");
function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 16) + "px";
}
const hideTip = () => { tip.hidden = true; };
function explain(node, text) {
  node.addEventListener("pointermove", event => showTip(text, event.clientX, event.clientY));
  node.addEventListener("pointerleave", hideTip);
  node.addEventListener("focus", () => {
    const box = node.getBoundingClientRect();
    showTip(text, box.right, box.top);
  });
  node.addEventListener("blur", hideTip);
  return node;
}
addEventListener("keydown", event => { if (event.key === "Escape") hideTip(); });

// ---- Scales and axes ----

function linear(lo, hi, from, to) {
  const span = hi - lo || 1;
  return { lo, hi, at: value => from + (value - lo) / span * (to - from), back: place => lo + (place - from) / (to - from) * span };
}
function logarithmic(lo, hi, from, to) {
  const inner = linear(Math.log(lo), Math.log(hi), from, to);
  return { lo, hi, log: true, at: value => inner.at(Math.log(value)), back: place => Math.exp(inner.back(place)) };
}
function ticks(scale, count) {
  if (scale.log) {
    const all = [];
    for (let power = 1; power <= scale.hi; power *= 10) all.push(...[1, 2, 5].map(m => m * power));
    const inside = all.filter(value => value >= scale.lo && value <= scale.hi);
    const tens = inside.filter(value => Number.isInteger(Math.log10(value)));
    return (inside.length <= count || tens.length < 2 ? inside : tens).map(value => [value, number(value)]);
  }
  const rough = (scale.hi - scale.lo || 1) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(m => m * power >= rough * 0.999);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let k = Math.ceil(scale.lo / step - 1e-9); k * step <= scale.hi + step * 1e-9; k++)
    found.push([k * step, decimals > 5 ? (k ? (k * step).toExponential(1) : "0") : (k * step).toFixed(decimals)]);
  return found;
}
/** Frame with grid and labels; box = { left, right, top, bottom } in pixels. */
function axes(box, x, y, xLabel, yLabel) {
  const group = svg("g", { "aria-hidden": "true" });
  if (x) {
    for (const [value, label] of ticks(x, Math.max(2, Math.floor((box.right - box.left) / 80)))) {
      const at = x.at(value);
      group.append(svg("path", { class: "grid", d: `M${at} ${box.top}V${box.bottom}` }),
        svg("text", { class: "tick", x: at, y: box.bottom + 16, "text-anchor": "middle" }, label));
    }
    group.append(svg("text", { class: "axis-label", x: (box.left + box.right) / 2, y: box.bottom + 35, "text-anchor": "middle" }, xLabel));
  }
  if (y) {
    for (const [value, label] of ticks(y, Math.max(2, Math.floor((box.bottom - box.top) / 50)))) {
      const at = y.at(value);
      group.append(svg("path", { class: "grid", d: `M${box.left} ${at}H${box.right}` }),
        svg("text", { class: "tick", x: box.left - 7, y: at + 4, "text-anchor": "end" }, label));
    }
    group.append(svg("text", { class: "axis-label", "text-anchor": "middle",
      transform: `translate(${box.left - 46} ${(box.top + box.bottom) / 2}) rotate(-90)` }, yLabel));
  }
  group.append(svg("path", { class: "axis", d: `M${box.left} ${y ? box.top : box.bottom}V${box.bottom}H${box.right}` }));
  return group;
}
/** Labelled vertical lines for the stages; labels that would touch go to a higher row. Returns rows used before anything is drawn. */
function placeStages(run, x, box, measure) {
  const placed = run.stages.map((stage, index) => {
    const text = `${stageName(stage.name)} · ${plural(stage.n_clusters, "cluster")}`;
    return { stage, text, reference: index === run.reference, value: measure(stage), half: textWidth(text, "600 11.5px") / 2 + 5 };
  }).filter(item => item.value >= x.lo && item.value <= x.hi).sort((a, b) => a.value - b.value);
  const ends = [];
  for (const item of placed) {
    item.line = x.at(item.value);
    item.middle = Math.min(Math.max(item.line, box.left + item.half), box.right - item.half);
    item.row = ends.findIndex(end => end <= item.middle - item.half);
    if (item.row < 0) item.row = ends.length;
    ends[item.row] = item.middle + item.half;
  }
  return { placed, rows: ends.length };
}
function drawStages({ placed }, top, bottom) {
  const y = item => top - 8 - item.row * 15, mark = item => item.reference ? " reference" : "";
  return svg("g", null,
    placed.map(item => svg("path", { class: "stage" + mark(item), d: `M${item.line} ${y(item) + 3}V${bottom}` })),
    placed.map(item => svg("text", { class: "tick halo" + mark(item), x: item.middle, y: y(item), "text-anchor": "middle" }, item.text)));
}
function picture(width, height, label, ...children) {
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label }, ...children);
}

// ---- Sections and selects ----

const section = id => ({
  view: find(`#${id} .view`), note: find(`#${id} .note`), options: find(`#${id} .options`), legend: find(`#${id} .legend`),
});
const empty = text => html("p", { class: "empty" }, text);
const currentRun = () => data.runs[state.metric][state.layer];
const isLabelled = () => data.classes.length > 0;

/** Offer `choices` [value, label], keep the present choice if it is still there. */
function offer(id, choices, preferred) {
  const select = find("#" + id), before = select.value;
  select.replaceChildren(...choices.map(([value, label]) => html("option", { value }, label)));
  const values = choices.map(([value]) => String(value));
  if (values.includes(before)) select.value = before;
  else if (preferred !== undefined && values.includes(String(preferred))) select.value = preferred;
  select.parentElement.hidden = choices.length < 2;
  return select.value;
}
function classLegend() {
  const most = 30;
  const entries = data.classes.slice(0, most).map((name, index) =>
    html("span", null, html("i", { class: "swatch", style: `background:${classColor(index)}` }), name));
  if (data.classes.length > most) entries.push(html("span", null, `and ${data.classes.length - most} more, named in the tooltips`));
  return entries;
}

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
const fixed = value => value === null || value === undefined ? "–" : value.toFixed(3);
function longestInterval(run) {
  const diagram = run.diagrams.find(found => found.dim === 1);
  if (!diagram || !diagram.count) return "none";
  const birth = birthOf(diagram, 0), death = diagram.death[0];
  return death === null ? [`∞ `, html("span", { class: "dim" }, `[${number(birth)}, ∞)`)]
    : [`${number(death - birth)} `, html("span", { class: "dim" }, `[${number(birth)}, ${number(death)})`)];
}
const birthOf = (diagram, row) => Array.isArray(diagram.birth) ? diagram.birth[row] : diagram.birth;
const drawnNote = diagram => diagram.death.length < diagram.count
  ? ` H${diagram.dim}: the ${number(diagram.death.length)} longest of ${number(diagram.count)} are in this page.` : "";

function drawDiagram() {
  const { view, note, options } = section("diagram"), run = currentRun();
  options.replaceChildren(...run.diagrams.map(diagram => {
    const shown = !state.hiddenDims.has(diagram.dim);
    const toggle = html("button", { type: "button", "aria-pressed": shown, "data-dim": diagram.dim },
      html("i", { class: "swatch" + (diagram.dim === 1 ? "" : " round"), style: `background:var(--dim${diagram.dim})` }),
      `H${diagram.dim}: ${number(diagram.count)}`);
    toggle.addEventListener("click", () => {
      state.hiddenDims[shown ? "add" : "delete"](diagram.dim);
      drawDiagram();
      find(`#diagram button[data-dim="${diagram.dim}"]`).focus();
    });
    return toggle;
  }));
  const shown = run.diagrams.filter(diagram => !state.hiddenDims.has(diagram.dim) && diagram.count);
  note.textContent = "";
  if (!shown.length) return view.replaceChildren(empty("No intervals in the dimensions shown."));
  const points = shown.flatMap(diagram => diagram.death.map((death, row) => ({ dim: diagram.dim, birth: birthOf(diagram, row), death })));
  const values = points.flatMap(point => point.death === null ? [point.birth] : [point.birth, point.death]);
  let lo = values.reduce((a, b) => Math.min(a, b)), hi = values.reduce((a, b) => Math.max(a, b));
  if (hi === lo) hi = lo + (Math.abs(lo) || 1);
  const pad = (hi - lo) * 0.04, infinite = points.some(point => point.death === null);
  hi += pad;
  lo = lo === 0 ? 0 : lo - pad;

  const width = view.clientWidth, height = Math.min(460, Math.max(340, width * 0.8));
  const box = { left: 62, right: width - 14, top: infinite ? 44 : 12, bottom: height - 46 };
  const x = linear(lo, hi, box.left, box.right), y = linear(lo, hi, box.bottom, box.top), infinityAt = 22;
  for (const point of points) {
    point.x = x.at(point.birth);
    point.y = point.death === null ? infinityAt : y.at(point.death);
  }
  const summary = shown.map(diagram => `${number(diagram.count)} intervals of dimension ${diagram.dim}, ${number(diagram.essential)} essential`);
  const chart = picture(width, height, `Persistence diagram: ${summary.join("; ")}`, axes(box, x, y, "birth", "death"),
    svg("path", { class: "axis", d: `M${x.at(lo)} ${y.at(lo)}L${x.at(hi)} ${y.at(hi)}` }));
  if (infinite) chart.append(
    svg("path", { class: "axis", "stroke-dasharray": "5 4", d: `M${box.left} ${infinityAt}H${box.right}` }),
    svg("text", { class: "axis-label", x: box.left - 8, y: infinityAt + 5, "text-anchor": "end" }, "∞"));
  for (const diagram of shown) {
    // One path of dots a dimension: ten thousand points stay one element.
    const d = points.filter(point => point.dim === diagram.dim).map(point => `M${point.x.toFixed(1)} ${point.y.toFixed(1)}h.01`).join("");
    chart.append(svg("path", { d, fill: "none", stroke: `var(--dim${diagram.dim})`, "stroke-width": diagram.dim === 1 ? 5.5 : 6.5,
      "stroke-linecap": diagram.dim === 1 ? "square" : "round", "stroke-opacity": 0.55 }));
  }
  const ring = svg("circle", { r: 6, fill: "none", stroke: "var(--ink)", "stroke-width": 1.5, visibility: "hidden" });
  chart.append(ring);
  chart.addEventListener("pointermove", event => {
    const corner = chart.getBoundingClientRect();
    const near = nearest(points, event.clientX - corner.left, event.clientY - corner.top, 14);
    ring.setAttribute("visibility", near ? "visible" : "hidden");
    if (!near) return hideTip();
    ring.setAttribute("cx", near.x);
    ring.setAttribute("cy", near.y);
    showTip(`H${near.dim}\n${intervalText(near.birth, near.death)}`, event.clientX, event.clientY);
  });
  chart.addEventListener("pointerleave", () => { ring.setAttribute("visibility", "hidden"); hideTip(); });
  view.replaceChildren(chart);
  const zero = run.diagrams.filter(diagram => diagram.zero_pairs).map(diagram => `${number(diagram.zero_pairs)} in H${diagram.dim}`);
  note.textContent = (infinite ? "Points on the line ∞ are essential: they live at the threshold. " : "") +
    (zero.length ? `Pairs of length zero are not drawn: ${zero.join(", ")}.` : "") + shown.map(drawnNote).join("");
}
const intervalText = (birth, death) => death === null ? `born at ${number(birth)}, essential`
  : `born at ${number(birth)}, dies at ${number(death)}\nlength ${number(death - birth)}`;
function nearest(points, x, y, reach) {
  let best = null, least = reach * reach;
  for (const point of points) {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance < least) { least = distance; best = point; }
  }
  return best;
}

function drawBarcode() {
  const { view, note } = section("barcode"), run = currentRun();
  const most = Math.max(0, ...run.diagrams.map(diagram => diagram.death.length));
  const choices = [20, 40, 80, 160].filter((count, index, all) => index === 0 || all[index - 1] < most);
  const limit = Number(offer("bars", choices.map(count => [count, `${count} in each dimension`]), 40));
  const blocks = run.diagrams.map(diagram => ({ diagram, count: Math.min(limit, diagram.death.length) }));
  note.textContent = "";
  if (!blocks.some(block => block.count)) return view.replaceChildren(empty("No intervals."));

  const total = blocks.reduce((sum, block) => sum + block.count, 0);
  const pitch = Math.max(3, Math.min(14, 340 / total)), thick = Math.max(1.6, pitch * 0.62), heading = 24;
  let lo = Infinity, hi = -Infinity;
  for (const { diagram, count } of blocks) for (let row = 0; row < count; row++) {
    lo = Math.min(lo, birthOf(diagram, row));
    hi = Math.max(hi, diagram.death[row] ?? birthOf(diagram, row));
  }
  if (hi === lo) hi = lo + (Math.abs(lo) || 1);
  const width = view.clientWidth, height = 10 + blocks.length * heading + Math.max(total * pitch, 40) + 50;
  const box = { left: 22, right: width - 26, top: 6, bottom: height - 46 };
  const x = linear(lo, hi + (hi - lo) * 0.03, box.left, box.right);
  const chart = picture(width, height, `Barcode: ${blocks.map(({ diagram, count }) =>
    `${count} of ${diagram.count} bars of dimension ${diagram.dim}`).join("; ")}`, axes(box, x, null, "distance"));
  let y = box.top;
  for (const { diagram, count } of blocks) {
    const heads = count < diagram.count ? `the ${number(count)} longest of ${number(diagram.count)}` : number(count);
    chart.append(svg("text", { class: "strong halo", x: box.left + 4, y: y + 16 }, `H${diagram.dim}: ${heads}`));
    y += heading;
    for (let row = 0; row < count; row++, y += pitch) {
      const birth = birthOf(diagram, row), death = diagram.death[row], end = death === null ? box.right : x.at(death);
      const bar = svg("g", { fill: `var(--dim${diagram.dim})` },
        svg("rect", { x: x.at(birth), y, width: Math.max(1, end - x.at(birth)), height: thick }),
        death === null ? svg("path", { d: `M${end} ${y - 3}l9 ${thick / 2 + 3}l-9 ${thick / 2 + 3}z` }) : null);
      chart.append(explain(bar, `H${diagram.dim}\n${intervalText(birth, death)}`));
    }
  }
  view.replaceChildren(chart);
  note.textContent = "Sorted by length, essential intervals first (arrow).";
}

function drawTree() {
  const { view, note, legend } = section("tree"), run = currentRun();
  const ways = { last: "the last ones", largest: "those that join the largest groups" };
  const way = offer("tree-way", [...new Set(run.tree.map(tree => tree.way))].map(name => [name, ways[name]]), "largest");
  const sizes = run.tree.filter(tree => tree.way === way);
  const chosen = offer("tree-leaves", sizes.map(tree => [tree.most, tree.most < run.n_points ? tree.most : "all"]), 30);
  const tree = sizes.find(found => String(found.most) === chosen);
  note.textContent = "";
  legend.replaceChildren();
  if (!tree) return view.replaceChildren(empty("The result holds no merge tree."));
  if (!tree.merges.length) return view.replaceChildren(empty("A single point: nothing merges."));
  legend.replaceChildren(...classLegend());

  const n = tree.leaves.length, pitch = n <= 40 ? 18 : n <= 70 ? 15 : 12.5, [labelWidth, barWidth] = isLabelled() ? [190, 76] : [64, 0];
  const nodes = tree.leaves.map(([size, height, counts], row) => ({ size, height, counts, row, leaf: true }));
  for (const [a, b, height] of tree.merges) nodes.push(mergeNodes(nodes[a], nodes[b], height));
  const heights = tree.merges.map(merge => merge[2]);
  const top = heights.reduce((a, b) => Math.max(a, b)), low = heights.reduce((a, b) => Math.min(a, b));
  const lo = low < 0.3 * top || top === low ? 0 : low - 0.06 * (top - low), hi = top > lo ? top + 0.02 * (top - lo) : lo + 1;

  const width = Math.max(640, view.clientWidth), box = { left: labelWidth + barWidth + 16, right: width - 20 };
  const x = linear(lo, hi, box.left, box.right), stages = placeStages(run, x, box, stage => stage.threshold);
  box.top = 12 + stages.rows * 15;
  box.bottom = box.top + n * pitch + 8;
  const yOf = node => box.top + 4 + (node.row + 0.5) * pitch;
  const chart = picture(width, box.bottom + 46, `Merge tree with ${n} leaves`, axes(box, x, null, "merge height (distance)"),
    drawStages(stages, box.top, box.bottom));
  for (const node of nodes) {
    if (node.leaf) chart.append(drawLeaf(node, yOf(node), pitch, labelWidth, barWidth, box.left, Math.max(box.left, x.at(node.height))));
    else {
      const at = x.at(node.height), merge = svg("path", { fill: "none", stroke: branchColor(node), "stroke-width": 2,
        d: `M${at} ${yOf(node.left)}V${yOf(node.right)}` });
      const points = plural(node.size, "point") + (tree.absorbed ? " in drawn leaves" : "");
      chart.append(explain(merge, `merge at ${number(node.height)}\n${points}\n${countsText(node.counts, node.size)}`));
      for (const side of [node.left, node.right])
        chart.append(svg("path", { fill: "none", stroke: branchColor(side), "stroke-width": 2,
          d: `M${Math.max(box.left, x.at(side.height))} ${yOf(side)}H${at}` }));
    }
  }
  view.replaceChildren(chart);
  const below = run.stages.filter(stage => stage.threshold < lo).map(stage => `${stageName(stage.name)} (${number(stage.threshold)})`);
  const all = run.n_points - 1;
  const drawn = heights.length < all
    ? `${number(heights.length)} of ${number(all)} merges are drawn; a leaf is a whole subtree with its number of points. ` : "Every merge is drawn. ";
  note.textContent = drawn +
    (tree.absorbed ? `${plural(tree.absorbed, "point")} join the branches between the drawn merges. ` : "") +
    (isLabelled() ? "Bars show the classes of a leaf; a branch takes the colour of a class that holds two thirds of its points. " : "") +
    (below.length ? `Below the drawn range: ${below.join(", ")}.` : "");
}
function mergeNodes(left, right, height) {
  const sums = new Map();
  for (const [index, count] of [...left.counts, ...right.counts]) sums.set(index, (sums.get(index) || 0) + count);
  const counts = [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return { left, right, height, size: left.size + right.size, counts, row: (left.row + right.row) / 2 };
}
const branchColor = node => node.counts.length && node.counts[0][1] >= node.size * 2 / 3 ? classColor(node.counts[0][0]) : "var(--neutral)";
function countsText(counts, size) {
  const most = 8, lines = counts.slice(0, most).map(([index, count]) => `${className(index)}: ${number(count)} (${percent(count / size)})`);
  if (counts.length > most) lines.push(`and ${plural(counts.length - most, "more class")}`);
  return lines.join("\n");
}
function drawLeaf(node, y, pitch, labelWidth, barWidth, left, start) {
  const thick = Math.min(11, pitch - 4), barAt = labelWidth + 8, font = pitch < 14 ? 10.5 : 12;
  const label = node.counts.length ? className(node.counts[0][0]) : "", size = number(node.size);
  const sizeWidth = Math.max(46, textWidth(size, `${font}px`) + 10);
  const group = svg("g", { class: "leaf", tabindex: 0, role: "img" },
    svg("text", { x: labelWidth - sizeWidth, y: y + 4, "text-anchor": "end", "font-size": font, class: "tick" },
      shorten(label, labelWidth - sizeWidth - 8, `${font}px`)),
    svg("text", { x: labelWidth, y: y + 4, "text-anchor": "end", "font-size": font }, size));
  let at = barAt;
  const unlabelled = node.size - node.counts.reduce((sum, item) => sum + item[1], 0);
  for (const [index, count] of [...node.counts, ...(unlabelled ? [[-1, unlabelled]] : [])]) {
    const part = barWidth * count / node.size;
    group.append(svg("rect", { x: at, y: y - thick / 2, width: part, height: thick, fill: classColor(index) }));
    at += part;
  }
  // Dotted as far as the subtree is contracted, solid from where its own points have all merged.
  if (start > left) group.append(svg("path", { d: `M${left} ${y}H${start}`, stroke: branchColor(node), "stroke-width": 2, "stroke-dasharray": "1.5 3", fill: "none" }));
  const text = [plural(node.size, "point"), node.size > 1 ? `joined up to ${number(node.height)}` : "", countsText(node.counts, node.size)].filter(Boolean).join("\n");
  group.setAttribute("aria-label", text.replaceAll("\n", "; "));
  return explain(group, text);
}

// ---- Sankey ----

function nodeTitle([cluster, size, dominant, count, folded], isLabels) {
  if (isLabels) return folded > 1 ? `other (${folded} classes)` : cluster < 0 ? "unlabelled" : className(cluster);
  if (folded > 1) return `other (${number(folded)} clusters)`;
  if (cluster < 0) return "outliers";
  return dominant < 0 ? `cluster ${cluster}` : 2 * count >= size ? className(dominant) : "mixed";
}
function nodeText(node, isLabels) {
  const [cluster, size, dominant, count, folded] = node;
  const lines = [isLabels ? nodeTitle(node, true) : folded > 1 ? `other: ${number(folded)} small clusters` : cluster < 0 ? "outliers" : `cluster ${cluster}`,
    plural(size, "point")];
  if (!isLabels && dominant >= 0) lines.push(`${folded > 1 ? "dominated by" : "mostly"} ${className(dominant)}: ${number(count)} (${percent(count / size)})`);
  else if (folded > 1 && isLabelled()) lines.push("of several classes");
  return lines.join("\n");
}
function drawSankey(view, flow, titles) {
  const columns = flow.columns, last = columns.length - 1;
  const nodeWidth = 13, gap = 5, top = 48;
  const isLabels = c => columns[c].key === -1 && titles.hasLabels;
  const labelWidths = c => columns[c].nodes.map(node => textWidth(nodeLabel(node, isLabels(c)).join(" ")));
  const margin = c => nodeWidth + 14 + Math.min(190, Math.max(70, ...labelWidths(c)));
  const left = margin(0), right = margin(last), pitch = Math.max(116, (view.clientWidth - left - right) / last);
  const width = left + right + pitch * last;
  const most = Math.max(...columns.map(column => column.nodes.length));
  const inner = Math.min(820, Math.max(340, most * 19)), height = top + inner + 14;
  const total = Math.max(...columns.map(column => column.nodes.reduce((sum, node) => sum + node[1], 0)));
  const scale = (inner - gap * (most - 1)) / total;

  const chart = picture(width, height, titles.label);
  const ribbons = svg("g", null), bars = svg("g", null), labels = svg("g", { "aria-hidden": "true" });
  const placed = columns.map((column, c) => {
    const used = column.nodes.reduce((sum, node) => sum + node[1] * scale + gap, -gap);
    let y = top + (inner - used) / 2;
    return column.nodes.map(node => {
      const place = { node, x: left + c * pitch, y, height: node[1] * scale, out: y, in: y, ribbons: [] };
      y += place.height + gap;
      return place;
    });
  });
  columns.forEach((column, c) => {
    const [title, subtitle] = titles.column(column), at = left + c * pitch + nodeWidth / 2, room = c === 0 ? 2 * left - 20 : c === last ? 2 * right - 20 : pitch - 10;
    chart.append(svg("text", { class: "strong" + (titles.isReference(column) ? " reference" : ""), x: at, y: 16, "text-anchor": "middle" }, shorten(title, room, "600 12px")),
      svg("text", { class: "tick", x: at, y: 32, "text-anchor": "middle" }, shorten(subtitle, room, "11.5px")));
  });
  flow.flows.forEach((rows, c) => {
    // Rows come sorted by source, so ribbons leave a node in the order of their targets and arrive in the order of their sources.
    for (const [i, j, count] of rows) {
      const from = placed[c][i], to = placed[c + 1][j], thick = count * scale;
      const x0 = from.x + nodeWidth, x1 = to.x, bend = (x1 - x0) * 0.5;
      const d = `M${x0} ${from.out}C${x0 + bend} ${from.out} ${x1 - bend} ${to.in} ${x1} ${to.in}v${thick}` +
        `C${x1 - bend} ${to.in + thick} ${x0 + bend} ${from.out + thick} ${x0} ${from.out + thick}z`;
      from.out += thick;
      to.in += thick;
      const ribbon = svg("path", { class: "ribbon", d, fill: nodeColor(from.node) });
      explain(ribbon, `${nodeTitle(from.node, isLabels(c))} → ${nodeTitle(to.node, false)}\n${plural(count, "point")}`);
      from.ribbons.push(ribbon);
      to.ribbons.push(ribbon);
      ribbons.append(ribbon);
    }
  });
  placed.forEach((column, c) => {
    for (const place of column) {
      const [, size, dominant, count, folded] = place.node, text = nodeText(place.node, isLabels(c));
      const shape = { x: place.x, y: place.y, width: nodeWidth, height: Math.max(1, place.height) };
      const bar = svg("g", { class: "node", tabindex: 0, role: "img", "aria-label": text.replaceAll("\n", "; ") },
        svg("rect", { ...shape, fill: nodeColor(isLabelled() ? [0, 0, -1] : place.node) }),
        dominant < 0 ? null : svg("rect", { ...shape, height: shape.height * count / size, fill: classColor(dominant) }),
        folded > 1 ? svg("rect", { ...shape, fill: HATCH }) : null);
      const light = on => () => place.ribbons.forEach(ribbon => ribbon.classList.toggle("lit", on));
      for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) bar.addEventListener(event, light(on));
      bars.append(explain(bar, text));
    }
    labels.append(...placeLabels(column, isLabels(c), c === 0, c === 0 ? left - 8 : (c === last ? right : pitch) - nodeWidth - 12, nodeWidth));
  });
  chart.append(ribbons, bars, labels);
  view.replaceChildren(chart);
}
const nodeLabel = (node, isLabels) => [nodeTitle(node, isLabels), number(node[1])];
/** Labels of one column: larger nodes choose first, a label that would touch another is left to the tooltip. */
function placeLabels(column, isLabels, toTheLeft, room, nodeWidth) {
  const taken = [], made = [];
  for (const place of [...column].sort((a, b) => b.height - a.height)) {
    const y = place.y + place.height / 2 + 4;
    if (place.height < 4 || taken.some(other => Math.abs(other - y) < 14)) continue;
    taken.push(y);
    let [title, size] = nodeLabel(place.node, isLabels);
    if (place.node[4] > 1 && textWidth(`${title} ${size}`) > room) {
      title = `${number(place.node[4])} small`;
      if (textWidth(`${title} ${size}`) > room) size = "";
    }
    made.push(svg("text", { class: "halo", x: toTheLeft ? place.x - 6 : place.x + nodeWidth + 6, y, "text-anchor": toTheLeft ? "end" : "start" },
      shorten(title, room - textWidth(` ${size}`)), svg("tspan", { class: "tick" }, ` ${size}`)));
  }
  return made;
}
function chooseVariant(id, variants) {
  const name = variant => {
    const folds = variant.columns.some(column => column.nodes.some(node => node[4] > 1));
    return !folds ? "all" : `the ${variant.largest} largest of each column, others ${variant.by_class ? "by class" : "as one"}`;
  };
  return variants[offer(id, variants.map((variant, index) => [index, name(variant)]))];
}
function foldNote(flow) {
  const folded = flow.columns.flatMap(column => column.nodes.filter(node => node[4] > 1));
  if (!folded.length) return "Every cluster is drawn. ";
  return `Small clusters are folded into hatched nodes “other (k clusters)”${flow.by_class ? ", one a dominant class" : ""}; no point is left out. `;
}

const countClusters = column => column.nodes.reduce((sum, node) => sum + node[4], 0);

function drawFlow() {
  const { view, note, legend } = section("flow"), run = currentRun();
  const flow = chooseVariant("flow-variant", run.flow);
  note.textContent = "";
  legend.replaceChildren();
  if (!flow) {
    const alone = run.stages.length === 1 && !isLabelled();
    return view.replaceChildren(empty(alone ? "A single stage and no labels: nothing flows." : "The result holds no cluster flow for this layer."));
  }
  legend.replaceChildren(...classLegend());
  drawSankey(view, flow, {
    label: `Cluster flow of layer ${data.layers[state.layer]} through ${flow.columns.length} stages`, hasLabels: true,
    column(column) {
      if (column.key < 0) return ["True labels", plural(countClusters(column), "class")];
      const stage = run.stages[column.key];
      return stage ? [stageName(stage.name), `${plural(stage.n_clusters, "cluster")} · t = ${number(stage.threshold)}`] : [`stage ${column.key}`, ""];
    },
    isReference: column => column.key >= 0 && column.key === run.reference,
  });
  note.textContent = foldNote(flow) + (isLabelled()
    ? "A flow has the colour of the class with most points in the cluster it leaves; in a node the coloured part is the share of that class."
    : "No labels: colour tells single clusters (blue) from folded ones (grey).");
}

function drawAcross() {
  const { view, note, legend } = section("across"), across = data.across[state.metric];
  const flow = across ? chooseVariant("across-variant", across.flow) : undefined;
  note.textContent = "";
  legend.replaceChildren();
  if (!flow) {
    offer("across-variant", []);
    return view.replaceChildren(empty(data.layers.length < 2 ? "One layer: there is nothing to link." : "The result holds no flow between layers."));
  }
  legend.replaceChildren(...classLegend());
  drawSankey(view, flow, {
    label: `Cluster flow across ${flow.columns.length} layers`, hasLabels: false,
    column: column => [data.layers[column.key] ?? `layer ${column.key}`, plural(countClusters(column), "cluster")],
    isReference: column => column.key === state.layer,
  });
  const known = flow.columns.some(column => column.nodes.some(node => node[2] >= 0));
  note.textContent = `Clusters of each layer at ${stageName(across.stage)}, linked by the points they share. ` + foldNote(flow) +
    (isLabelled() && !known ? "Which classes they hold is not in the result." : "");
}

// ---- Curves ----

const SERIES = [
  ["purity", "purity", "var(--dim0)", ""], ["homogeneity", "homogeneity", "var(--dim1)", ""], ["score", "score (0.7 purity + 0.3 homogeneity)", "var(--ink)", ""],
  ["ari", "adjusted Rand index", "var(--dim2)", "7 4"], ["nmi", "normalised mutual information", "var(--dim3)", "7 4"],
  ["size_entropy", "size entropy / ln N", "var(--faint)", "2 4"],
];
function drawCurves() {
  const { view, note, legend } = section("curves"), run = currentRun(), curves = run.curves;
  find("#curves-axis").parentElement.hidden = !curves;
  note.textContent = "";
  legend.replaceChildren();
  const axis = find("#curves-axis").value, abscissa = curves?.[axis];
  const scaled = name => name !== "size_entropy" ? curves[name] : curves[name].map(value => value === null ? null : value / Math.log(run.n_points));
  const series = SERIES.filter(([name]) => curves?.[name]).map(([name, label, color, dash]) => ({ label, color, dash, values: scaled(name) }));
  if (axis === "threshold" && curves?.n_clusters)
    series.push({ label: "clusters / N", color: "var(--mark)", dash: "2 4", values: curves.n_clusters.map(value => value / run.n_points) });
  if (!series.length || !abscissa || abscissa.length < 2) return view.replaceChildren(empty("Too few merge heights for a curve."));
  legend.replaceChildren(...series.map(({ label, color, dash }) => html("span", null,
    svg("svg", { width: 26, height: 8, "aria-hidden": "true" }, svg("path", { d: "M0 4H26", stroke: color, "stroke-width": 2.2, "stroke-dasharray": dash })), label)));

  const width = view.clientWidth, box = { left: 62, right: width - 20 };
  const lo = abscissa.reduce((a, b) => Math.min(a, b)), hi = abscissa.reduce((a, b) => Math.max(a, b));
  const x = axis === "n_clusters" ? logarithmic(lo, hi, box.left, box.right) : linear(lo, hi, box.left, box.right);
  const stages = placeStages(run, x, box, stage => stage[axis]);
  box.top = 12 + stages.rows * 15;
  box.bottom = box.top + 300;
  const floor = series.flatMap(item => item.values).reduce((a, b) => Math.min(a, b ?? 0), 0);
  const y = linear(floor, 1, box.bottom, box.top);
  const chart = picture(width, box.bottom + 46, `Curves of ${series.map(item => item.label).join(", ")}`,
    axes(box, x, y, axis === "n_clusters" ? "number of clusters" : "threshold (distance)", "value"), drawStages(stages, box.top, box.bottom),
    series.map(({ values, color, dash }) => svg("path", { fill: "none", stroke: color, "stroke-width": 2, "stroke-dasharray": dash,
      "stroke-linejoin": "round", d: polyline(values.map((value, row) => value === null ? null : [x.at(abscissa[row]), y.at(value)])) })));
  const hair = svg("path", { class: "axis", visibility: "hidden" });
  chart.append(hair);
  chart.setAttribute("tabindex", 0);
  let row = abscissa.length >> 1;
  const read = (clientX, clientY) => {
    hair.setAttribute("d", `M${x.at(abscissa[row])} ${box.top}V${box.bottom}`);
    hair.setAttribute("visibility", "visible");
    showTip([plural(curves.n_clusters[row], "cluster") + ` at t = ${number(curves.threshold[row])}`,
      ...series.map(item => `${item.label}: ${fixed(item.values[row])}`)].join("\n"), clientX, clientY);
  };
  const leave = () => { hair.setAttribute("visibility", "hidden"); hideTip(); };
  chart.addEventListener("pointermove", event => {
    const place = event.clientX - chart.getBoundingClientRect().left;
    if (place < box.left || place > box.right) return leave();
    row = abscissa.reduce((best, value, index) => Math.abs(x.at(value) - place) < Math.abs(x.at(abscissa[best]) - place) ? index : best, 0);
    read(event.clientX, event.clientY);
  });
  chart.addEventListener("pointerleave", leave);
  chart.addEventListener("blur", leave);
  chart.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    row = Math.min(abscissa.length - 1, Math.max(0, row + (axis === "n_clusters" ? -step : step)));
    const corner = chart.getBoundingClientRect();
    read(corner.left + x.at(abscissa[row]), corner.top + box.top + 40);
  });
  view.replaceChildren(chart);
  const thinned = abscissa.length < curves.rows;
  note.textContent = (thinned ? `${number(abscissa.length)} of ${number(curves.rows)} merge heights are drawn, with every stage and maximum. ` : "Every merge height is drawn. ") +
    "Arrow keys move the reading line." + (curves.homogeneity ? " Homogeneity is the share of points in the largest cluster of their class." : "");
}

/** Path through points; a missing one (null) breaks the line. */
function polyline(points) {
  return points.map((point, row) => point ? `${row && points[row - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}` : "").join("");
}

// ---- Provenance ----

function drawProvenance() {
  const first = ["input", "command", "options", "hole_version", "versions", "n_ranks", "started", "finished"];
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
  drawOverview();
  drawProvenance();
  for (const draw of [drawDiagram, drawBarcode, drawTree, drawFlow, drawCurves]) draw();
  drawAcross();
}
function choose(change) {
  Object.assign(state, change);
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
    "across-variant": drawAcross, "curves-axis": drawCurves };
  for (const [id, draw] of Object.entries(drawnBy)) find("#" + id).addEventListener("change", draw);

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
})();
