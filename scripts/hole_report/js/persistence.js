// ---- Filter by length ----

const lengthOf = (birth, death) => death === null ? Infinity : death - birth;
const isKept = (birth, death) => !state.lengths || (lengthOf(birth, death) >= state.lengths[0] && lengthOf(birth, death) <= state.lengths[1]);

/** Histogram of the lengths with two handles: what lies between them is drawn below. */
function drawBrush() {
  const { view, note, options } = section("brush"), run = openDiagrams(currentRun());
  const lengths = run.diagrams.map(diagram => diagram.death.map((death, row) => lengthOf(birthOf(diagram, row), death)).filter(value => Number.isFinite(value) && value > 0));
  const all = lengths.flat();
  options.replaceChildren(...toggles(run.diagrams.map(diagram =>
    [diagram.dim, `H${diagram.dim}: ${number(diagram.count)}`, `background:var(--dim${diagram.dim})`, diagram.dim === 1 ? "" : " round"]), state.hiddenDims,
    () => { drawBrush(); drawDiagram(); drawBarcode(); }));
  const reset = html("button", { type: "button", id: "brush-all" }, "All lengths");
  reset.addEventListener("click", () => { state.lengths = null; drawBrush(); drawDiagram(); drawBarcode(); find("#brush-all").focus(); });
  options.append(reset);
  if (all.length < 2) { note.textContent = ""; return view.replaceChildren(); }
  const hi = all.reduce((a, b) => Math.max(a, b)) * 1.001, lo = Math.max(all.reduce((a, b) => Math.min(a, b)) * 0.999, hi * 1e-4);
  const width = view.clientWidth, height = 112, box = { left: 20, right: width - 20, top: 10, bottom: height - 42 }, bins = Math.min(120, Math.floor(width / 9));
  const x = logarithmic(lo, hi, box.left, box.right), counts = lengths.map(() => new Array(bins).fill(0));
  lengths.forEach((values, k) => values.forEach(value => counts[k][Math.min(bins - 1, Math.max(0, Math.floor((x.at(value) - box.left) / (box.right - box.left) * bins)))]++));
  const most = Math.max(...counts.flat()), y = linear(0, Math.sqrt(most), box.bottom, box.top), step = (box.right - box.left) / bins;
  const chart = picture(width, height, "Histogram of interval lengths with two handles that choose which intervals are drawn", axes(box, x, null, "length (death − birth)"));
  run.diagrams.forEach((diagram, k) => {
    if (state.hiddenDims.has(diagram.dim)) return;
    const outline = counts[k].map((count, bin) => `V${y.at(Math.sqrt(count)).toFixed(1)}h${step.toFixed(3)}`).join("");
    chart.append(svg("path", { d: `M${box.left} ${box.bottom}${outline}V${box.bottom}z`, fill: `var(--dim${diagram.dim})`, "fill-opacity": 0.28, stroke: `var(--dim${diagram.dim})`, "stroke-width": 1.2 }));
  });
  const chosen = state.lengths ? state.lengths.map(value => Math.min(Math.max(value, lo), hi)) : [lo, hi];
  const covers = [svg("rect", { class: "cover", y: box.top, height: box.bottom - box.top }), svg("rect", { class: "cover", y: box.top, height: box.bottom - box.top })];
  const handles = ["Shortest", "Longest"].map((word, end) => svg("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": `${word} interval drawn`,
    "aria-valuemin": lo, "aria-valuemax": hi }, svg("path", { class: "line", d: `M0 ${box.top}V${box.bottom}` }),
    svg("rect", { x: -6, y: (box.top + box.bottom) / 2 - 13, width: 12, height: 26, rx: 4 })));
  let pending = 0;
  const place = () => {
    const [from, to] = chosen.map(x.at);
    fill(covers[0], { x: box.left, width: Math.max(0, from - box.left) }, []);
    fill(covers[1], { x: to, width: Math.max(0, box.right - to) }, []);
    handles.forEach((handle, end) => fill(handle, { transform: `translate(${chosen.map(x.at)[end]} 0)`, "aria-valuenow": chosen[end], "aria-valuetext": number(chosen[end]) }, []));
    // At the ends nothing is left out: neither the shortest nor those that never end.
    state.lengths = chosen[0] <= lo && chosen[1] >= hi ? null : [chosen[0] <= lo ? 0 : chosen[0], chosen[1] >= hi ? Infinity : chosen[1]];
    reset.disabled = !state.lengths;
    note.textContent = run.diagrams.map(diagram => {
      const kept = diagram.death.reduce((sum, death, row) => sum + isKept(birthOf(diagram, row), death), 0);
      return `H${diagram.dim}: ${number(kept)} of ${number(diagram.death.length)}`;
    }).join(" · ") + (state.lengths ? ` intervals have a length ${chosen[1] >= hi ? `of ${number(chosen[0])} or more` : `from ${number(chosen[0])} to ${number(chosen[1])}`}.`
      : " intervals. Drag the handles, or move them with the arrow keys, to draw only intervals of some lengths. Heights are square roots of counts.");
  };
  const change = (end, value) => {
    chosen[end] = end ? Math.min(hi, Math.max(value, chosen[0])) : Math.max(lo, Math.min(value, chosen[1]));
    place();
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(() => { drawDiagram(); drawBarcode(); });
  };
  handles.forEach((handle, end) => {
    handle.addEventListener("keydown", event => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -8, PageUp: 8 }[event.key];
      const value = event.key === "Home" ? lo : event.key === "End" ? hi : steps ? x.back(x.at(chosen[end]) + steps * (box.right - box.left) / 80) : null;
      if (value === null) return;
      event.preventDefault();
      change(end, value);
    });
    handle.addEventListener("pointerdown", event => { handle.setPointerCapture(event.pointerId); handle.dataset.held = "yes"; });
    handle.addEventListener("pointerup", () => { delete handle.dataset.held; });
    handle.addEventListener("pointermove", event => {
      if (handle.dataset.held) change(end, x.back(event.clientX - chart.getBoundingClientRect().left));
    });
  });
  chart.append(...covers, ...handles);
  place();
  view.replaceChildren(chart);
}

