// ---- Merge tree ----

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
  return explain(group, () => [html("div", { class: "tip-title" }, plural(node.size, "point")),
    node.size > 1 ? `joined up to ${number(node.height)}` : "", ...(node.counts.length ? makeUp(node.counts, node.size) : [])]);
}

// ---- Sankey ----

function nodeTitle([cluster, size, dominant, count, folded], isLabels) {
  if (isLabels) return folded > 1 ? `other (${folded} classes)` : cluster < 0 ? "unlabelled" : className(cluster);
  if (folded > 1) return `other (${number(folded)} clusters)`;
  if (cluster < 0) return "outliers";
  return dominant < 0 ? `cluster ${cluster}` : 2 * count >= size ? className(dominant) : "mixed";
}
/** The same in a sentence, for the ear. */
function nodeText(node, isLabels) {
  const [cluster, size, dominant, count, folded, counts] = node;
  const lines = [nodeHead(node, isLabels), plural(size, "point")];
  if (counts.length) lines.push(...counts.slice(0, 4).map(([index, n]) => `${className(index)} ${percent(n / size)}`));
  else if (!isLabels && dominant >= 0) lines.push(`mostly ${className(dominant)}: ${percent(count / size)}`);
  return lines.join("; ");
}
const nodeHead = (node, isLabels) => isLabels ? nodeTitle(node, true) : node[4] > 1 ? `${number(node[4])} small clusters` : node[0] < 0 ? "outliers" : `cluster ${node[0]}`;
function nodeTip(node, isLabels) {
  const [, size, dominant, count, folded, counts] = node;
  const parts = counts.length ? makeUp(counts, size) : !isLabels && dominant >= 0 ? makeUp([[dominant, count]], size)
    : folded > 1 && isLabelled() ? ["of several classes"] : [];
  return [html("div", { class: "tip-title" }, `${nodeHead(node, isLabels)} · ${plural(size, "point")}`), ...parts];
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
      const place = { node, x: left + c * pitch, y, height: node[1] * scale, out: y, in: y, before: [], after: [] };
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
      explain(ribbon, `${nodeTitle(from.node, isLabels(c))} → ${nodeTitle(to.node, false)}\n${plural(count, "point")}, ${percent(count / from.node[1])} of the left and ${percent(count / to.node[1])} of the right`);
      const link = { ribbon, from, to, count };
      from.after.push(link);
      to.before.push(link);
      ribbons.append(ribbon);
    }
  });
  placed.forEach((column, c) => {
    for (const place of column) {
      const [, size, dominant, count, folded, counts] = place.node;
      const shape = { x: place.x, y: place.y, width: nodeWidth, height: Math.max(1, place.height) };
      place.bar = svg("g", { class: "node", tabindex: -1, role: "button", "aria-pressed": "false", "aria-label": nodeText(place.node, isLabels(c)) },
        svg("rect", { ...shape, fill: nodeColor(isLabelled() ? [0, 0, -1] : place.node) }), nodeParts(place, shape),
        folded > 1 ? svg("rect", { ...shape, fill: HATCH }) : null, svg("rect", { ...shape, class: "frame", fill: "none" }));
      for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]])
        place.bar.addEventListener(event, () => [...place.before, ...place.after].forEach(link => link.ribbon.classList.toggle("near", on)));
      bars.append(explain(place.bar, () => nodeTip(place.node, isLabels(c))));
    }
    labels.append(...placeLabels(column, isLabels(c), c === 0, c === 0 ? left - 8 : (c === last ? right : pitch) - nodeWidth - 12, nodeWidth));
  });
  chart.append(ribbons, bars, labels);
  lightPaths(chart, placed);
  view.replaceChildren(chart);
}
/** The coloured part of a node: its dominant class; of one whose classes are not known, the colours that flow into it. */
function nodeParts(place, shape) {
  const [, size, dominant, count, , counts] = place.node;
  if (counts.length > 1 && shape.height > 6) { // by class, largest on top; what is too thin for its own part stays grey
    let y = shape.y;
    return counts.map(([index, n]) => {
      const part = svg("rect", { ...shape, y, height: shape.height * n / size, fill: classColor(index) });
      y += shape.height * n / size;
      return part;
    });
  }
  if (dominant >= 0) return svg("rect", { ...shape, height: shape.height * count / size, fill: classColor(dominant) });
  if (counts.length || !isLabelled() || !place.before.length) return null;
  let y = shape.y;
  return place.before.map(link => {
    const part = svg("rect", { ...shape, y, height: link.count / size * shape.height, fill: nodeColor(link.from.node) });
    y += link.count / size * shape.height;
    return part;
  });
}
/** A click lights all that flows into a node and out of it, up to the first and the last column. Arrow keys go from node to node. */
function lightPaths(chart, placed) {
  let picked = null;
  const pick = place => {
    picked = picked === place ? null : place;
    const lit = new Set(picked ? [picked] : []), links = new Set();
    for (const [list, end] of [["before", "from"], ["after", "to"]]) {
      const waiting = picked ? [picked] : [], seen = new Set(waiting);
      while (waiting.length) for (const link of waiting.pop()[list]) {
        links.add(link);
        lit.add(link[end]);
        if (!seen.has(link[end])) { seen.add(link[end]); waiting.push(link[end]); }
      }
    }
    chart.classList.toggle("picked", picked !== null);
    for (const other of placed.flat()) {
      other.bar.classList.toggle("lit", lit.has(other));
      other.bar.setAttribute("aria-pressed", other === picked);
      for (const link of other.after) link.ribbon.classList.toggle("lit", links.has(link));
    }
  };
  const go = place => {
    for (const other of placed.flat()) other.bar.setAttribute("tabindex", other === place ? 0 : -1);
    place.bar.focus();
  };
  placed.forEach((column, c) => column.forEach((place, row) => {
    place.bar.addEventListener("click", () => pick(place));
    place.bar.addEventListener("keydown", event => {
      const heaviest = list => [...list].sort((a, b) => b.count - a.count)[0];
      const next = { ArrowUp: () => column[row - 1], ArrowDown: () => column[row + 1], ArrowLeft: () => heaviest(place.before)?.from,
        ArrowRight: () => heaviest(place.after)?.to, Enter: () => { pick(place); return place; }, " ": () => { pick(place); return place; },
        Escape: () => { if (picked) pick(picked); return place; } }[event.key];
      if (!next) return;
      event.preventDefault();
      const target = next();
      if (target) go(target);
    });
  }));
  placed[0][0]?.bar.setAttribute("tabindex", 0);
  chart.addEventListener("click", event => { if (picked && !event.target.closest(".node")) pick(picked); });
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
    return !variant.largest ? "as the result folds them" : !folds ? "all" : `the ${variant.largest} largest of each column, others ${variant.by_class ? "by class" : "as one"}`;
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
    ? "A flow has the colour of the class with most points in the cluster it leaves; a node is divided by its classes, the largest on top. Click a node, or go there with Tab and the arrow keys and press Enter, to light up all that flows through it."
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
    "Click a node to light up all that flows through it. " + (isLabelled() && !known ? "Which classes they hold is not in the result." : "");
}

