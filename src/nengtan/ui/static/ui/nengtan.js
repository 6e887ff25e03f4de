// Behaviour of the page shell. Everything hangs on data attributes; pages carry no script of their own.
const me = document.getElementById("nengtan-js");
const bootstrap = () => window.tabler;

// Appearance -------------------------------------------------------------------------------------------------------
function showTheme() {
  const choice = document.documentElement.dataset.theme || "auto";
  document.querySelectorAll("[data-theme-choice]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  });
}

function chooseTheme(choice) {
  document.documentElement.dataset.theme = choice;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${choice}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  document.dispatchEvent(new CustomEvent("nengtan:theme"));
  showTheme();
}

// Drawer: opens with the request, says so when it fails, gives focus back when closed -----------------------------------
let opener = null;

function openDrawer(source) {
  const drawer = document.getElementById("drawer");
  if (!drawer.contains(source)) opener = source;
  const body = document.getElementById("drawer-body");
  body.replaceChildren(document.getElementById("drawer-loading").content.cloneNode(true));
  bootstrap().Offcanvas.getOrCreateInstance(drawer).show();
}

function closeDrawer() {
  const drawer = document.getElementById("drawer");
  if (drawer?.classList.contains("show")) bootstrap().Offcanvas.getOrCreateInstance(drawer).hide();
}

// Confirm once ------------------------------------------------------------------------------------------------------
async function confirmed({ dataset }) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-question").textContent = dataset.confirm;
  dialog.querySelector("#confirm-detail").textContent = dataset.confirmDetail || "";
  const yes = dialog.querySelector("#confirm-yes");
  yes.textContent = dataset.confirmLabel || yes.textContent;
  yes.className = "confirmDanger" in dataset ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const submitter = event.submitter;
  const asks = submitter?.dataset.confirm ? submitter : form; // a button may ask a question of its own
  if (!asks.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await confirmed(asks)) {
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter);
    delete form.dataset.confirmed;
  }
}, true);

// Toasts ------------------------------------------------------------------------------------------------------------
function toast(node) {
  document.getElementById("toasts").append(node);
  fadeToasts();
}

function fadeToasts() {
  document.querySelectorAll("#toasts [data-toast]:not([data-timed])").forEach((note) => {
    note.dataset.timed = "yes";
    if (!note.matches(".is-error, .is-bad, .is-warning")) setTimeout(() => note.remove(), 6000);
  });
}

function toastFrom(id) {
  toast(document.getElementById(id).content.cloneNode(true));
}

// Clicks and keys ---------------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-theme-choice], [data-toast-close], [data-print], [data-back], .search-box .icon-button");
  if (!target) return;
  if (target.dataset.themeChoice) {
    event.stopPropagation();
    chooseTheme(target.dataset.themeChoice);
  } else if ("toastClose" in target.dataset) target.closest("[data-toast]").remove();
  else if ("print" in target.dataset) window.print();
  else if ("back" in target.dataset) history.back();
  else {
    const box = target.closest(".search-box").querySelector("input");
    if (!box.value) {
      event.preventDefault();
      box.focus();
    }
  }
});

// On a phone the search box unfolds over its button once focused: pressing the button must not take the focus itself.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".search-box .icon-button")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const box = document.querySelector("[data-shortcut='/']");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  } else if (event.key === "Escape") {
    if (event.target.matches("[data-shortcut]")) event.target.blur();
    else if (!document.querySelector("dialog[open]")) closeDrawer();
  }
});

// htmx --------------------------------------------------------------------------------------------------------------
document.addEventListener("htmx:beforeRequest", (event) => {
  if ("drawer" in event.detail.elt.dataset) openDrawer(event.detail.elt);
});
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.elt.matches("form.filters")) return;
  for (const [name, value] of [...event.detail.formData.entries()]) if (value === "") event.detail.formData.delete(name);
});
document.addEventListener("htmx:responseError", (event) => failed(event, "toast-server"));
document.addEventListener("htmx:sendError", (event) => failed(event, "toast-offline"));
document.addEventListener("htmx:timeout", (event) => failed(event, "toast-offline"));

function failed(event, note) {
  if (event.detail.target && event.detail.target.id === "drawer-body") {
    event.detail.target.replaceChildren(document.getElementById("drawer-failed").content.cloneNode(true));
  } else toastFrom(note);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "drawer-body") {
    const heading = event.detail.target.querySelector("h2");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  }
  fadeToasts();
});

// Forms keep what was typed through a broken connection or a closed tab: <form data-keep="some-unique-key"> --------------
function keepKey(form) {
  return `nengtan:${location.pathname}:${form.dataset.keep}`;
}

function keepable(field) {
  return field.name && !["password", "file", "hidden", "submit"].includes(field.type);
}

function restore(form) {
  const saved = JSON.parse(sessionStorage.getItem(keepKey(form)) || "{}");
  for (const field of form.elements) {
    if (keepable(field) && field.name in saved && !field.value) field.value = saved[field.name];
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form || !form.dataset.keep) return;
  const values = {};
  for (const field of form.elements) if (keepable(field)) values[field.name] = field.value;
  sessionStorage.setItem(keepKey(form), JSON.stringify(values));
});
document.addEventListener("submit", (event) => {
  if (event.target.dataset.keep && navigator.onLine) sessionStorage.removeItem(keepKey(event.target));
});

// Fields that hang on another: a select takes only what fits the other's value, the first of it on a change
// (data-narrowed-by="name" data-narrowed-to="{value: [options]}"); a field shows for some values only
// (data-shown-by="name" data-shown-for="value value") --------------------------------------------------------------------
function narrow(field, chosen) {
  const fitting = JSON.parse(field.dataset.narrowedTo)[field.form.elements[field.dataset.narrowedBy].value];
  if (!fitting) return;
  for (const option of field.options) option.hidden = option.disabled = !fitting.includes(option.value);
  if (chosen) field.value = fitting[0];
}

function hang(form, changed) {
  form.querySelectorAll("[data-narrowed-by]").forEach((field) => {
    if (!changed || field.dataset.narrowedBy === changed.name) narrow(field, changed);
  });
  form.querySelectorAll("[data-shown-by]").forEach((field) => {
    const value = form.elements[field.dataset.shownBy].value;
    field.closest(".form-row").hidden = !field.dataset.shownFor.split(" ").includes(value);
  });
}

document.addEventListener("change", (event) => {
  if (event.target.form) hang(event.target.form, event.target);
  const all = event.target.dataset.checkAll;
  if (all) document.querySelectorAll(`input[type=checkbox][name="${all}"]`).forEach((box) => { box.checked = event.target.checked; });
});

// Charts are loaded only by pages that have some --------------------------------------------------------------------------
async function charts(root) {
  if (!root.querySelector("[data-chart]")) return;
  const module = await import(me.dataset.charts);
  await module.draw(root, me.dataset.echarts);
}

function start(root) {
  showTheme();
  fadeToasts();
  root.querySelectorAll("form[data-keep]").forEach(restore);
  root.querySelectorAll("form").forEach((form) => hang(form));
  charts(root);
}

document.getElementById("drawer")?.addEventListener("hidden.bs.offcanvas", () => opener?.focus());
document.addEventListener("htmx:load", (event) => charts(event.detail.elt.parentElement || document));
start(document);
