// The wall screen: draws what the server tells, keeps the time, says when its figures are old, and finds back by itself.
const place = document.body;
const STALE_MS = 3 * 60 * 1000; // figures older than this are said to be old: the server renews them once a minute
const RETRY_MS = 15000;
const SILENT_MS = 60000; // a stream that says nothing for so long is opened again
const COLOURS = { fine: "#45b39c", warn: "#f0b85c", bad: "#ff6f61", unknown: "#8494a8", none: "#3d556e" };
const LINE = "#1c2c3e";
const MUTED = "#9aa7b8";
const BLUE = "#5b9cf5";
const drawn = new Map();
let told = JSON.parse(document.getElementById("wall-data").textContent);
let heard = Date.now();
let fresh = Date.now();
let stream = null;
let later = null;
const born = Date.now();

const part = (name) => document.querySelectorAll(`[data-part="${name}"]`);
const write = (name, text) => part(name).forEach((node) => node.textContent !== text && (node.textContent = text));
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function fill(name, children) {
  part(name).forEach((node) => node.replaceChildren(...children));
}

// Charts: one of each for the life of the page; each drawing replaces the one before.
function chart(name, option) {
  const canvas = document.querySelector(`[data-chart="${name}"]`);
  if (!drawn.has(name)) drawn.set(name, window.echarts.init(canvas, null, { renderer: "canvas" }));
  const made = drawn.get(name);
  made.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(place).fontFamily, fontSize: rem() * 1.125, color: MUTED }, ...option }, { notMerge: true });
}

const axis = (more) => ({ axisLine: { lineStyle: { color: "#34465c" } }, axisTick: { show: false }, splitLine: { lineStyle: { color: LINE } }, axisLabel: { fontSize: rem() * 1.0625, color: MUTED, hideOverlap: true }, ...more });
const short = (value) => (document.documentElement.lang.startsWith("zh") && Math.abs(value) >= 1e4 ? `${+(value / 1e4).toFixed(2)}\u4e07` : value.toLocaleString("en"));

function drawLoad() {
  const hours = told.load.band.map((one, at) => [at, one]).filter(([, one]) => one);
  const at = (hour) => hour * 4 + 2;
  const low = hours.map(([hour, one]) => [at(hour), one[0]]);
  const wide = hours.map(([hour, one]) => [at(hour), one[2] - one[0]]);
  const mean = hours.map(([hour, one]) => [at(hour), one[1]]);
  const quiet = { type: "line", symbol: "none", silent: true, smooth: 0.3, lineStyle: { width: 0 } };
  chart("load", {
    grid: { left: rem() * 0.25, right: rem() * 1.6, top: rem() * 0.9, bottom: rem() * 0.1, containLabel: true },
    xAxis: axis({ type: "value", min: 0, max: 96, interval: 24, axisLabel: { fontSize: rem() * 1.0625, color: MUTED, formatter: (value) => `${value / 4}:00` } }),
    yAxis: axis({ type: "value", min: 0, splitNumber: 4, axisLabel: { fontSize: rem() * 1.0625, color: MUTED, formatter: short } }),
    series: [
      { ...quiet, stack: "band", data: low },
      { ...quiet, stack: "band", data: wide, areaStyle: { color: "#33506f", opacity: 0.55 } },
      { ...quiet, data: mean, lineStyle: { width: rem() * 0.1, color: "#7790ad", type: "dashed" } },
      { type: "line", symbol: "none", silent: true, data: told.load.curve.map(([quarter, value]) => [quarter + 0.5, value]), lineStyle: { width: rem() * 0.24, color: BLUE }, z: 5 },
    ],
  });
}

function drawItems() {
  chart("items", {
    grid: { left: rem() * 0.25, right: rem() * 3.4, top: rem() * 0.4, bottom: 0, containLabel: true },
    xAxis: { type: "value", show: false, min: 0 },
    yAxis: axis({ type: "category", inverse: true, data: told.items.map((one) => one.name), axisLine: { show: false }, axisLabel: { fontSize: rem() * 1.25, color: "#d8e0ea", width: rem() * 10, overflow: "truncate" } }),
    series: [{ type: "bar", silent: true, barWidth: "46%", itemStyle: { color: BLUE, borderRadius: rem() * 0.2 }, data: told.items.map((one) => one.share),
      label: { show: true, position: "right", color: "#e6ebf2", fontSize: rem() * 1.3, formatter: (item) => told.items[item.dataIndex].text } }],
  });
}

