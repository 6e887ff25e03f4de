// A return that cannot be written now: what was typed for it on this device and never reached the server is told.
const note = document.getElementById("unsent");
const cells = Object.entries(JSON.parse(localStorage.getItem(note.dataset.key) || "{}"));

function line([name, { text }]) {
  const item = document.createElement("li");
  const said = document.getElementById(`row-${name}`)?.querySelector(".line-name")?.textContent.replace(/\s+/g, " ").trim();
  item.textContent = `${said || name}: ${text || "—"}`;
  return item;
}

if (cells.length) {
  note.querySelector("[data-typed]").replaceChildren(...cells.map(line));
  note.querySelector("[data-discard]").addEventListener("click", () => {
    localStorage.removeItem(note.dataset.key);
    note.hidden = true;
  });
  note.hidden = false;
}
