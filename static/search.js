/* The search of the top bar: a combobox whose list htmx fills as one types.
   Up and down choose, Enter opens what is chosen (or sends the form, which opens a single hit), Esc closes. */
(() => {
  "use strict";
  const field = document.getElementById("jump");
  if (!field) return;
  const list = document.getElementById("jump-list");
  const said = document.getElementById("jump-said");
  const choices = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function choose(choice) {
    chosen()?.setAttribute("aria-selected", "false");
    choice?.setAttribute("aria-selected", "true");
    choice?.scrollIntoView({ block: "nearest" });
    if (choice) field.setAttribute("aria-activedescendant", choice.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function open(on) {
    list.hidden = !on;
    field.setAttribute("aria-expanded", String(on));
    if (!on) choose(null);
  }

  /* On a phone the field goes back behind its sign (static/keys.js called it). */
  function leave() {
    open(false);
    field.form.classList.remove("is-called");
  }

  function step(by) {
    const all = choices();
    if (!all.length) return;
    const here = all.indexOf(chosen());
    choose(all[here < 0 ? (by > 0 ? 0 : all.length - 1) : (here + by + all.length) % all.length]);
  }

  const filled = () => field.value.trim() !== "" && list.childElementCount > 0;

  list.addEventListener("htmx:afterSwap", () => {
    const found = choices().length;
    open(filled() && document.activeElement === field);
    said.textContent = field.value.trim() ? `${found || "Nothing"} found` : "";
  });
  field.addEventListener("focus", () => open(filled()));
  field.addEventListener("input", () => choose(null));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open(filled());
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && chosen() && !list.hidden) {
      event.preventDefault();
      chosen().click();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation(); // the first one closes the list, the next one leaves the field
      open(false);
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".jump")) leave();
  });
  field.form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !field.form.contains(event.relatedTarget)) leave();
  });
})();
