// The page of a return: every change is kept on this device first, then sent; what the rules say comes back with it.
const root = document.querySelector("[data-return]");
const state = document.getElementById("save-state");
const bar = document.getElementById("bar");
const KEY = `nengtan:return:${root.dataset.return}:${root.dataset.person}`;
const WINDOW = Math.random().toString(36).slice(2);
const OWN = `${KEY}:${WINDOW}`;
const tokenOf = (page) => JSON.parse(page.body.getAttribute("hx-headers"))["X-CSRFToken"];
let token = tokenOf(document);
const RETRY = 5000;
const PAUSE = 350;
const ANSWER = 200;
let sending = false;

const boxes = () => [...root.querySelectorAll("[data-cell]")];
const box = (name) => document.getElementById(`cell-${name}`);
const row = (name) => document.getElementById(`row-${name}`);

// Kept on this device until the server has it: name of the cell -> {text, seen, refused}. Each window keeps its own, so
// that two windows of one person are two people to each other; what no open window keeps is taken over at the start. ----
function waiting() {
  return JSON.parse(localStorage.getItem(OWN) || "{}");
}

function keep(cells) {
  if (Object.keys(cells).length) localStorage.setItem(OWN, JSON.stringify(cells));
  else localStorage.removeItem(OWN);
  hold();
}

const windows = "BroadcastChannel" in window ? new BroadcastChannel(KEY) : null;
const others = new Set();
windows?.addEventListener("message", ({ data }) => {
  if (data.asks) windows.postMessage({ here: WINDOW });
  else others.add(`${KEY}:${data.here}`);
});

async function takeOver() {
  windows?.postMessage({ asks: WINDOW });
  if (windows) await new Promise((resolve) => setTimeout(resolve, ANSWER));
  const mine = waiting();
  for (const key of Object.keys(localStorage)) {
    if (key === OWN || others.has(key) || !(key === KEY || key.startsWith(`${KEY}:`))) continue;
    for (const [name, cell] of Object.entries(JSON.parse(localStorage.getItem(key)))) mine[name] ??= cell;
    localStorage.removeItem(key);
  }
  keep(mine);
}

// A step does not look ready while something typed is not stored -----------------------------------------------------------
const isDirty = (field) => field.defaultText !== undefined && field.value !== field.defaultText;

const unsaid = () =>
  [...root.querySelectorAll("form[data-explain]")].find(
    (form) => form.elements.text.value !== form.elements.text.defaultValue || form.elements.evidence.files.length > 0,
  );

function hold() {
  const said = unsaid();
  bar.classList.toggle("is-held", Boolean(said) || sending || Object.keys(waiting()).length > 0 || boxes().some(isDirty));
  if (said && state.textContent === state.dataset.saved) state.textContent = state.dataset.unsaid;
  root.dispatchEvent(new CustomEvent("nengtan:changed"));
}

function put(name, text, seen) {
  const cells = waiting();
  cells[name] = { text, seen };
  keep(cells);
}

function drop(name) {
  const cells = waiting();
  delete cells[name];
  keep(cells);
}

function tell(what, count) {
  state.textContent = count ? state.dataset[what].replace("{n}", count) : state.dataset[what];
  state.classList.toggle("text-warn", what === "waiting" || what === "signedOut");
  state.classList.toggle("text-bad", what === "refused");
  hold();
}

function tellCount() {
  const refused = Object.values(waiting()).filter((cell) => cell.refused).length;
  if (refused) tell("refused", refused);
  else tell("saved");
}

// Sending, one request at a time ----------------------------------------------------------------------------------------
let again = null;

// Whoever signed in anew in another window has a new token: the page takes it over and asks once more.
async function renewed() {
  const page = await fetch(location.href, { redirect: "manual" });
  if (!page.ok) throw new SignedOut();
  token = tokenOf(new DOMParser().parseFromString(await page.text(), "text/html"));
}

