// A return that cannot be written now: what was typed for it on this device and never reached the server is told.
const note = document.getElementById("unsent");
const own = (key) => key === note.dataset.key || key.startsWith(`${note.dataset.key}:`);
const keys = Object.keys(localStorage).filter(own);
const cells = keys.flatMap((key) => Object.entries(JSON.parse(localStorage.getItem(key))));

function line([name, { text }]) {
  const item = document.createElement("li");
  const said = document.getElementById(`row-${name}`)?.querySelector(".line-name")?.textContent.replace(/\s+/g, " ").trim();
  item.textContent = `${said || name}: ${text || "—"}`;
  return item;
}

if (cells.length) {
  note.querySelector("[data-typed]").replaceChildren(...cells.map(line));
  note.querySelector("[data-discard]").addEventListener("click", () => {
    keys.forEach((key) => localStorage.removeItem(key));
    note.hidden = true;
  });
  note.hidden = false;
}
