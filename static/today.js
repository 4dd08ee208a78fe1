/* Today looks for news by itself while it is seen: it asks every few seconds, and the server answers 204 while nothing
   has changed. Nothing is drawn anew under somebody who types, has a form open, or is about to press. After an act the
   focus stays with the treatment that was acted on. */
(() => {
  "use strict";
  const pause = 12000;
  const board = () => document.getElementById("board");
  let acted = "";

  function isBusy() {
    return document.querySelector("#drawer.show, #drawer.showing, dialog[open], .htmx-request") ||
      board().querySelector("input:not([type=hidden]):focus, select:focus");
  }

  setInterval(() => {
    if (board() && document.visibilityState === "visible" && navigator.onLine && !isBusy()) window.htmx.trigger("#watch", "watch");
  }, pause);
  document.addEventListener("visibilitychange", () => {
    if (board() && document.visibilityState === "visible" && !isBusy()) window.htmx.trigger("#watch", "watch");
  });

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("#board .btn");
    if (pressed) acted = pressed.closest("tr").id;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "board" || document.activeElement !== document.body || !acted) return;
    const row = document.getElementById(acted);
    (row?.querySelector(".btn") ?? row?.querySelector("a"))?.focus({ preventScroll: true });
  });
  document.addEventListener("close-drawer", () => window.tabler.Offcanvas.getInstance("#drawer")?.hide());
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
})();