async function post(address, body, again = true) {
  const headers = { "X-CSRFToken": token };
  if (!(body instanceof FormData)) headers["Content-Type"] = "application/json";
  else if (body.has("csrfmiddlewaretoken")) body.set("csrfmiddlewaretoken", token);
  const answer = await fetch(address, { method: "POST", headers, body, redirect: "manual" });
  if (answer.status === 403 && again) {
    await renewed();
    return post(address, body, false);
  }
  if (answer.type === "opaqueredirect") throw new SignedOut();
  if (answer.status >= 500) throw new TypeError("server");
  return answer;
}

class SignedOut extends Error {}

async function flush() {
  const cells = Object.entries(waiting()).filter(([, cell]) => !cell.refused);
  if (sending || !cells.length) return cells.length ? undefined : tellCount();
  sending = true;
  clearTimeout(again);
  tell("saving");
  const sent = cells.map(([cell, { text, seen }]) => ({ cell, text, seen }));
  try {
    const answer = await post(root.dataset.save, JSON.stringify({ cells: sent }));
    const told = await answer.json();
    if (told.closed) closed(sent, told.closed);
    else stored(sent, told);
  } catch (error) {
    again = setTimeout(flush, RETRY);
    tell(error instanceof SignedOut ? "signedOut" : "waiting", error instanceof SignedOut ? 0 : cells.length);
    sent.forEach(({ cell }) => box(cell)?.classList.add("is-waiting"));
    sending = false;
    return;
  }
  sending = false;
  if (Object.values(waiting()).some((cell) => !cell.refused)) flush();
  else tellCount();
}

function stored(sent, told) {
  const cells = waiting();
  for (const { cell, text } of sent) {
    box(cell)?.classList.remove("is-waiting");
    const changedSince = cells[cell] && cells[cell].text !== text;
    if (told.refused[cell] || told.conflicts[cell]) {
      cells[cell] = { ...cells[cell], refused: true };
      continue;
    }
    if (!changedSince) delete cells[cell];
    else cells[cell].seen = told.stored[cell];
    if (box(cell)) box(cell).dataset.version = told.stored[cell];
  }
  keep(cells);
  show(told);
  for (const { cell, text } of sent) {
    fault(cell, told.refused[cell] || "");
    if (told.conflicts[cell]) conflict(cell, text, told.conflicts[cell]);
  }
}

function closed(sent, words) {
  const cells = waiting();
  for (const { cell } of sent) {
    cells[cell].refused = true;
    fault(cell, words);
  }
  keep(cells);
}

// Showing what the server says --------------------------------------------------------------------------------------------
function show(told) {
  document.getElementById("summary").innerHTML = told.summary;
  replace(document.getElementById("bar"), told.bar);
  const cells = waiting();
  for (const [name, parts] of Object.entries(told.parts)) {
    const field = box(name);
    if (!field) continue;
    field.classList.remove("is-invalid", "is-doubtful", "is-filled");
    if (parts.mark) field.classList.add(parts.mark);
    if (!cells[name] && !isDirty(field)) {
      // A version is taken over with the figure it is of, never under a figure that is being typed.
      field.dataset.version = told.cells[name].version;
      if (field.value !== told.cells[name].shown) field.value = told.cells[name].shown;
      field.defaultText = field.value;
    }
    for (const [part, html] of Object.entries(parts)) {
      const place = row(name).querySelector(`[data-part="${part}"]`) || (row(name).dataset.part === part ? row(name) : null);
      if (place) replace(place, html);
    }
  }
}

function replace(place, html) {
  if (place.dataset.html === html) return;
  if (place.querySelector(".explain label.has-file, details[open]")) return;
  const typed = new Map([...place.querySelectorAll("[data-explain] [name=text]")].map((field) => [field.form.dataset.explain, field]));
  const focused = document.activeElement?.closest?.("[data-explain]")?.dataset.explain;
  place.innerHTML = html;
  place.dataset.html = html;
  window.htmx?.process(place);
  for (const field of place.querySelectorAll("[data-explain] [name=text]")) {
    const before = typed.get(field.form.dataset.explain);
    if (before && before.value !== before.defaultValue) field.value = before.value;
    if (before && field.form.dataset.explain === focused) field.focus();
  }
}

function fault(name, words) {
  const place = row(name)?.querySelector("[data-fault]");
  if (!place) return;
  place.textContent = words;
  box(name).setAttribute("aria-invalid", String(Boolean(words)));
  if (words) box(name).classList.add("is-invalid");
}

