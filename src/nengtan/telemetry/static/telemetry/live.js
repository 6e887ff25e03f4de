// Keeps the cells of meters up to date. The server answers with one event and ends; EventSource asks again by itself.
const place = document.querySelector("[data-live]");
let stream = null;
let later = null;

function codes() {
  return [...new Set([...document.querySelectorAll("[data-live-cell='value']")].map((cell) => cell.dataset.meter))];
}

function say(state) {
  const line = document.querySelector("[data-live-line]");
  if (!line) return;
  line.textContent = line.dataset[state];
  line.className = `judgement is-${state === "on" ? "good" : "warn"}`;
}

function show(cell, text) {
  if (cell.textContent === text) return;
  cell.textContent = text;
  cell.classList.remove("is-fresh");
  requestAnimationFrame(() => cell.classList.add("is-fresh"));
}

function take(event) {
  say("on");
  const told = JSON.parse(event.data);
  for (const cell of document.querySelectorAll("[data-live-cell]")) {
    const found = told[cell.dataset.meter];
    if (!found) continue;
    show(cell, found[cell.dataset.liveCell] || "—");
    const badge = cell.closest(".judgement");
    if (badge && cell.dataset.liveCell === "state") badge.className = `judgement is-${found.judgement}`;
  }
}

function begin() {
  clearTimeout(later);
  if (stream) stream.close();
  const wanted = codes();
  if (!wanted.length || document.hidden) return;
  stream = new EventSource(`${place.dataset.live}?meters=${encodeURIComponent(wanted.join(","))}`);
  stream.onmessage = take;
  stream.onopen = () => say("on");
  stream.onerror = () => {
    // An answer that ended is no fault: the browser is waiting to ask again. One that was refused is.
    if (stream.readyState !== EventSource.CLOSED) return;
    say("off");
    later = setTimeout(begin, 15000);
  };
}

document.addEventListener("htmx:afterSwap", begin);
document.addEventListener("visibilitychange", begin);
window.addEventListener("pagehide", () => stream && stream.close());
begin();