// One kilometre is as long northwards as eastwards.
function bounds(places, canvas) {
  const lons = places.map((one) => one.lon);
  const lats = places.map((one) => one.lat);
  const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
  const east = Math.cos((middle(lats) * Math.PI) / 180);
  const spread = (values) => Math.max((Math.max(...values) - Math.min(...values)) * 1.12, 0.01);
  const perPixel = Math.max((spread(lons) * east) / canvas.clientWidth, spread(lats) / canvas.clientHeight);
  const half = [(perPixel * canvas.clientWidth) / east / 2, (perPixel * canvas.clientHeight) / 2];
  return { x: [middle(lons) - half[0], middle(lons) + half[0]], y: [middle(lats) - half[1], middle(lats) + half[1]] };
}

function dot(one) {
  const size = one.state === "none" ? 0.7 : 1 + 2.1 * one.size;
  return { name: one.name, value: [one.lon, one.lat], symbolSize: rem() * size, itemStyle: { color: COLOURS[one.state], opacity: one.state === "none" ? 0.9 : 0.88 } };
}

function drawMap() {
  if (!told.places.length) return;
  const canvas = document.querySelector('[data-chart="map"]');
  const edge = bounds(told.places, canvas);
  const hidden = (range) => ({ type: "value", min: range[0], max: range[1], show: false });
  const alarmed = told.places.filter((one) => one.alarm);
  const named = told.places.filter((one) => one.state === "bad" || one.alarm).sort((a, b) => b.size - a.size).slice(0, 8);
  const middle = (edge.x[0] + edge.x[1]) / 2;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  chart("map", {
    grid: { left: 0, right: 0, top: 0, bottom: 0 },
    xAxis: hidden(edge.x), yAxis: hidden(edge.y),
    series: [
      { type: "scatter", silent: true, z: 2, data: told.places.filter((one) => one.state === "none").map(dot) },
      { type: "scatter", silent: true, z: 4, data: told.places.filter((one) => one.state !== "none").map(dot) },
      { type: still ? "scatter" : "effectScatter", silent: true, z: 3, showEffectOn: "render", rippleEffect: { period: 5, scale: 1.9, brushType: "stroke", number: 2 },
        data: alarmed.map((one) => ({ ...dot(one), itemStyle: { color: "#ff6f61", opacity: 0.55 } })) },
      { type: "scatter", silent: true, z: 6, symbolSize: rem() * 0.1, itemStyle: { color: "transparent" }, labelLayout: { moveOverlap: "shiftY" },
        data: named.map((one) => ({ value: [one.lon, one.lat], label: { show: true, position: one.lon > middle ? "left" : "right", distance: rem() * (0.7 + one.size), formatter: one.state === "bad" ? `${one.name} ${one.ratio}` : one.name, fontSize: rem() * 1.25, color: one.state === "bad" ? "#ff9b93" : "#e6ebf2", textBorderColor: "#101c29", textBorderWidth: rem() * 0.2 } })) },
    ],
  });
}

function drawCarbon() {
  const months = told.carbon.months.map((_value, at) => String(at + 1));
  const line = (data, colour, dashed) => ({ type: "line", symbol: "none", silent: true, data, lineStyle: { width: rem() * (dashed ? 0.14 : 0.22), color: colour, type: dashed ? "dashed" : "solid" }, areaStyle: dashed ? undefined : { color: colour, opacity: 0.12 } });
  chart("carbon", {
    grid: { left: rem() * 0.25, right: rem() * 0.9, top: rem() * 0.7, bottom: 0, containLabel: true },
    xAxis: axis({ type: "category", boundaryGap: false, data: months }),
    yAxis: axis({ type: "value", min: 0, splitNumber: 3, axisLabel: { fontSize: rem() * 1.0625, color: MUTED, formatter: short } }),
    series: [line(told.carbon.before, "#8494a8", true), line(told.carbon.months, "#63c184", false)],
  });
}

