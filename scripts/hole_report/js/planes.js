// ---- Heatmap beside the merge tree ----

function drawHeatmap() {
  const { view, note, legend } = section("heatmap"), runs = data.runs[state.metric];
  if (!offerSection("heatmap", runs.some(run => run && run.heatmap))) return;
  const run = currentRun(), found = run.heatmap;
  note.textContent = "";
  legend.replaceChildren();
  if (!found) return view.replaceChildren(empty("The result holds no heatmap of this layer."));
  legend.replaceChildren(...classLegend());
  const side = found.side, values = unpack(found.values), first = unpack(found.first), classes = found.classes ? unpack(found.classes) : null;
  const cell = (i, j) => { if (i > j) [i, j] = [j, i]; return values[i * side - i * (i - 1) / 2 + j - i]; };
  const n = first[side], room = Math.max(640, view.clientWidth);
  const size = Math.min(640, room - 90 - 24 - 220), treeWidth = Math.min(420, room - 90 - 24 - size), band = classes ? 14 : 0;
  const box = { left: treeWidth + band + 14, top: 34 }, bottom = box.top + size;
  const y = linear(0, n, box.top, bottom), tops = found.brackets.map(bracket => bracket[4]);
  const highest = tops.reduce((a, b) => Math.max(a, b), 0) || 1, x = linear(0, highest * 1.02, treeWidth, 14);
  const address = raster(side, side, (i, j) => cell(i, j) / 255);
  const picked = svg("path", { class: "crosshair", visibility: "hidden" });
  const image = svg("image", { x: box.left, y: box.top, width: size, height: size, preserveAspectRatio: "none", href: address, class: size >= 2 * side ? "pixels" : null });
  const chart = picture(box.left + size + 96, bottom + 48, `Distances between ${side} blocks of points in the order of the merge tree, which stands on the left`,
    svg("text", { class: "axis-label", x: treeWidth / 2, y: bottom + 35, "text-anchor": "middle" }, "merge height (distance)"),
    ticks(x, Math.max(2, Math.floor(treeWidth / 80))).map(([value, label]) => svg("g", { "aria-hidden": "true" },
      svg("path", { class: "grid", d: `M${x.at(value)} ${box.top}V${bottom}` }), svg("text", { class: "tick", x: x.at(value), y: bottom + 16, "text-anchor": "middle" }, label))),
    run.stages.map((stage, index) => stage.threshold <= highest && index === run.reference
      ? svg("g", null, svg("path", { class: "stage reference", d: `M${x.at(stage.threshold)} ${box.top}V${bottom}` }),
        svg("text", { class: "tick reference", x: Math.max(20, x.at(stage.threshold)), y: box.top - 8, "text-anchor": "middle" }, stageName(stage.name))) : null),
    drawBrackets(found, x, y, classes, first), image, picked,
    colorBar(box.left + size + 22, box.top + 16, Math.min(240, size - 20), found.low, found.high, "distance"));
  if (classes) for (let block = 0; block < side;) { // one bar for a run of blocks of equal class
    let end = block + 1;
    while (end < side && classes[end] === classes[block]) end++;
    const bar = svg("rect", { x: treeWidth + 6, y: y.at(first[block]), width: band, height: Math.max(0.4, y.at(first[end]) - y.at(first[block])), fill: classColor(classes[block]) });
    chart.append(explain(bar, `${classes[block] < 0 ? "no class" : className(classes[block])}\n${plural(first[end] - first[block], "point")} in this order`));
    block = end;
  }
  const blockAt = place => Math.min(side - 1, Math.max(0, Math.floor(place * side)));
  const describe = block => `${first[block + 1] - first[block] > 1 ? `places ${number(first[block])} to ${number(first[block + 1] - 1)}` : `place ${number(first[block])}`}${classes ? `, ${classes[block] < 0 ? "no class" : className(classes[block])}` : ""}`;
  image.addEventListener("pointermove", event => {
    const corner = image.getBoundingClientRect();
    const j = blockAt((event.clientX - corner.left) / corner.width), i = blockAt((event.clientY - corner.top) / corner.height);
    const step = size / side, at = k => box.top + (k + 0.5) * step;
    fill(picked, { visibility: "visible", d: `M${box.left} ${at(i)}H${box.left + size}M${box.left + (j + 0.5) * step} ${box.top}V${bottom}` }, []);
    showTip(`${describe(i)}\n${describe(j)}\nmean distance ${number(found.low + cell(i, j) / 255 * (found.high - found.low))}`, event.clientX, event.clientY);
  });
  image.addEventListener("pointerleave", () => { picked.setAttribute("visibility", "hidden"); hideTip(); });
  view.replaceChildren(chart);
  const merges = run.n_points - 1;
  note.textContent = `Rows and columns are in the order of the leaves of the tree, so they line up with it. ` +
    (side < n ? `${number(n)} points are drawn as ${number(side)} blocks, a colour is a mean of distances in 256 steps. ` : "Every pair of points is drawn, in 256 steps of colour. ") +
    (found.brackets.length < merges ? `Of the tree, the ${number(found.brackets.length)} of ${number(merges)} merges are drawn, those that join the largest groups; a triangle is a subtree, and points that join one by one have no line.` : "");
}
function drawBrackets({ brackets, closed }, x, y, classes, first) {
  const colorOf = (from, count) => {
    if (!classes) return "var(--soft)";
    // The class of most blocks below; one bracket looks at few of them.
    const lo = lowerBound(first, from), hi = Math.max(lo + 1, lowerBound(first, from + count)), tally = new Map(), step = Math.max(1, Math.floor((hi - lo) / 64));
    let seen = 0;
    for (let block = lo; block < hi && block < classes.length; block += step) { tally.set(classes[block], (tally.get(classes[block]) || 0) + 1); seen++; }
    const [index, most] = [...tally].sort((a, b) => b[1] - a[1])[0] || [-1, 0];
    return index >= 0 && most >= seen * 2 / 3 ? classColor(index) : "var(--neutral)";
  };
  const group = svg("g", null);
  for (const [from, count, height] of closed) {
    const subtree = svg("path", { class: "closed", fill: colorOf(from, count), d: `M${x.at(0)} ${y.at(from)}L${x.at(height)} ${y.at(from + count / 2)}L${x.at(0)} ${y.at(from + count)}z` });
    group.append(explain(subtree, `${plural(count, "point")}\njoined up to ${number(height)}`));
  }
  for (const [placeA, heightA, placeB, heightB, height, from, count] of brackets) {
    const a = y.at(placeA), b = y.at(placeB), line = svg("path", { fill: "none", stroke: colorOf(from, count), "stroke-width": 1.5,
      d: `M${x.at(heightA)} ${a}H${x.at(height)}V${b}H${x.at(heightB)}` });
    group.append(explain(line, `merge at ${number(height)}\n${plural(count, "point")} below`));
  }
  return group;
}
function lowerBound(values, wanted) {
  let lo = 0, hi = values.length - 1;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (values[middle] < wanted) lo = middle + 1; else hi = middle;
  }
  return lo;
}