function conflict(name, mine, theirs) {
  const note = document.getElementById("conflict").content.cloneNode(true).firstElementChild;
  note.querySelector("[data-words]").textContent = theirs.words;
  note.querySelector("[data-mine]").textContent = mine || "—";
  note.querySelector("[data-keep-theirs]").addEventListener("click", () => {
    drop(name);
    box(name).value = box(name).defaultText = theirs.shown;
    box(name).dataset.version = theirs.version;
    fault(name, "");
    tellCount();
  });
  note.querySelector("[data-write-mine]").addEventListener("click", () => {
    put(name, mine, theirs.version);
    fault(name, "");
    flush();
  });
  row(name).querySelector("[data-fault]").replaceChildren(note);
}

// Typing: the rules answer after a pause; a change is stored when the cell is left --------------------------------------------
let asked = 0;
let pause = null;

function check() {
  clearTimeout(pause);
  pause = setTimeout(async () => {
    const mine = ++asked;
    const open = { ...waiting() };
    for (const field of boxes()) if (field.value !== field.defaultText) open[field.dataset.cell] = { text: field.value, seen: 0 };
    const cells = Object.entries(open).map(([cell, { text }]) => ({ cell, text, seen: 0 }));
    try {
      const told = await (await post(root.dataset.check, JSON.stringify({ cells }))).json();
      if (mine === asked && !sending) preview(told);
    } catch {
      // Offline: the remarks come when the cell is stored.
    }
  }, PAUSE);
}

function preview(told) {
  document.getElementById("summary").innerHTML = told.summary;
  for (const [name, parts] of Object.entries(told.parts)) {
    if (!box(name)) continue;
    box(name).classList.remove("is-invalid", "is-doubtful", "is-filled");
    if (parts.mark) box(name).classList.add(parts.mark);
    for (const part of ["change", "price", "remarks"]) {
      const place = row(name).querySelector(`[data-part="${part}"]`);
      if (place) replace(place, parts[part]);
    }
    if (document.activeElement === box(name)) fault(name, told.refused[name] || "");
    else if (told.refused[name]) box(name).classList.add("is-invalid");
  }
}

function entered(field) {
  if (field.value === field.defaultText) return;
  field.defaultText = field.value;
  put(field.dataset.cell, field.value, Number(field.dataset.version));
  flush();
}

root.addEventListener("input", (event) => {
  if (event.target.dataset.cell) {
    hold();
    check();
  }
  if (event.target.closest("form[data-explain]")) hold();
  if (event.target.type === "file") attached(event.target);
});

// A file is kept as soon as it is chosen, where there is something said that it proves.
function attached(field) {
  const label = field.closest("label");
  label.classList.toggle("has-file", field.files.length > 0);
  label.dataset.file = field.files[0]?.name || "";
  if (!field.files.length) return;
  if (field.form.elements.text.value.trim()) field.form.requestSubmit();
  else field.form.elements.text.focus();
}

root.addEventListener("change", (event) => {
  if (event.target.dataset.cell) entered(event.target);
});

// Keys: from cell to cell ----------------------------------------------------------------------------------------------------
function neighbour(field, step) {
  const all = boxes().filter((one) => one.offsetParent);
  return all[all.indexOf(field) + step];
}

root.addEventListener("keydown", (event) => {
  if (!event.target.dataset.cell || event.isComposing) return;
  const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = neighbour(event.target, step);
  if (next) {
    next.focus();
    next.select();
  } else entered(event.target);
});

// Paste: a block copied from a sheet goes down the cells, empty ones left out. Among data rooms, which stand in the rows
// of their form, each row goes into a room of its own; or each column, where there are more rows than rooms. -------------------
const room = (field) => field.dataset.cell.split(".").slice(0, -1).join(".");

function rooms(field) {
  const of = new Map();
  for (const one of boxes()) if (room(one)) of.set(room(one), [...(of.get(room(one)) || []), one]);
  return [...of.values()].slice([...of.keys()].indexOf(room(field)));
}

