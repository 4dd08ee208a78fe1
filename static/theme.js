/* Runs before the first paint: marks that scripts work, and follows the system's colours
   unless the person chose (then the server wrote the choice into data-theme). Also keeps the height of rows. */
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const year = 365 * 24 * 3600;

  root.classList.add("js");

  function show() {
    root.setAttribute("data-bs-theme", root.dataset.theme || (system.matches ? "dark" : "light"));
  }

  function keep(name, word) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${name}=${word}; path=/; max-age=${word ? year : 0}; samesite=lax${secure}`;
  }

  function choose(theme) {
    keep("theme", theme);
    root.dataset.theme = theme;
    show();
  }

  function space(button) {
    const roomy = root.dataset.density !== "comfortable";
    keep("density", roomy ? "comfortable" : "");
    root.dataset.density = roomy ? "comfortable" : "";
    button.setAttribute("aria-pressed", String(roomy));
  }

  show();
  system.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      choose(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
    } else if (event.target.closest("[data-theme-follow]")) {
      choose("");
    }
    const rows = event.target.closest("[data-density-switch]");
    if (rows) space(rows);
  });
})();
