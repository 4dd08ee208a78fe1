/* Selects that one can type into (tom-select). Pages that need it include ui/lookup.html.
     select[data-combo]              the options that are in the page
     select[data-goes]               sends its form when something is chosen
     select[data-lookup="address"]   asks the address with ?q=…; it answers
                                     {"results": [{"value": "P-12", "text": "Ethan Park", "note": "born 1990"}]} */
(() => {
  "use strict";
  const enough = 2;

  async function load(url, text, done) {
    try {
      const answer = await fetch(`${url}?q=${encodeURIComponent(text)}`, { headers: { "X-Requested-With": "lookup" } });
      done(answer.ok ? (await answer.json()).results : []);
    } catch {
      done();
    }
  }

  function option(data, escape) {
    const note = data.note ? `<small class="text-secondary"> ${escape(data.note)}</small>` : "";
    return `<div>${escape(data.text)}${note}</div>`;
  }

  function enhance(select) {
    if (select.tomselect) return;
    const label = select.labels[0]?.textContent.trim();
    if (label) select.setAttribute("aria-label", label); // the label itself moves to the new control
    const url = select.dataset.lookup;
    const here = document.activeElement;
    const focused = here === select || (select.autofocus && here === document.body); // the first error, or the first field
    const typed = new window.TomSelect(select, {
      searchField: url ? [] : ["text"],
      maxOptions: 50,
      selectOnTab: false, // see tabTakes
      loadThrottle: 250,
      shouldLoad: (text) => text.length >= enough,
      load: url ? (text, done) => load(url, text, done) : null,
      render: { option, no_results: () => '<div class="no-results">Nothing found</div>' },
    });
    tabTakes(typed);
    if (focused) typed.focus();
    typed.on("change", (value) => value && forgive(select, typed));
    if ("goes" in select.dataset) typed.on("change", (value) => value && select.form.requestSubmit());
  }

  /* Tab takes what somebody typed or moved to; who only passes by chooses nothing. */
  function tabTakes(typed) {
    const takes = (is) => (typed.settings.selectOnTab = is);
    typed.on("type", (text) => takes(text !== ""));
    typed.control_input.addEventListener("keydown", ({ key }) => key.startsWith("Arrow") && takes(true));
    for (const over of ["change", "blur"]) typed.on(over, () => takes(false));
  }

  /* Somebody is chosen now: what the server said of the choice before is no longer true. */
  function forgive(select, typed) {
    for (const part of [select, typed.wrapper, typed.control]) part.classList.remove("is-invalid", "invalid");
    for (const part of [select, typed.control_input]) part.removeAttribute("aria-invalid");
    select.closest("[id^=div_id_]")?.querySelectorAll(".invalid-feedback").forEach((note) => note.remove());
  }

  function start(scope) {
    scope.querySelectorAll("select[data-combo], select[data-lookup]").forEach(enhance);
  }

  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