// ---- Curves ----

const SERIES = [
  ["purity", "purity", "var(--dim0)", ""], ["homogeneity", "homogeneity (HOLE)", "var(--dim1)", ""], ["score", "score (0.7 purity + 0.3 homogeneity)", "var(--ink)", ""],
  ["ari", "adjusted Rand index", "var(--dim2)", "7 4"], ["nmi", "normalised mutual information", "var(--dim3)", "7 4"],
  ["class_homogeneity", "class homogeneity", "var(--dim0)", "2 4"], ["completeness", "completeness", "var(--dim1)", "2 4"], ["v_measure", "V-measure", "var(--dim3)", "2 4"],
  ["size_entropy", "size entropy / ln N", "var(--faint)", "2 4"],
];
function drawCurves() {
  const { view, note, legend } = section("curves"), run = currentRun(), curves = run.curves;
  find("#curves-axis").parentElement.hidden = !curves;
  note.textContent = "";
  legend.replaceChildren();
  const axis = find("#curves-axis").value, abscissa = curves?.[axis];
  const scaled = name => name !== "size_entropy" ? curves[name] : curves[name].map(value => value === null ? null : value / Math.log(run.n_points));
  const every = SERIES.filter(([name]) => curves?.[name]).map(([name, label, color, dash]) => ({ name, label, color, dash, values: scaled(name) }));
  // What equals another curve, as V-measure equals mutual information of the arithmetic mean, would hide it.
  const isCopy = item => item.name === "v_measure" && every.some(other => other.name === "nmi" && other.values.every((value, row) => Math.abs(value - item.values[row]) < 1e-5));
  if (axis === "threshold" && curves?.n_clusters)
    every.push({ name: "n_clusters", label: "clusters / N", color: "var(--mark)", dash: "2 4", values: curves.n_clusters.map(value => value / run.n_points) });
  const offered = every.filter(item => !isCopy(item)), copies = every.some(isCopy);
  const series = offered.filter(item => !state.hiddenCurves.has(item.name));
  if (!offered.length || !abscissa || abscissa.length < 2) return view.replaceChildren(empty("Too few merge heights for a curve."));
  legend.replaceChildren(...offered.map(({ name, label, color, dash }) => {
    const button = html("button", { type: "button", "aria-pressed": !state.hiddenCurves.has(name), "data-key": name },
      svg("svg", { width: 26, height: 8, "aria-hidden": "true" }, svg("path", { d: "M0 4H26", stroke: color, "stroke-width": 2.2, "stroke-dasharray": dash })),
      name === "nmi" && copies ? `${label} = V-measure` : label);
    button.addEventListener("click", () => {
      state.hiddenCurves[state.hiddenCurves.has(name) ? "delete" : "add"](name);
      drawCurves();
      find(`#curves [data-key="${name}"]`).focus();
    });
    return button;
  }));
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

