/* The keyboard: / search of the list, or else of the clinic, s search of the clinic, ? the list of shortcuts,
   g + letter to go, letters of the page (data-key on a link or button), j k Enter in lists.
   Silent while typing and with Ctrl, Alt, Meta. */
(() => {
  "use strict";
  const patience = 1500;
  let going = 0;

  const shown = (element) => element && element.getClientRects().length > 0;
  const find = (attribute, key) => [...document.querySelectorAll(`[${attribute}="${CSS.escape(key)}"]`)];

  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  /* The drawer, from when it slides in until it slides out, is the page. */
  function scope() {
    return document.querySelector("dialog[open], .offcanvas.showing, .offcanvas.show:not(.hiding)") || document;
  }

  function press(attribute, key) {
    const inside = scope();
    const found = find(attribute, key).filter((element) => inside.contains(element));
    const element = found.find(shown) || found[0];
    if (!element) return false;
    if (element.matches("summary")) element.parentElement.open = true;
    else element.click();
    return true;
  }

  /* The page's own search first. Where the bar's is hidden (a phone), it comes out: on the way to the page of the
     search the first letters would be lost. */
  function search(...kinds) {
    const fields = kinds.flatMap((kind) => [...document.querySelectorAll(kind)]);
    const field = fields.find(shown) || fields.at(-1);
    field?.closest(".jump")?.classList.add("is-called");
    field?.focus();
    field?.select();
    return Boolean(field);
  }

  function step(by) {
    const rows = [...document.querySelectorAll("tr[data-row], .hits li")].filter(shown);
    if (!rows.length) return false;
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(Math.max(here < 0 ? 0 : here + by, 0), rows.length - 1)];
    (next.querySelector("a[data-open]") || next.querySelector("a, button, input"))?.focus();
    return true;
  }

  function list() {
    const dialog = document.getElementById("shortcuts");
    if (!dialog || dialog.open) return false;
    const names = dialog.querySelector(".keys");
    names.querySelectorAll("[data-found]").forEach((line) => line.remove());
    for (const [attribute, before] of [["data-go", "g "], ["data-key", ""]]) {
      const seen = new Set();
      for (const element of document.querySelectorAll(`[${attribute}]`)) {
        const key = element.getAttribute(attribute);
        if (seen.has(key)) continue;
        seen.add(key);
        names.append(line("dt", before + key), line("dd", words(element)));
      }
    }
    dialog.showModal();
    return true;
  }

  function words(element) {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(".count, kbd").forEach((extra) => extra.remove());
    return element.getAttribute("aria-label") || copy.textContent.trim();
  }

  function line(tag, text) {
    const element = document.createElement(tag);
    element.dataset.found = "";
    if (tag === "dd") element.textContent = text;
    else for (const key of text.split(" ")) element.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
    return element;
  }

  const fixed = { "/": () => search("[data-page-search]", "[data-search]"), s: () => search("[data-search]"), "?": list, j: () => step(1), k: () => step(-1) };

  function answer(key) {
    if (going && Date.now() - going < patience) {
      going = 0;
      return press("data-go", key);
    }
    if (key === "g") {
      going = Date.now();
      return false;
    }
    return fixed[key] ? fixed[key]() : press("data-key", key);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && !event.defaultPrevented) {
      document.querySelectorAll("details.filter-more[open], details.floating[open]").forEach((open) => (open.open = false));
      if (typing(event.target) && event.target.matches("[data-search], [data-page-search]")) {
        event.target.blur();
        event.target.closest(".jump")?.classList.remove("is-called");
      }
      return;
    }
    if (typing(event.target) || event.key.length !== 1 || document.querySelector("dialog[open]")) return;
    if (answer(event.key)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-shortcuts]")) list();
  });

  // The bar's own hint: where the page has no search, "/" reaches it too.
  document.addEventListener("DOMContentLoaded", () => {
    const hint = document.querySelector(".jump kbd");
    if (hint && !document.querySelector("[data-page-search]")) hint.textContent = "/";
  });
})();
