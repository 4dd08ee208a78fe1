/* Runs before the first paint: marks that scripts work, and follows the system's colours
   unless the person chose (then the server wrote the choice into data-theme). */
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const year = 365 * 24 * 3600;

  root.classList.add("js");

  function show() {
    root.setAttribute("data-bs-theme", root.dataset.theme || (system.matches ? "dark" : "light"));
  }

  function choose(theme) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? year : 0}; samesite=lax${secure}`;
    root.dataset.theme = theme;
    show();
  }

  show();
  system.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      choose(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
    } else if (event.target.closest("[data-theme-follow]")) {
      choose("");
    }
  });
})();
