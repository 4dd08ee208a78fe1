/* Selects that one can type into (tom-select). Pages that need it include ui/lookup.html.
     select[data-combo]              the options that are in the page
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
    new window.TomSelect(select, {
      searchField: url ? [] : ["text"],
      maxOptions: 50,
      selectOnTab: true,
      loadThrottle: 250,
      shouldLoad: (text) => text.length >= enough,
      load: url ? (text, done) => load(url, text, done) : null,
      render: { option, no_results: () => '<div class="no-results">Nothing found</div>' },
    });
  }

  function start(scope) {
    scope.querySelectorAll("select[data-combo], select[data-lookup]").forEach(enhance);
  }

  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
