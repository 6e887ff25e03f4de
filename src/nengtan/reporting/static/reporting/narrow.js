// Of a long return only the lines that want something: mandatory and empty, to be mended or explained, not stored, changed.
const root = document.querySelector("[data-return]");
const bar = document.getElementById("narrow");
const none = document.getElementById("narrow-none");
const only = bar.querySelector("input");
const count = bar.querySelector("[role=status]");
const meter = bar.querySelector("progress");
const basics = root.querySelector(".basics");
const CHOICE = "nengtan:return:narrow";
const MARKS = ["is-invalid", "is-doubtful", "is-waiting"];

const fields = [...root.querySelectorAll("[data-cell]")];
const first = new Map(fields.map((field) => [field, field.value]));
const stay = new Set();

const row = (field) => field.closest("tr");
const isEmpty = (field) => !field.value.trim();

function needs(field) {
  return (
    (isEmpty(field) && "required" in row(field).dataset) ||
    MARKS.some((mark) => field.classList.contains(mark)) ||
    row(field).querySelector("[data-fault]")?.childNodes.length > 0
  );
}

function draw() {
  let needed = 0;
  for (const field of fields) {
    const wanted = needs(field);
    needed += wanted;
    // What was shown stays until the choice is made anew: a line that is mended does not vanish under the finger.
    if (wanted || field.value !== first.get(field)) stay.add(field);
    row(field).hidden = only.checked && !stay.has(field);
  }
  for (const form of root.querySelectorAll(".return-form")) {
    form.hidden = only.checked && !form.querySelector("tbody tr:not([hidden])");
  }
  basics.hidden = only.checked;
  none.hidden = !only.checked || stay.size > 0;
  const filled = fields.filter((field) => !isEmpty(field) && field.getAttribute("aria-invalid") !== "true").length;
  count.textContent = `${count.dataset.filled} ${filled}/${fields.length} · ${count.dataset.needed} ${needed}`;
  meter.max = fields.length || 1;
  meter.value = filled;
  return needed;
}

function choose(checked) {
  only.checked = checked;
  stay.clear();
  draw();
}

only.addEventListener("change", () => {
  sessionStorage.setItem(CHOICE, String(only.checked));
  choose(only.checked);
});
root.addEventListener("nengtan:changed", draw);
// A link to a line, or to a form, that is left out shows everything again.
document.addEventListener("click", (event) => {
  const to = event.target.closest?.("a[href^='#']")?.getAttribute("href").slice(1);
  const place = to && document.getElementById(to);
  if (place && place.closest("[hidden]")) choose(false);
});

bar.hidden = false;
const chosen = sessionStorage.getItem(CHOICE);
const narrow = window.matchMedia("(max-width: 575.98px)").matches;
choose(chosen === null ? narrow && draw() > 0 : chosen === "true");