// ---- Clusters in the plane ----

const shownInPlane = { hidden: new Set(["contours"]) };
function drawPlane() {
  const { view, note, legend } = section("plane"), runs = data.runs[state.metric];
  if (!offerSection("plane", runs.some(run => run && run.planes))) return;
  const run = currentRun();
  note.textContent = "";
  legend.replaceChildren();
  if (!run.planes) return view.replaceChildren(empty("The result holds no plane for this layer."));
  const names = { pca2: "principal components", spectral2: "spectral embedding" };
  const name = offer("plane-projection", Object.keys(run.planes).map(key => [key, names[key] || key]));
  const plane = run.planes[name], stages = Object.keys(plane.stages || {}).map(Number).filter(stage => run.stages[stage]);
  const chosen = offer("plane-stage", stages.map(stage => [stage, `${stageName(run.stages[stage].name)} · ${plural(run.stages[stage].n_clusters, "cluster")}`]), run.reference ?? undefined);
  find("#plane-stage").parentElement.hidden = !stages.length;
  const here = stages.length ? plane.stages[chosen] : null, isShown = key => !shownInPlane.hidden.has(key);
  find("#plane-layers").replaceChildren(...toggles([...(here ? [["hulls", "hulls"]] : []), ["points", "points"],
    ...(here && here.n_minority ? [["minority", "minority members"]] : []), ["contours", "density"]], shownInPlane.hidden, drawPlane));
  legend.replaceChildren(...classLegend());

  const [low, high] = plane.box, span = [high[0] - low[0] || 1, high[1] - low[1] || 1];
  // Equal scales on both axes: as large as fits, with a little air.
  const most = view.clientWidth - 82, share = Math.min(Math.max(span[0] / span[1], 0.6), 4);
  const height = Math.min(620, Math.max(260, most / share)), width = 82 + Math.min(most, Math.max(520, height * share));
  const box = { left: 66, right: width - 16, top: 12 };
  box.bottom = box.top + height;
  const scale = Math.min((box.right - box.left - 24) / span[0], (height - 24) / span[1]);
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], half = [(box.right - box.left) / 2 / scale, height / 2 / scale];
  const x = linear(middle[0] - half[0], middle[0] + half[0], box.left, box.right), y = linear(middle[1] - half[1], middle[1] + half[1], box.bottom, box.top);
  const places = packed => {
    const steps = packed instanceof Uint16Array ? packed : unpack(packed), found = [];
    for (let k = 0; k < steps.length; k += 2) found.push([x.at(low[0] + steps[k] / 65535 * span[0]), y.at(low[1] + steps[k + 1] / 65535 * span[1])]);
    return found;
  };
  const axisName = k => name === "pca2" ? `component ${k + 1}${plane.explained ? ` (${percent(plane.explained[k])} of the variance)` : ""}` : `coordinate ${k + 1}`;
  const chart = picture(width, box.bottom + 46, `Points of ${data.layers[state.layer]} in the plane of ${names[name]}`, axes(box, x, y, axisName(0), axisName(1)));
  const points = places(plane.points), classes = unpack(data.sample.classes), ids = unpack(data.sample.points);
  if (here && isShown("hulls")) for (const [cluster, size, dominant, text] of here.hulls) {
    const outline = places(unpack({ type: "u2", data: text }));
    if (outline.length < 3) continue;
    const color = dominant < 0 ? (isLabelled() ? "var(--neutral)" : "var(--accent)") : classColor(dominant);
    const hull = svg("path", { class: "hull", d: `M${outline.map(place => place.map(value => value.toFixed(1)).join(" ")).join("L")}z`, fill: color, stroke: color });
    chart.append(explain(hull, `cluster ${cluster}\n${plural(size, "point")}${dominant >= 0 ? `\nmostly ${className(dominant)}` : ""}`));
  }
  if (isShown("contours")) chart.append(...drawContours(points, classes, box));
  if (isShown("points")) {
    const byClass = new Map();
    points.forEach((place, k) => { if (!byClass.has(classes[k])) byClass.set(classes[k], []); byClass.get(classes[k]).push(place); });
    const dot = points.length > 2500 ? 3.2 : points.length > 800 ? 4 : 5.5;
    for (const [index, own] of [...byClass].sort((a, b) => a[0] - b[0]))
      chart.append(svg("path", { class: "points", fill: "none", stroke: index < 0 && !isLabelled() ? "var(--accent)" : classColor(index), "stroke-width": dot, "stroke-linecap": "round", "stroke-opacity": 0.75,
        d: own.map(place => `M${place[0].toFixed(1)} ${place[1].toFixed(1)}h.01`).join("") }));
  }
  if (here && here.n_minority && isShown("minority")) {
    const own = places(here.minority), of = unpack(here.minority_classes);
    own.forEach((place, k) => chart.append(explain(svg("circle", { class: "minority", cx: place[0], cy: place[1], r: 3.6, fill: classColor(of[k]) }),
      `${of[k] < 0 ? "no class" : className(of[k])}\nin a cluster where its class is rare`)));
  }
  chart.addEventListener("pointermove", event => {
    if (event.target !== chart && !event.target.classList.contains("points")) return;
    const corner = chart.getBoundingClientRect(), at = [event.clientX - corner.left, event.clientY - corner.top];
    let best = -1, least = 64;
    points.forEach((place, k) => { const distance = (place[0] - at[0]) ** 2 + (place[1] - at[1]) ** 2; if (distance < least) { least = distance; best = k; } });
    if (best < 0) return hideTip();
    showTip(`point ${number(ids[best])}${classes[best] >= 0 ? `\n${className(classes[best])}` : ""}`, event.clientX, event.clientY);
  });
  chart.addEventListener("pointerleave", hideTip);
  view.replaceChildren(chart);
  note.textContent = (points.length < run.n_points ? `${number(points.length)} of ${number(run.n_points)} points are drawn, the same in every layer. ` : "") +
    (here ? `Hulls surround the clusters of three points or more${here.hulls.length < here.total ? `, the ${here.hulls.length} largest of ${number(here.total)}` : ""}; colour: the class with most points. ` : "") +
    (here && here.n_minority ? `Ringed: ${plural(here.n_minority, "point")} of classes that are rare in their cluster${here.minority_classes && unpack(here.minority_classes).length < here.n_minority ? " (not all drawn)" : ""}. ` : "");
}
/** Lines of equal density of each class: a smoothed histogram of the drawn points, four levels. */
function drawContours(points, classes, box) {
  const n = 72, wide = (box.right - box.left) / n, tall = (box.bottom - box.top) / n, lines = [];
  for (const index of [...new Set(classes)].filter(value => value >= 0 || !isLabelled())) {
    const own = points.filter((place, k) => classes[k] === index);
    if (own.length < 8) continue;
    let grid = new Float64Array(n * n);
    for (const [px, py] of own) grid[Math.min(n - 1, Math.floor((py - box.top) / tall)) * n + Math.min(n - 1, Math.floor((px - box.left) / wide))]++;
    for (let pass = 0; pass < 3; pass++) grid = blur(grid, n);
    const top = grid.reduce((a, b) => Math.max(a, b));
    for (const level of [0.15, 0.35, 0.6, 0.85]) lines.push(svg("path", { class: "contour", fill: "none", stroke: index < 0 ? "var(--accent)" : classColor(index),
      "stroke-opacity": 0.35 + 0.6 * level, d: contour(grid, n, level * top, (gx, gy) => `${(box.left + (gx + 0.5) * wide).toFixed(1)} ${(box.top + (gy + 0.5) * tall).toFixed(1)}`) }));
  }
  return lines;
}
/** Mean over five cells in either direction; three times are close to a Gaussian. */
function blur(grid, n) {
  const along = (from, step, side) => {
    const to = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = -2; k <= 2; k++) if (j + k >= 0 && j + k < n) sum += from[i * side + (j + k) * step];
      to[i * side + j * step] = sum / 5;
    }
    return to;
  };
  return along(along(grid, 1, n), n, 1);
}
/** Segments of marching squares. */
function contour(grid, n, level, print) {
  const parts = [];
  for (let row = 0; row + 1 < n; row++) for (let column = 0; column + 1 < n; column++) {
    const corner = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]], value = corner.map(([gx, gy]) => grid[gy * n + gx]);
    const cuts = [];
    for (let k = 0; k < 4; k++) {
      const a = value[k], b = value[(k + 1) % 4];
      if ((a < level) === (b < level)) continue;
      const share = (level - a) / (b - a), [ax, ay] = corner[k], [bx, by] = corner[(k + 1) % 4];
      cuts.push(print(ax + (bx - ax) * share, ay + (by - ay) * share));
    }
    for (let k = 0; k + 1 < cuts.length; k += 2) parts.push(`M${cuts[k]}L${cuts[k + 1]}`);
  }
  return parts.join("");
}
