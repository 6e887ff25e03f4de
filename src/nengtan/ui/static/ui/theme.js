// Runs before the first paint, so that a dark page does not flash white.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = function () {
    const choice = root.dataset.theme || "light";
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  };
  dark.addEventListener("change", apply);
  document.addEventListener("nengtan:theme", apply);
  apply();
})();