function places(field, block) {
  const wide = Math.max(...block.map((line) => line.length));
  if (!room(field)) return { at: placed(block, (row, column, count) => neighbour(field, count)), over: 0 };
  const here = rooms(field);
  const first = here[0].indexOf(field);
  if (block.length === 1 || wide === 1) return { at: placed(block, (row, column, count) => here[0][first + count]), over: 0 };
  const across = block.length > here.length && wide <= here.length;
  const of = (row, column) => (across ? here[column]?.[first + row] : here[row]?.[first + column]);
  return { at: placed(block, of), over: across ? 0 : Math.max(block.length - here.length, 0) };
}

function placed(block, of) {
  let count = 0;
  return block.flatMap((line, row) => line.map((text, column) => ({ text, field: of(row, column, count++) })));
}

root.addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text/plain") || "";
  if (!event.target.dataset.cell || !/[\n\t]/.test(text.trim())) return;
  event.preventDefault();
  const block = text.replace(/\r/g, "").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
  const { at, over } = places(event.target, block);
  for (const { text: typed, field } of at) {
    if (!field || !typed.trim()) continue;
    field.value = typed.trim();
    field.defaultText = field.value;
    put(field.dataset.cell, field.value, Number(field.dataset.version));
  }
  const note = root.querySelector("[data-over]");
  if (note) note.textContent = over ? `${note.dataset.over} ${over}` : "";
  flush();
});

// A click writes what a finding expects ------------------------------------------------------------------------------------------
root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-suggest]");
  if (!button) return;
  const field = button.closest("tr").querySelector("[data-cell]");
  field.value = button.dataset.suggest;
  entered(field);
});

// Explanations ---------------------------------------------------------------------------------------------------------------
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-explain]")) return;
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const told = await (await post(form.action, new FormData(form))).json();
    if (told.seen !== undefined) form.elements.seen.value = told.seen;
    if (told.closed) throw new Error(told.closed);
    form.elements.seen.value = form.elements.text.value;
    form.querySelector("label").classList.remove("has-file");
    form.elements.evidence.value = "";
    form.elements.text.defaultValue = form.elements.text.value;
    show(told);
  } catch (error) {
    button.disabled = false;
    if (error instanceof SignedOut) tell("signedOut");
    else if (error instanceof TypeError) tell("waiting", 1);
    else form.elements.text.setCustomValidity(error.message), form.elements.text.reportValidity();
  }
});
document.addEventListener("input", (event) => event.target.setCustomValidity?.(""));

// A step is taken only when everything typed is stored --------------------------------------------------------------------------
document.addEventListener("submit", async (event) => {
  if (!["step", "step-reason", "accept"].includes(event.target.id) || event.target.dataset.ready) return;
  document.activeElement?.blur?.();
  const said = unsaid();
  if (said) {
    event.preventDefault();
    said.scrollIntoView({ block: "center" });
    said.requestSubmit();
    return;
  }
  if (!Object.keys(waiting()).length && !sending) return;
  event.preventDefault();
  const { target, submitter } = event;
  await flush();
  for (let tries = 0; tries < 50 && sending; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  const open = Object.keys(waiting());
  if (open.length) return (box(open[0]) || state).scrollIntoView({ block: "center" });
  target.dataset.ready = "yes";
  target.requestSubmit(submitter);
}, true);

// What an earlier visit could not send comes back into its cells ----------------------------------------------------------------
async function start() {
  for (const field of boxes()) field.defaultText = field.value;
  await takeOver();
  const cells = waiting();
  for (const [name, cell] of Object.entries(cells)) {
    delete cell.refused;
    const field = box(name);
    if (field) {
      field.value = field.defaultText = cell.text;
      field.classList.add("is-waiting");
    } else delete cells[name];
  }
  keep(cells);
  flush();
}

window.addEventListener("online", flush);
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
window.addEventListener("beforeunload", (event) => {
  if (document.activeElement?.dataset?.cell && document.activeElement.value !== document.activeElement.defaultText) {
    put(document.activeElement.dataset.cell, document.activeElement.value, Number(document.activeElement.dataset.version));
  }
  if (sending) event.preventDefault();
});
start();
