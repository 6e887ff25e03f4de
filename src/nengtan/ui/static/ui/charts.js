// Draws the charts that Python describes: resolves colours, words tooltips, follows theme, size and printer.
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const drawn = new Map();
const GROWS = 5; // by how many pixels a part of a ring grows under the pointer
const LEGEND_LINE = 22; // pixels from line to line of a legend below a ring
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
let library = null;

function load(url) {
  library ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// "var(--nt-x)" anywhere in the option becomes the colour of the current theme.
function resolve(value) {
  if (typeof value === "string") return value.replace(/^var\((--[\w-]+)\)$/, (_, name) => token(name));
  if (Array.isArray(value)) return value.map(resolve);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v)]));
  return value;
}

function digits(value) {
  const size = Math.abs(value);
  const places = Number.isInteger(value) ? 0 : size < 10 ? 2 : size < 1000 ? 1 : 0;
  return new Intl.NumberFormat("en", { minimumFractionDigits: places, maximumFractionDigits: places }).format(value).replace("-", "−");
}

function axisDigits(value) {
  const chinese = document.documentElement.lang.startsWith("zh");
  if (chinese && Math.abs(value) >= 1e8) return number.format(value / 1e8) + "\u4ebf";
  if (chinese && Math.abs(value) >= 1e5) return number.format(value / 1e4) + "\u4e07";
  return number.format(value).replace("-", "−");
}

// Tooltips are built as elements, never as markup, so that no name can carry markup into the page.
function line(name, value, colour, unit) {
  const row = document.createElement("div");
  const mark = document.createElement("i");
  mark.style.background = colour;
  const figure = document.createElement("span");
  figure.textContent = value === null || value === undefined ? "—" : `${value} ${unit}`.trim();
  row.append(mark, document.createTextNode(name), figure);
  return row;
}

function tip(heading, rows, note) {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const title = document.createElement("b");
  title.textContent = heading;
  box.append(title, ...rows);
  if (note) {
    const words = document.createElement("em");
    words.textContent = note;
    box.append(words);
  }
  return box;
}

function axisTip(meta, items) {
  const shown = items.filter((item) => item.seriesName && !/^series/.test(item.seriesName) && item.value !== null && item.value !== undefined && item.value !== "-");
  const bars = shown.filter((item) => item.seriesType === "bar" && typeof item.value === "number");
  const rowOf = (item) => line(item.seriesName, digits(item.value), item.color, "");
  const sum = bars.reduce((total, item) => total + item.value, 0);
  const rows = meta.total && bars.length > 1
    ? [...bars.map(rowOf), line("Σ", digits(sum), "transparent", meta.unit), ...shown.filter((item) => !bars.includes(item)).map(rowOf)]
    : shown.map(rowOf);
  return tip(items[0].axisValueLabel, rows, rows.length ? "" : "—");
}

function itemTip(meta, item) {
  const value = Array.isArray(item.value) ? item.value[2] : item.value;
  const heading = item.seriesType === "heatmap" ? item.name : item.name.split("  ")[0];
  const label = item.seriesType === "scatter" ? item.seriesName : item.seriesType === "pie" ? `${item.percent}%` : "";
  return tip(heading, [line(label, value === null ? null : digits(value), item.color, meta.unit)], item.data.why);
}

function themed(option, meta, width, height) {
  const ink = token("--nt-ink");
  const muted = token("--nt-muted");
  const narrow = width < 480;
  const text = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: narrow ? 11 : 12, color: muted };
  const full = resolve(option);
  full.textStyle = text;
  full.animation = !still.matches && !document.documentElement.dataset.still;
  full.animationDuration = 300;
  if (full.legend) full.legend = { type: narrow ? "scroll" : "plain", ...full.legend, textStyle: text, pageTextStyle: text, pageIconColor: muted };
  full.tooltip = { appendTo: document.body, confine: true, padding: [8, 10], borderWidth: 1, borderColor: token("--nt-line"), backgroundColor: token("--nt-raised"), ...full.tooltip };
  full.tooltip.formatter = (params) => (Array.isArray(params) ? axisTip(meta, params) : itemTip(meta, params));
  if (full.visualMap) Object.assign(full.visualMap, { textStyle: text, text: [axisDigits(full.visualMap.max), axisDigits(full.visualMap.min)] });
  dashedLegend(full);
  for (const name of ["xAxis", "yAxis"]) if (full[name]) axis(full[name], text, meta, narrow, width, full);
  for (const series of full.series) dress(series, text, ink, meta);
  if (full.series[0].type === "pie" && width >= 280) {
    const room = Math.min(width * 0.26 - GROWS - 4, height / 2 - GROWS - 4, 110);
    full.series[0].radius = [room * 0.64, room];
    full.series[0].emphasis = { scaleSize: GROWS };
    full.legend.textStyle = { ...text, width: width * 0.46 - 28, overflow: "break" };
  }
  if (full.series[0].type === "pie" && width < 280) {
    const words = legendLines(full.legend.data, width, text) * LEGEND_LINE + 6;
    const room = Math.max(Math.min((height - words) / 2 - GROWS - 4, width / 2 - GROWS - 4), 12);
    full.series[0].center = ["50%", room + GROWS + 4];
    full.series[0].radius = [room * 0.64, room];
    full.series[0].emphasis = { scaleSize: GROWS };
    Object.assign(full.legend, { type: "plain", left: "center", top: height - words, orient: "horizontal", itemGap: 8, textStyle: { ...text, lineHeight: LEGEND_LINE - 8 } });
  }
  return full;
}

