// Runs before the first paint, so that nothing flashes: what somebody chose, else what the browser prefers.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = function () {
    const choice = root.dataset.theme || "auto";
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  };
  dark.addEventListener("change", apply);
  document.addEventListener("nengtan:theme", apply);
  apply();
})();