function drawDiagram() {
  const { view, note } = section("diagram"), run = openDiagrams(currentRun());
  const shown = run.diagrams.filter(diagram => !state.hiddenDims.has(diagram.dim) && diagram.count);
  note.textContent = "";
  if (!shown.length) return view.replaceChildren(empty("No intervals in the dimensions shown."));
  const every = shown.flatMap(diagram => diagram.death.map((death, row) => ({ dim: diagram.dim, birth: birthOf(diagram, row), death })));
  const points = every.filter(point => isKept(point.birth, point.death));
  const values = every.flatMap(point => point.death === null ? [point.birth] : [point.birth, point.death]);
  let lo = values.reduce((a, b) => Math.min(a, b)), hi = values.reduce((a, b) => Math.max(a, b));
  if (hi === lo) hi = lo + (Math.abs(lo) || 1);
  const pad = (hi - lo) * 0.04, infinite = every.some(point => point.death === null);
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
    chart.append(svg("path", { d, fill: "none", stroke: `var(--dim${diagram.dim})`, "stroke-width": (diagram.dim === 1 ? 5.5 : 6.5) * (points.length > 1000 ? 0.65 : 1),
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
const drawnNote = diagram => diagram.death.length < diagram.count
  ? ` H${diagram.dim}: the ${number(diagram.death.length)} longest of ${number(diagram.count)} are in this page.` : "";
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
  const { view, note } = section("barcode"), run = openDiagrams(currentRun());
  const most = Math.max(0, ...run.diagrams.map(diagram => diagram.death.length));
  const choices = [20, 40, 80, 160].filter((count, index, all) => index === 0 || all[index - 1] < most);
  const limit = Number(offer("bars", choices.map(count => [count, `${count} in each dimension`]), 40));
  const blocks = run.diagrams.filter(diagram => !state.hiddenDims.has(diagram.dim)).map(diagram => {
    const kept = diagram.death.map((death, row) => row).filter(row => isKept(birthOf(diagram, row), diagram.death[row]));
    return { diagram, kept: kept.length, rows: kept.slice(0, limit), count: Math.min(limit, kept.length) };
  });
  note.textContent = "";
  if (!blocks.some(block => block.count)) return view.replaceChildren(empty("No intervals of the dimensions and lengths chosen."));

  const total = blocks.reduce((sum, block) => sum + block.count, 0);
  const pitch = Math.max(3, Math.min(14, 340 / total)), thick = Math.max(1.6, pitch * 0.62), heading = 24;
  let lo = Infinity, hi = -Infinity;
  for (const { diagram, rows } of blocks) for (const row of rows) {
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
  for (const { diagram, count, kept, rows } of blocks) {
    const total = state.lengths ? kept : diagram.count;
    const heads = count < total ? `the ${number(count)} longest of ${number(total)}` : number(count);
    chart.append(svg("text", { class: "strong halo", x: box.left + 4, y: y + 16 }, `H${diagram.dim}: ${heads}`));
    y += heading;
    for (const row of rows) {
      const birth = birthOf(diagram, row), death = diagram.death[row], end = death === null ? box.right : x.at(death);
      const bar = svg("g", { fill: `var(--dim${diagram.dim})` },
        svg("rect", { x: x.at(birth), y, width: Math.max(1, end - x.at(birth)), height: thick }),
        death === null ? svg("path", { d: `M${end} ${y - 3}l9 ${thick / 2 + 3}l-9 ${thick / 2 + 3}z` }) : null);
      chart.append(explain(bar, `H${diagram.dim}\n${intervalText(birth, death)}`));
      y += pitch;
    }
  }
  view.replaceChildren(chart);
  note.textContent = "Sorted by length, essential intervals first (arrow).";
}


// ---- Summaries ----

function drawSummaries() {
  const { view, note } = section("summaries"), found = data.summaries[state.metric];
  if (!offerSection("summaries", Boolean(found))) return;
  const dims = found.betti[0].map((row, dim) => dim);
  const kind = offer("summaries-kind", [["betti", "Betti curves"], ...(data.layers.length > 1 ? [["layers", "Betti curves of all layers"]] : []),
    ...(found.landscapes ? [["landscapes", "landscapes"]] : []), ...(found.images ? [["images", "persistence images"]] : [])]);
  const dim = Number(offer("summaries-dim", dims.map(index => [index, `H${index}`]), dims.includes(1) ? 1 : 0));
  find("#summaries-dim").parentElement.hidden = kind === "betti" || dims.length < 2;
  note.textContent = found.counted ? "Counted here from the diagrams: the result holds no summaries. " : "";
  section("summaries").legend.replaceChildren();
  ({ betti: drawBetti, layers: drawBettiLayers, landscapes: drawLandscapes, images: drawImage })[kind](found, dim, view, note);
}
/** Lines over the grid; `lines`: { label, color, values, width }. */
function lineChart(view, grid, lines, xLabel, yLabel, label) {
  const width = view.clientWidth, height = 320, box = { left: 66, right: width - 20, top: 12, bottom: height - 46 };
  const top = Math.max(...lines.map(line => line.values.reduce((a, b) => Math.max(a, b), 0)), 1e-300);
  const shown = lines.reduce((last, line) => Math.max(last, line.values.findLastIndex(value => value > (line.floor ?? 0))), 1);
  const x = linear(grid[0], grid[Math.min(grid.length - 1, shown + 2)], box.left, box.right), y = linear(0, top * 1.04, box.bottom, box.top);
  const chart = picture(width, height, label, axes(box, x, y, xLabel, yLabel));
  for (const line of lines) {
    const d = polyline(Array.from(line.values, (value, k) => grid[k] <= x.hi ? [x.at(grid[k]), y.at(value)] : null));
    chart.append(explain(svg("path", { d, fill: "none", stroke: line.color, "stroke-width": line.width || 2, "stroke-linejoin": "round", "stroke-opacity": line.opacity || 1 }), line.label));
  }
  view.replaceChildren(chart);
}
const lineLegend = lines => lines.map(line => html("span", null, html("i", { class: "swatch", style: `background:${line.color}` }), line.label));
function drawBetti(found, _, view, note) {
  const lines = found.betti[state.layer].map((values, dim) => ({ label: `H${dim}`, color: `var(--dim${dim})`, values, floor: dim ? 0 : 1 }));
  section("summaries").legend.replaceChildren(...lineLegend(lines));
  // Components outnumber loops by far: each dimension is drawn on its own share of the height.
  const most = lines.map(line => Math.max(...line.values, 1));
  const ratio = Math.max(...most) / Math.min(...most);
  if (ratio < 12 || lines.length < 2) {
    lineChart(view, found.grid, lines, "distance", "Betti number", "Betti curves of this layer");
  } else {
    lineChart(view, found.grid, lines.map((line, k) => ({ ...line, values: line.values.map(value => value / most[k]), floor: line.floor / most[k] })), "distance", "share of the largest", "Betti curves of this layer, each as a share of its largest value");
    note.textContent += `Each curve is drawn as a share of its largest value: ${lines.map((line, k) => `${line.label} ${number(most[k])}`).join(", ")}. `;
  }
  note.textContent += "The number of classes of a dimension that are alive at a distance.";
}
function drawBettiLayers(found, dim, view, note) {
  const last = Math.max(1, data.layers.length - 1);
  const lines = data.layers.map((name, index) => ({ label: name, color: index === state.layer ? "var(--mark)" : rampColor(0.08 + 0.8 * index / last),
    values: found.betti[index][dim], floor: dim ? 0 : 1, width: index === state.layer ? 3 : 1.8 }));
  section("summaries").legend.replaceChildren(...lineLegend(lines.slice(0, 30)));
  lineChart(view, found.grid, [...lines.filter((line, k) => k !== state.layer), lines[state.layer]], "distance", `Betti number, H${dim}`, `Betti curves of dimension ${dim} of all layers`);
  note.textContent += "Layers from dark (input) to light (output); the layer chosen above is red.";
}
function drawLandscapes(found, dim, view, note) {
  const [, n_dims, depth, n_grid] = found.landscapes.shape, values = unpack(found.landscapes.values);
  const lines = Array.from({ length: depth }, (_, k) => {
    const first = ((state.layer * n_dims + dim) * depth + k) * n_grid;
    return { label: `landscape ${k + 1}`, color: rampColor(0.85 * k / Math.max(1, depth - 1)), values: Array.from(values.subarray(first, first + n_grid)) };
  });
  section("summaries").legend.replaceChildren(...lineLegend(lines));
  lineChart(view, found.grid, lines, "distance", "landscape", `Persistence landscapes of dimension ${dim}`);
  note.textContent += "The k-th landscape is the k-th largest of the tents over the intervals.";
}
function drawImage(found, dim, view, note) {
  const [, n_dims, height, width] = found.images.shape, values = unpack(found.images.values);
  const first = (state.layer * n_dims + dim) * height * width, [births, lengths] = found.images.ranges[dim];
  const box = { left: 66, right: 66 + 380, top: 16, bottom: 16 + 380 };
  const x = linear(births[0], births[1], box.left, box.right), y = linear(lengths[0], lengths[1], box.bottom, box.top);
  const address = raster(width, height, (row, column) => values[first + (height - 1 - row) * width + column] / 255);
  view.replaceChildren(picture(580, 450, `Persistence image of dimension ${dim}`, axes(box, x, y, "birth", "length"),
    svg("image", { x: box.left, y: box.top, width: 380, height: 380, preserveAspectRatio: "none", href: address, class: "pixels" }),
    colorBar(box.right + 24, 40, 300, 0, found.images.top[dim] || 1, "density")));
  note.textContent += "One colour scale for all layers.";
}
