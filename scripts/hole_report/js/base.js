const data = JSON.parse(document.getElementById("result").textContent);
const state = { layer: 0, metric: data.metrics[0], hiddenDims: new Set(), hiddenCurves: new Set(["class_homogeneity", "completeness"]), lengths: null };
const HATCH = "url(#hatch)";

// ---- Packed numbers ----

const ARRAYS = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, i4: Int32Array };
function unpack({ type, data: text }) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  return new ARRAYS[type](bytes.buffer);
}
/** Births and deaths as plain arrays, null for a death that does not come; done once, for the layers that are looked at. */
function openDiagrams(run) {
  for (const diagram of run.diagrams) if (!Array.isArray(diagram.death)) {
    diagram.death = Array.from(unpack(diagram.death), value => Number.isFinite(value) ? value : null);
    if (diagram.birth) diagram.birth = Array.from(unpack(diagram.birth));
  }
  return run;
}

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
/** `content`: text, or a list of elements. */
function showTip(content, x, y) {
  tip.replaceChildren(...(Array.isArray(content) ? content : [content]));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 16) + "px";
}
const hideTip = () => { tip.hidden = true; };
/** Show `content` (text, or a function that makes elements) to pointer and keyboard. */
function explain(node, content) {
  const made = () => typeof content === "function" ? content() : content;
  node.addEventListener("pointermove", event => showTip(made(), event.clientX, event.clientY));
  node.addEventListener("pointerleave", hideTip);
  node.addEventListener("focus", () => {
    const box = node.getBoundingClientRect();
    showTip(made(), box.right, box.top);
  });
  node.addEventListener("blur", hideTip);
  return node;
}
addEventListener("keydown", event => { if (event.key === "Escape") hideTip(); });
/** Lines of classes with their colour and share, under a bar of the same shares. `counts`: [class, number], largest first. */
function makeUp(counts, size) {
  const known = counts.reduce((sum, item) => sum + item[1], 0), rest = size - known;
  const parts = [...counts, ...(rest > 0 ? [[-1, rest]] : [])];
  return [
    html("div", { class: "shares" }, parts.map(([index, count]) => html("i", { style: `flex:${count} 0 0;background:${classColor(index)}` }))),
    ...parts.map(([index, count]) => html("div", { class: "share" }, html("i", { class: "swatch", style: `background:${classColor(index)}` }),
      html("span", null, index < 0 ? "others" : className(index)), html("b", null, `${number(count)} · ${percent(count / size)}`))),
  ];
}

// ---- Colours of values ----

const RAMP = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"]
  .map(code => [1, 3, 5].map(k => parseInt(code.slice(k, k + 2), 16)));
/** Red, green, blue for a share from 0 (dark) to 1 (light). */
function ramp(share) {
  const place = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), low = Math.min(Math.floor(place), RAMP.length - 2);
  return RAMP[low].map((channel, k) => Math.round(channel + (RAMP[low + 1][k] - channel) * (place - low)));
}
const rampColor = share => `rgb(${ramp(share).join(",")})`;
const inkOn = share => share > 0.55 ? "#1c2129" : "#ffffff";
/** Picture of [rows, columns] shares, as the address of an image made in the page. */
function raster(columns, rows, shareAt) {
  const canvas = document.createElement("canvas"), at = canvas.getContext("2d");
  canvas.width = columns;
  canvas.height = rows;
  const image = at.createImageData(columns, rows);
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
    const share = shareAt(y, x), k = 4 * (y * columns + x);
    [image.data[k], image.data[k + 1], image.data[k + 2]] = ramp(share);
    image.data[k + 3] = Number.isFinite(share) ? 255 : 0;
  }
  at.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
/** Vertical colour bar with ticks, values from `low` below to `high` above. */
function colorBar(x, top, height, low, high, title) {
  const scale = linear(low, high, top + height, top), width = 12;
  const inner = ticks(scale, Math.max(2, Math.floor(height / 60))).filter(([value]) => Math.min(scale.at(value) - top, top + height - scale.at(value)) > 22);
  const marks = [[low, number(Number(low.toPrecision(3)))], ...inner, [high, number(Number(high.toPrecision(3)))]];
  return svg("g", { "aria-hidden": "true" },
    svg("text", { class: "tick", x, y: top - 8 }, title),
    svg("image", { x, y: top, width, height, preserveAspectRatio: "none", href: raster(1, 128, row => 1 - row / 127) }),
    marks.map(([value, label]) => svg("text", { class: "tick", x: x + width + 6, y: scale.at(value) + 4 }, label)));
}

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
    for (let power = Math.floor(Math.log10(scale.lo)); 10 ** power <= scale.hi; power++) all.push(...[1, 2, 5].map(m => Number(`${m}e${power}`)));
    const inside = all.filter(value => value >= scale.lo && value <= scale.hi);
    const tens = inside.filter(value => String(value).replace(/[0.]|e.*/g, "") === "1");
    const shown = inside.length <= count || tens.length < 2 ? inside : tens.filter((value, k) => k % Math.ceil(tens.length / count) === 0);
    return inside.length < 2 ? ticks({ lo: scale.lo, hi: scale.hi }, count) : shown.map(value => [value, number(value)]);
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
/** Show the section, or hide it with its link where the whole result has nothing for it. */
function offerSection(id, isThere) {
  find("#" + id).hidden = !isThere;
  for (const link of document.querySelectorAll(`nav a[href="#${id}"]`)) link.hidden = !isThere;
  return isThere;
}
/** Buttons that switch something on and off; `entries`: [key, label, swatch style or null]. */
function toggles(entries, hidden, redraw) {
  return entries.map(([key, label, style, extra]) => {
    const button = html("button", { type: "button", "aria-pressed": !hidden.has(key), "data-key": key },
      style ? html("i", { class: "swatch" + (extra || ""), style }) : null, label);
    button.addEventListener("click", () => {
      hidden[hidden.has(key) ? "delete" : "add"](key);
      const where = button.parentElement;
      redraw();
      find(`[data-key="${CSS.escape(String(key))}"]`, where)?.focus();
    });
    return button;
  });
}
/** Table from a head and rows of cells (text, number or element); the first cell of a row is its title; columns of words stand left. */
function table(head, rows, words = []) {
  const side = k => words.includes(k) ? "word" : null;
  return html("table", null, html("thead", null, html("tr", null, head.map((text, k) => html("th", { scope: "col", class: side(k) }, text)))),
    html("tbody", null, rows.map(row => html("tr", null, row.map((cell, k) =>
      k ? html("td", { class: side(k) }, typeof cell === "number" || cell === null ? number(cell) : cell) : html("th", { scope: "row" }, cell))))));
}
const empty = text => html("p", { class: "empty" }, text);
const currentRun = () => data.runs[state.metric][state.layer];
const fixed = value => value === null || value === undefined ? "–" : value.toFixed(3);
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

