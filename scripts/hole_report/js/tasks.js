// ---- Tasks: hierarchy, separability, homogeneity, outliers ----

const attributeWords = { v_measure: "V-measure", min_size: "small: points at most", minority_share: "minority: share below" };
function drawTasks() {
  const runs = data.runs[state.metric], run = currentRun(), tasks = run.tasks || {};
  const has = key => runs.some(found => found && found.tasks && found.tasks[key]);
  const any = ["hierarchy", "separability", "homogeneity", "outliers"].map(key => [key, has(key)]);
  if (!offerSection("tasks", any.some(([, there]) => there))) return;
  for (const [key, there] of any) find(`#task-${key}`).hidden = !there;
  const missing = html("p", { class: "empty" }, "Not in the result for this layer.");
  if (has("hierarchy")) find("#task-hierarchy .view").replaceChildren(...(tasks.hierarchy ? hierarchyView(tasks.hierarchy) : [missing]));
  if (has("separability")) find("#task-separability .view").replaceChildren(separabilityView(runs));
  if (has("homogeneity")) find("#task-homogeneity .view").replaceChildren(...(tasks.homogeneity ? homogeneityView(tasks.homogeneity) : [missing]));
  if (has("outliers")) find("#task-outliers .view").replaceChildren(...(tasks.outliers ? outliersView(tasks.outliers, run) : [missing]));
}
const note = text => html("p", { class: "note" }, text);
/** Order of single linkage over the classes, so that classes that join early stand together. */
function joinOrder(heights) {
  let groups = heights.map((row, index) => [index]);
  const between = (a, b) => Math.min(...a.flatMap(i => b.map(j => heights[i][j] ?? Infinity)));
  while (groups.length > 1) {
    let best = [0, 1, Infinity];
    for (let i = 0; i < groups.length; i++) for (let j = i + 1; j < groups.length; j++) {
      const height = between(groups[i], groups[j]);
      if (height < best[2]) best = [i, j, height];
    }
    const joined = [...groups[best[0]], ...groups[best[1]]];
    groups = groups.filter((group, k) => k !== best[0] && k !== best[1]);
    groups.unshift(joined);
  }
  return groups[0] || [];
}
function hierarchyView({ heights, n_classes, attributes }) {
  const order = heights.length <= 60 ? joinOrder(heights) : heights.map((row, index) => index), names = order.map(className);
  const values = order.map(i => order.map(j => i === j ? null : heights[i][j]));
  const flat = values.flat().filter(value => value !== null);
  if (!flat.length) return [empty("One class: nothing to compare.")];
  const chart = matrix({ values, rows: names, columns: names, low: Math.min(...flat), high: Math.max(...flat), title: "Merge height of classes",
    width: find("#task-hierarchy .view").clientWidth, colors: { rows: order.map(classColor) }, say: value => value === null ? "the same class" : `their largest clusters join at ${number(value)}` });
  const rho = attributes.cophenetic_correlation;
  return [chart, note(`Distance at which the dominant clusters of two classes join, classes in the order in which they do. ` +
    (rho !== undefined ? `Cophenetic correlation of the merge tree with the distances: ${number(rho)}. ` : "") +
    (heights.length < n_classes ? `The first ${heights.length} of ${n_classes} classes.` : ""))];
}
const SEPARABILITY = [["threshold", "t"], ["score", "score"], ["n_clusters", "clusters"], ["best_ari", "best adjusted Rand"], ["best_ari_threshold", "at t"],
  ["best_nmi", "best mutual information"], ["best_nmi_threshold", "at t"], ["gap_ratio", "gap ratio"], ["cross_class_edges", "edges between classes"]];
function separabilityView(runs) {
  const rows = runs.map((run, index) => [run && run.tasks && run.tasks.separability, index]).filter(([found]) => found);
  const shown = SEPARABILITY.filter(([key]) => rows.some(([found]) => found[key] !== undefined));
  const made = table(["Layer", ...shown.map(item => item[1])], rows.map(([found, index]) =>
    [data.layers[index], ...shown.map(([key]) => typeof found[key] === "number" ? number(found[key]) : String(found[key] ?? "–"))]));
  rows.forEach(([, index], k) => { if (index === state.layer) made.tBodies[0].rows[k].classList.add("current"); });
  return made;
}
function homogeneityView({ rows, count, attributes }) {
  const swatch = index => index < 0 ? "–" : html("span", { class: "named" }, html("i", { class: "swatch", style: `background:${classColor(index)}` }), className(index));
  const bar = (share, index) => html("span", { class: "bar" }, html("i", { style: `width:${(100 * share).toFixed(1)}%;background:${classColor(index)}` }), fixed(share));
  const whole = Object.entries(attributes).filter(([, value]) => typeof value === "number").map(([key, value]) => `${attributeWords[key] || key.replaceAll("_", " ")} ${number(value)}`);
  return [html("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Clusters" }, table(["Cluster", "Points", "Dominant class", "Its points", "Purity", "Class entropy"], rows.map(([cluster, size, dominant, n, purity, entropy]) =>
    [String(cluster), size, swatch(dominant), n, purity === null ? "–" : bar(purity, dominant), fixed(entropy)]), [2])),
    note((rows.length < count ? `The ${rows.length} largest of ${number(count)} clusters at t*. ` : "All clusters at t*. ") + (whole.length ? `All points together: ${whole.join(", ")}.` : ""))];
}
const KINDS = ["in a small cluster", "of a minority class"];
function outliersView({ rows, count, kinds, attributes }, run) {
  const sums = Object.entries(kinds).map(([kind, n]) => `${number(n)} ${KINDS[kind] ?? `of kind ${kind}`}`);
  const whole = Object.entries(attributes).filter(([, value]) => typeof value === "number").map(([key, value]) => `${attributeWords[key] || key.replaceAll("_", " ")} ${number(value)}`);
  if (!count) return [empty("No outliers."), note(whole.join(", "))];
  const head = ["Point", ...(rows[0][7] !== null ? ["Sample id"] : []), "Class", "Kind", "Cluster", "Its points", "Joins at", "Joins cluster"];
  const cells = rows.map(([point, kind, cluster, size, at, into, label, id]) => [String(point), ...(id !== null ? [String(id)] : []), label === null || label < 0 ? "–" : className(label),
    KINDS[kind] ?? String(kind), String(cluster), size, typeof at === "number" ? number(at) : "–", into === null || into < 0 ? "–" : String(into)]);
  return [html("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Outliers" }, table(head, cells, [head.indexOf("Class"), head.indexOf("Kind")])),
    note(`${number(count)} of ${number(run.n_points)} points: ${sums.join(", ")}. ` + (rows.length < count ? `The ${rows.length} that join last are listed. ` : "") + (whole.length ? `${whole.join(", ")}.` : ""))];
}
