/* What was typed is not lost with the session: a form keeps it in this tab when it is sent, and when the answer was a
   page that says so (body data-keeps-draft: sign-in, page out of date, server away), the form gets it back.
   It is dropped by any other answer, and when somebody else signs in. Keys and passwords are never kept.
   A second step sends along what was typed on the first ([data-carried]); lost there, it comes back on the first. A step
   that was drawn into another page names its own ([data-page]), to which that page then leads. */
(() => {
  "use strict";
  const name = "draft";
  const secret = /^(csrfmiddlewaretoken|request_key)$|password/;
  const place = () => location.pathname + location.search;

  function read() {
    try {
      return JSON.parse(sessionStorage.getItem(name));
    } catch {
      return null;
    }
  }

  function keep(draft) {
    try {
      sessionStorage.setItem(name, JSON.stringify(draft));
    } catch {
      /* a full or forbidden storage: the form works as it does without */
    }
  }

  const carried = (field) => "carried" in field.dataset;
  const typed = (field) => !["file", "submit", "hidden"].includes(field.type) || carried(field);
  const fields = (form) => [...form.elements].filter((field) => field.name && !secret.test(field.name) && typed(field));
  const ticks = (field) => field.type === "checkbox" || field.type === "radio";

  function keepTyped(form) {
    const values = fields(form).map((field) => [field.name, ticks(field) ? `${field.value}=${field.checked}` : field.value, carried(field)]);
    keep({ place: form.dataset.page || place(), from: place(), person: document.body.dataset.person, values });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("form[data-warn-unsaved][method=post], form[data-summary][method=post]")) return;
    keepTyped(form);
  });
  // The page leaves by itself (idle.js): nobody is asked, and nothing is lost.
  document.addEventListener("keep-draft", () => {
    const form = document.querySelector("form[data-changed][data-warn-unsaved][method=post]");
    if (form) keepTyped(form);
    document.querySelectorAll("form[data-changed]").forEach((one) => one.removeAttribute("data-changed"));
  });

  function fill(form, values) {
    const left = [...values];
    for (const field of fields(form)) {
      const fits = (value, whole) => !ticks(field) || (whole ? value === field.value : value.startsWith(`${field.value}=`));
      const at = left.findIndex(([called, value, whole]) => called === field.name && fits(value, whole));
      if (at < 0) continue;
      const [[, value, whole]] = left.splice(at, 1);
      if (ticks(field)) field.checked = whole || value.endsWith("=true");
      else field.value = value;
    }
    return left.length;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const draft = read();
    if (!draft) return;
    const { person, keepsDraft } = document.body.dataset;
    const wasAStep = keepsDraft === "here" && draft.from !== draft.place;
    if (keepsDraft !== undefined && !wasAStep) {
      keep({ ...draft, lost: true });
      return;
    }
    if (draft.lost && draft.person === person && draft.place !== place()) {
      if (draft.from === place()) location.replace(draft.place);
      return; // on the way back to it
    }
    sessionStorage.removeItem(name);
    const form = document.querySelector("form[data-warn-unsaved][method=post]");
    if (!draft.lost || draft.person !== person || !form) return;
    const missing = fill(form, draft.values);
    form.dispatchEvent(new Event("input", { bubbles: true }));
    form.setAttribute("data-changed", "");
    const text = missing ? "Most of what you had typed is back. Look at it, then send it." : "What you had typed is back. Look at it, then send it.";
    document.dispatchEvent(new CustomEvent("toast", { detail: { text, level: "info" } }));
  });
})();