// How many lines the words of a legend take, one beside the other as far as they fit.
function legendLines(names, width, text) {
  const brush = document.createElement("canvas").getContext("2d");
  brush.font = `${text.fontSize}px ${text.fontFamily}`;
  let lines = 1, used = 0;
  for (const name of names) {
    const wide = brush.measureText(name).width + 32;
    if (used && used + wide > width) [lines, used] = [lines + 1, 0];
    used += wide;
  }
  return lines;
}

// A dashed line is dashed in the legend too.
function dashedLegend(full) {
  if (!full.legend || full.legend.data || !full.series.some((series) => series.lineStyle)) return;
  const icon = "path://M0,5 h7 v2 h-7 z M10,5 h7 v2 h-7 z";
  full.legend.data = full.series.map((series) => (series.lineStyle && series.lineStyle.type === "dashed" ? { name: series.name, icon } : { name: series.name }));
}

function axis(axis, text, meta, narrow, width, full) {
  const line = token("--nt-line");
  axis.axisLine = { ...axis.axisLine, lineStyle: { color: token("--nt-line-strong") } };
  axis.splitLine = { ...axis.splitLine, lineStyle: { color: line, ...(axis.splitLine || {}).lineStyle } };
  const label = { ...text, ...axis.axisLabel };
  if (axis.type === "value") label.formatter = meta.map ? (value) => `${value.toFixed(2)}°` : axisDigits;
  if (label.fit) {
    const room = (width - 70) / axis.data.length;
    Object.assign(label, { width: room - 4, overflow: "break", lineHeight: 14, fontSize: narrow ? 10 : 11 });
    if (room < 64 && axis.data.some((name) => /[A-Za-z]{6}/.test(name))) Object.assign(label, { width: 90, rotate: 38 });
  }
  if (label.name) Object.assign(label, { width: narrow ? 132 : 168, overflow: "truncate", hideOverlap: false });
  if (narrow && axis.data && axis.data.length === 12 && !label.fit && !label.name) Object.assign(label, { fontSize: 10, interval: 0, formatter: (value) => value.replace("\u6708", "").slice(0, 3), rotate: /^[A-Z]/.test(axis.data[0]) ? 45 : 0 });
  axis.axisLabel = label;
  if (axis.splitArea) axis.splitArea = { show: false };
  if (full.series[0].type === "heatmap") axis.splitLine = { show: false };
}

function dress(series, text, ink, meta) {
  if (series.label && series.label.show) {
    Object.assign(series.label, { ...text, color: ink });
    if (series.label.named) series.label.formatter = (item) => item.name;
    else series.label.formatter = (item) => (item.value === null || item.value === undefined ? "" : (series.signed || "") + digits(item.value));
  }
  if (series.markLine) series.markLine.label = { ...series.markLine.label, ...text, color: ink };
  series.cursor = meta.links ? "pointer" : "default";
  if (series.type === "scatter") series.emphasis = { scale: 1.25 };
}