function writeAll() {
  fill("sentence", told.sentence.flatMap((one) => [document.createTextNode(one.words), element("b", one.figure, one.tone && `is-${one.tone}`)]));
  write("load", told.load.now);
  write("load-unit", told.load.unit);
  write("load-at", told.load.at);
  write("count", String(told.count));
  write("carbon", told.carbon.now);
  write("carbon-note", told.carbon.note);
  write("carbon-line", told.carbon.line);
  part("carbon-line").forEach((node) => node.classList.toggle("is-less", Boolean(told.carbon.less)));
  write("lasting", String(told.lasting));
  fill("ranking", told.ranking.map((one) => {
    const row = element("li", "", one.ratio < 1 ? "is-below" : `is-${one.state}`);
    row.append(element("span", one.name), element("em", one.used), element("b", one.text));
    return row;
  }));
  const none = document.querySelector('[data-part="alarms"]').dataset.none;
  fill("alarms", told.alarms.length ? told.alarms.map((one) => {
    const row = element("li", "", `is-${one.severity}`);
    row.append(element("i"), element("span", `${one.where} ${one.title}`), element("small", [one.since, one.extra].filter(Boolean).join(" \u00b7 ")));
    return row;
  }) : [element("li", `\u2713 ${none}`, "is-none")]);
  fits();
}

// A list shows whole lines only: what does not fit is left out, and the number beside the heading says how many there are.
function fits() {
  for (const list of document.querySelectorAll(".wall-alarms, .wall-ranks")) {
    for (const row of list.children) row.hidden = false;
    const bottom = list.getBoundingClientRect().bottom + 1;
    for (const row of [...list.children].reverse()) if (list.scrollHeight > list.clientHeight + 1 || row.getBoundingClientRect().bottom > bottom) row.remove();
  }
}

function draw() {
  writeAll();
  if (!window.echarts) return;
  drawLoad();
  drawItems();
  drawMap();
  drawCarbon();
}

// What the region's time is ahead of UTC [ms]: "…+08:00" at the end of a moment.
function offset(moment) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(moment) || [0, "+", 0, 0];
  return (sign === "-" ? -1 : 1) * (hours * 60 + Number(minutes)) * 60000;
}

function tick() {
  const now = new Date(Date.now() + offset(told.made));
  const two = (value) => String(value).padStart(2, "0");
  write("day", `${two(now.getUTCMonth() + 1)}-${two(now.getUTCDate())}`);
  write("clock", `${two(now.getUTCHours())}:${two(now.getUTCMinutes())}`);
  if (Date.now() - fresh > STALE_MS) old("old");
  if (Date.now() - heard > SILENT_MS && !later) begin();
  // Once a day, at four, the page begins anew where the server answers: nothing can pile up in a browser for weeks.
  if (now.getUTCHours() === 4 && Date.now() - born > 20 * 3600 * 1000 && Date.now() - fresh < STALE_MS) location.reload();
}

function old(kind) {
  part("stale").forEach((node) => {
    node.hidden = !kind;
    if (kind) node.textContent = node.dataset[kind].replace("{time}", told.made.slice(11, 16));
  });
}

function take(event) {
  try {
    told = JSON.parse(event.data);
  } catch {
    return;
  }
  heard = fresh = Date.now();
  old("");
  draw();
}

// An answer that ended is no fault: the browser asks again by itself. One that was refused is: signed out, or no server.
async function failed() {
  if (stream.readyState !== EventSource.CLOSED) return;
  stream.close();
  if (!later) later = setTimeout(begin, RETRY_MS);
  try {
    const answer = await fetch(place.dataset.live, { redirect: "manual", headers: { Accept: "text/event-stream" } });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) old("out");
  } catch {
    // No network: the notice of old figures comes by itself.
  }
}

function begin() {
  clearTimeout(later);
  later = null;
  heard = Date.now();
  if (stream) stream.close();
  stream = new EventSource(place.dataset.live);
  stream.onmessage = take;
  stream.onopen = () => (heard = Date.now());
  stream.onerror = failed;
}

let resizing = null;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    for (const one of drawn.values()) one.resize();
    draw();
  }, 200);
});
window.addEventListener("pagehide", () => stream && stream.close());
tick();
setInterval(tick, 1000);
draw();
if (!window.echarts) window.addEventListener("load", draw);
begin();
