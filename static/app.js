/* Manners of every page: toasts, failed requests in words, one submit per form, unsaved changes,
   rows, the drawer, copying. Listeners sit on the document, so swapped parts need no set-up. */
(() => {
  "use strict";
  const seconds = 1000;

  /* ---- toasts ---- */
  const stack = () => document.getElementById("toasts");

  function fade(note) {
    if (note.dataset.level !== "error") setTimeout(() => note.remove(), 7 * seconds);
  }

  function toast({ text, level = "info", link = null }) {
    const note = document.getElementById("toast-blank").content.firstElementChild.cloneNode(true);
    note.dataset.level = level;
    if (level === "error") note.setAttribute("role", "alert"); // said at once, not when there is time
    note.querySelector(".toast-text").textContent = text;
    if (link) {
      const anchor = document.createElement("a");
      anchor.className = "toast-link";
      anchor.href = link.url;
      anchor.textContent = link.label;
      note.querySelector(".toast-text").after(anchor);
    }
    stack().append(note);
    fade(note);
    return note;
  }

  document.addEventListener("toast", (event) => {
    const notes = event.detail.value ?? event.detail;
    (Array.isArray(notes) ? notes : [notes]).forEach((note) => toast(note));
  });

  /* ---- requests that fail ---- */
  const reasons = {
    400: "The server did not understand this. Load the page again.",
    403: "You are not allowed to do this.",
    404: "This is no longer here. Load the page again.",
    409: "Somebody changed this in the meantime. Load the page again.",
    429: "Too many tries. Wait a minute, then try again.",
    503: "ClinicPay is busy or being updated. Nothing was saved; try again in a moment.",
  };
  const broken = "Something went wrong on our side. Check whether it was saved before you try again.";

  // What a page asks by itself fails quietly: it asks again soon.
  const isQuiet = (event) => event.detail.elt.matches("[data-quiet]");
  document.addEventListener("htmx:responseError", (event) => {
    if (isQuiet(event)) return;
    const { status, getResponseHeader } = event.detail.xhr;
    const headers = (name) => getResponseHeader.call(event.detail.xhr, name);
    if (headers("HX-Redirect") || headers("HX-Refresh") || (headers("HX-Trigger") || "").includes("toast")) return;
    toast({ text: reasons[status] || broken, level: "error" });
  });
  document.addEventListener("htmx:sendError", (event) => isQuiet(event) || toast({ text: "No connection. Nothing was saved; try again.", level: "error" }));
  document.addEventListener("htmx:timeout", (event) => isQuiet(event) || toast({ text: "The answer takes too long. Look before you try again.", level: "error" }));

  let offline = null;
  window.addEventListener("offline", () => {
    offline ??= toast({ text: "No connection. What you see may be old; nothing can be saved until it is back.", level: "error" });
  });
  window.addEventListener("online", () => {
    offline?.remove();
    if (offline) toast({ text: "Connected again.", level: "success" });
    offline = null;
  });

  /* ---- addresses stay short: filters that are not set are not sent ---- */
  /* What a page asks by itself keeps nobody signed in: an interval, or what says so by data-background. */
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const isPoll = detail.triggeringEvent?.type === "hx:poll:trigger" || detail.elt.matches("[data-background]");
    if (isPoll) detail.headers["X-Background"] = "1";
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.closest("[data-filterbar]") || event.detail.verb !== "get") return;
    const values = event.detail.parameters;
    for (const name of Object.keys(values)) if (values[name] === "") delete values[name];
  });
  /* What was typed into the search has been asked for; leaving the field, as by a click on Export, asks nothing again. */
  document.addEventListener("change", (event) => {
    if (event.target.matches(".filter-query")) event.stopPropagation();
  }, true);

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filterbar]")) return;
    for (const field of event.target.elements) if (field.value === "") field.disabled = true;
  });

  /* ---- one submit at a time ---- */
  function buttons(form) {
    const inside = [...form.querySelectorAll("button:not([type=button]), input[type=submit]")];
    const outside = form.id ? [...document.querySelectorAll(`button[form="${CSS.escape(form.id)}"]`)] : [];
    return [...inside, ...outside];
  }

  function hold(form, on) {
    form.toggleAttribute("data-busy", on);
    for (const button of buttons(form)) {
      if (on && !button.disabled) button.dataset.held = "";
      if ("held" in button.dataset) button.disabled = on;
      if (!on) delete button.dataset.held;
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    // Not form.method: that is a field where a form has one of that name, as the desk has.
    if (!form.matches("[method=post]") || event.defaultPrevented) return;
    if (form.hasAttribute("data-busy")) {
      event.preventDefault();
      return;
    }
    form.removeAttribute("data-changed");
    // After this turn, or the pressed button's own name and value would not be sent.
    setTimeout(() => hold(form, true));
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (!form || event.detail.requestConfig.verb === "get") return;
    if (event.detail.elt.matches("[data-aside]")) return; // held, the form would lose the click that left its field
    if (form.hasAttribute("data-busy")) event.preventDefault();
    else hold(form, true);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (!form || event.detail.requestConfig.verb === "get") return;
    if (event.detail.elt.matches("[data-aside]")) return;
    hold(form, false);
    if (event.detail.successful && !event.detail.elt.matches("[data-look]")) form.removeAttribute("data-changed");
  });
  // A page that comes back from the browser's memory must be usable again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-busy]").forEach((form) => hold(form, false));
    document.querySelectorAll("[data-filterbar] :disabled").forEach((field) => (field.disabled = false));
  });

  /* ---- a form that was answered with itself can be come back to: otherwise Back ends at the browser's own
     "Confirm form resubmission", which neither says what was done nor leads on ---- */
  document.addEventListener("DOMContentLoaded", () => {
    if (document.querySelector("main form[method=post]")) history.replaceState(history.state, "", location.href);
  });

  /* ---- unsaved changes ---- */
  document.addEventListener("input", (event) => {
    event.target.closest("form[data-warn-unsaved]")?.setAttribute("data-changed", "");
  });
  window.addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-changed]")) event.preventDefault();
  });

  /* ---- focus on the first error ---- */
  function toFirstError(scope) {
    const found = scope.querySelector(".form-alert, .is-invalid, [aria-invalid=true]");
    found?.focus({ preventScroll: false });
  }

  /* ---- what the browser refuses stands under the field, as what the server refuses does ---- */
  document.addEventListener(
    "invalid",
    (event) => {
      const field = event.target;
      if (!field.form?.matches("[method=post]")) return;
      event.preventDefault();
      field.classList.add("is-invalid");
      sayUnder(field, (field.validity.valueMissing && field.dataset.asked) || field.validationMessage);
      if ([...field.form.elements].find((one) => one.willValidate && !one.validity.valid) === field) field.focus();
    },
    true,
  );
  function sayUnder(field, words) {
    const id = `${field.id || field.name}-refused`;
    const note = document.getElementById(id) || Object.assign(document.createElement("div"), { id, className: "invalid-feedback d-block" });
    note.textContent = words;
    for (const old of field.closest("[id^=div_id_]")?.querySelectorAll(".invalid-feedback") || []) if (old !== note) old.remove();
    (field.closest(".money-wrap") || field).after(note);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", id);
  }
  document.addEventListener("input", ({ target }) => {
    const note = document.getElementById(target.getAttribute?.("aria-errormessage"));
    if (!note) return;
    note.remove();
    target.classList.remove("is-invalid");
    target.removeAttribute("aria-invalid");
    target.removeAttribute("aria-errormessage");
  });

  /* ---- rows: a click anywhere opens the row's own link ---- */
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (!row || event.target.closest("a, button, input, label, select, summary")) return;
    if (String(window.getSelection())) return;
    const link = row.querySelector("a[data-open]");
    if (link && (event.ctrlKey || event.metaKey)) window.open(link.href);
    else link?.click();
  });

  /* ---- the drawer ---- */
  let opener = null;
  let listAddress = "";
  let isComing = false;
  const isOpen = (drawer) => drawer?.matches(".showing, .show:not(.hiding)");

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target.id !== "drawer-body") return;
    const drawer = document.getElementById("drawer");
    if (isOpen(drawer)) return;
    if (drawer.matches(".hiding")) backToList(); // the one before still slides out
    opener = event.detail.elt;
    listAddress = location.href;
    isComing = true;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    toFirstError(event.detail.target);
    if (event.detail.target.id !== "drawer-body") return keepKeys();
    document.querySelectorAll("tr.is-open").forEach((row) => row.classList.remove("is-open"));
    opener?.closest("tr")?.classList.add("is-open");
    slideIn(event.detail.target.parentElement);
    keepKeys();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.target.id === "drawer-body") isComing = false;
  });
  function slideIn(drawer) {
    if (drawer.matches(".hiding")) return drawer.addEventListener("hidden.bs.offcanvas", () => slideIn(drawer), { once: true });
    window.tabler.Offcanvas.getOrCreateInstance(drawer).show();
    if (!drawer.contains(document.activeElement)) drawer.focus({ preventScroll: true }); // Esc closes it from now on
  }
  // Once it has slid in, the drawer takes the focus; whoever works in it already must keep it, and their next key.
  let within = null;
  document.addEventListener("focusin", (event) => {
    if (event.target.closest("#drawer.showing") && event.target.id !== "drawer") within = event.target;
  });
  document.addEventListener("shown.bs.offcanvas", () => {
    if (within?.isConnected) within.focus();
    within = null;
  });
  /* What was pressed is gone with what it stood in: keys, Esc too, must still reach an open drawer. */
  function keepKeys() {
    const drawer = document.getElementById("drawer");
    if (document.activeElement === document.body && isOpen(drawer)) drawer.focus();
  }
  document.addEventListener("hidden.bs.offcanvas", (event) => {
    if (event.target.id !== "drawer" || isOpen(event.target) || isComing) return;
    document.querySelectorAll("tr.is-open").forEach((row) => row.classList.remove("is-open"));
    backToList();
    // The list may have been drawn anew behind the drawer: then the row's new link.
    const links = [...document.querySelectorAll("a[data-open]")];
    (opener?.isConnected ? opener : links.find((link) => link.href === opener?.href))?.focus();
  });
  function backToList() {
    if (listAddress) history.pushState({ htmx: true }, "", listAddress);
    listAddress = "";
  }

  /* ---- small ones ---- */
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast({ text: "Copied.", level: "success" });
    } catch {
      toast({ text: `Copy it by hand: ${button.dataset.copy}`, level: "warning" });
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    const copied = target.closest("[data-copy]");
    if (copied) copy(copied);
    target.closest("[data-dismiss-toast]")?.closest(".toast-note").remove();
    if (target.closest("[data-print]")) print();
    for (const open of document.querySelectorAll("details.filter-more[open], details.floating[open]")) {
      if (!open.contains(target)) open.open = false;
    }
    if (target.closest("[data-close-details]")) target.closest("details").open = false;
  });

  /* Folds that stay as the person left them; the server remembers, so nothing jumps. A fold also says that it is
     open when the page begins: then it is as the server knows it. */
  document.addEventListener("toggle", ({ target }) => {
    const { remember, kept } = target.dataset || {};
    const now = target.open ? "open" : "closed";
    if (!remember || now === kept) return;
    target.dataset.kept = now;
    htmx.ajax("POST", remember, { source: target, swap: "none", values: { open: target.open ? "1" : "" } });
  }, true);

  /* Where the tabs are wider than the screen, the open one is in sight. */
  function showOpenTab() {
    const tab = document.querySelector(".tabs [aria-current]");
    if (tab) tab.parentElement.scrollLeft += tab.getBoundingClientRect().left - tab.parentElement.getBoundingClientRect().left;
  }

  /* Print means all that a list has: one that goes on over more pages is asked for whole first. */
  function print() {
    const whole = document.querySelector("[data-whole]")?.dataset.whole;
    if (whole) window.location.assign(`${whole}#print`);
    else window.print();
  }

  /* A list that is too long for its page was asked for whole, to be printed; not again by loading it again. */
  window.addEventListener("load", () => {
    if (location.hash !== "#print") return;
    history.replaceState(history.state, "", location.pathname + location.search);
    window.print();
  });

  document.addEventListener("DOMContentLoaded", () => {
    showOpenTab();
    // why a sign-in ended is for whoever comes back to the desk, whenever that is
    if (document.body.dataset.signedInFor) stack()?.querySelectorAll(".toast-note").forEach(fade);
    toFirstError(document.getElementById("main"));
    document.documentElement.dataset.ready = ""; // from here on, what is clicked or typed is heard
  });
})();