// A map keeps its proportions: one kilometre is as long northwards as eastwards.
function proportion(option, width, height) {
  const [left, right, top, bottom] = [8, 8, 32, 8];
  const x = option.xAxis;
  const y = option.yAxis;
  const eastKm = 111.32 * Math.cos(((y.min + y.max) / 2) * (Math.PI / 180));
  const perKm = Math.min((width - left - right) / ((x.max - x.min) * eastKm), (height - top - bottom) / ((y.max - y.min) * 110.57));
  const widen = (axis, pixels, km) => {
    const middle = (axis.min + axis.max) / 2;
    const half = pixels / perKm / km / 2;
    axis.min = middle - half;
    axis.max = middle + half;
  };
  widen(x, width - left - right, eastKm);
  widen(y, height - top - bottom, 110.57);
  for (const axis of [x, y]) Object.assign(axis, { axisLabel: { ...axis.axisLabel, showMinLabel: false, showMaxLabel: false } });
  return [scaleBar(perKm, width, height), north(width, top)];
}

function scaleBar(perKm, width, height) {
  const wanted = 90 / perKm;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const km = [5, 2, 1].map((step) => step * power).find((step) => step <= wanted);
  const style = { stroke: token("--nt-muted"), fill: "none", lineWidth: 1.5 };
  const length = km * perKm;
  return {
    type: "group", right: 16, bottom: 38, silent: true,
    children: [
      { type: "polyline", shape: { points: [[0, -5], [0, 0], [length, 0], [length, -5]] }, style },
      { type: "text", x: length / 2, y: -6, style: { text: km < 1 ? `${km * 1000} m` : `${km} km`, align: "center", verticalAlign: "bottom", fill: token("--nt-muted"), fontSize: 11 } },
    ],
  };
}

function north(width, top) {
  const style = { fill: token("--nt-muted") };
  return {
    type: "group", right: 16, top: top + 8, silent: true,
    children: [
      { type: "polygon", shape: { points: [[6, 0], [12, 16], [6, 12], [0, 16]] }, style },
      { type: "text", x: 6, y: 18, style: { text: "N", align: "center", fill: token("--nt-muted"), fontSize: 11 } },
    ],
  };
}

function render(figure) {
  const { chart, payload, canvas } = drawn.get(figure);
  const width = canvas.clientWidth;
  if (!width) return;
  const option = themed(payload.option, payload.meta, width, canvas.clientHeight);
  if (payload.meta.map) option.graphic = proportion(option, width, canvas.clientHeight);
  chart.resize();
  chart.setOption(option, { notMerge: true });
}

function open(figure, echarts) {
  const canvas = figure.querySelector(".chart-canvas");
  const data = figure.querySelector("script[type='application/json']");
  if (!canvas || drawn.has(figure)) return;
  const payload = JSON.parse(data.textContent);
  canvas.style.height = `${canvas.dataset.height}px`;
  const chart = echarts.init(canvas, null, { renderer: "svg" });
  chart.on("click", (params) => params.data && params.data.link && location.assign(params.data.link));
  drawn.set(figure, { chart, payload, canvas });
  render(figure);
  let size = [canvas.clientWidth, canvas.clientHeight].join();
  new ResizeObserver(() => {
    const now = [canvas.clientWidth, canvas.clientHeight].join();
    if (now !== size) {
      size = now;
      render(figure);
    }
  }).observe(canvas);
}

function redraw() {
  for (const figure of [...drawn.keys()]) {
    if (figure.isConnected) render(figure);
    else {
      drawn.get(figure).chart.dispose();
      drawn.delete(figure);
    }
  }
}

// The data behind a chart: shown under it, or taken away as CSV ---------------------------------------------------------
function csv(figure) {
  const quote = (text) => {
    const safe = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const plain = (text) => (/^−?[\d,]+(\.\d+)?$/.test(text) ? text.replaceAll(",", "").replace("−", "-") : text);
  const rows = [...figure.querySelectorAll(".chart-data tr")].map((row) => [...row.children].map((cell) => quote(plain(cell.textContent.trim()))).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff" + rows.join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = `${figure.querySelector(".chart-head").firstElementChild.textContent.trim()}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-data], [data-chart-csv]");
  if (!button) return;
  const figure = button.closest("[data-chart]");
  if ("chartCsv" in button.dataset) return csv(figure);
  const data = figure.querySelector(".chart-data");
  data.hidden = !data.hidden;
  button.setAttribute("aria-expanded", String(!data.hidden));
  figure.querySelector("[data-chart-csv]").hidden = data.hidden;
});
document.addEventListener("nengtan:theme", () => requestAnimationFrame(redraw));
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(redraw));
window.addEventListener("beforeprint", redraw);

export async function draw(root, url) {
  const figures = [...root.querySelectorAll("[data-chart]")].filter((figure) => figure.querySelector(".chart-canvas"));
  if (!figures.length) return;
  const echarts = await load(url);
  redraw();
  figures.forEach((figure) => open(figure, echarts));
}
