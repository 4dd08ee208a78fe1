/* Live figures of money forms. The server computes everything again; without this file the same
   forms work, only without running totals.

   A sheet  [data-money-sheet data-digits data-symbol]
     input [data-amount]             the money at hand (or data-available="7500" on the sheet)
     input [data-apply data-max]     what goes to one item, at most data-max minor units
     [data-applied-for="name"]       the "Applied" cell beside an item
     [data-left] [data-applied-total]  what stays unapplied; the sum
     [data-clear-all] [data-suggest]   empty every Apply field; fill them again from the top, but for [data-apart]
     data-stays="stays held" on the sheet says what becomes of the rest; with data-enter-next, Enter and the
     arrows lead from one Apply field to the next, and from the last to [data-ok]
   Tenders  [data-tenders data-digits data-symbol]
     input [data-tender], <template>, [data-add-tender], [data-remove-tender], [data-tenders-total],
     and data-tenders-of="#id_amount" when they must sum to that field; with data-rest-of="#id_method"
     too, the method chosen there takes what they leave
   A part   [data-part-of="7000" data-digits data-symbol]   what goes back of the minor units that are left
     input [data-part], [data-part-left], and radio [name=kind] of which "full" takes all of it
   A tick   select [data-ticks="id" data-ticks-for="a b"]   ticks the box for these choices until somebody
     changes it; the form's input [name=drawn] keeps how it stood
   A list   [data-pick-list data-digits data-symbol]
     input [data-pick data-minor], [data-pick-all], [data-pick-bar], [data-pick-count], [data-pick-sum]; of those with
     data-kind="cash" [data-pick-kind="cash"]; less what stands in input [data-pick-less], [data-pick-net] */
(() => {
  "use strict";

  const places = (scope) => Number(scope.dataset.digits || 2);
  const sign = (scope) => (scope.dataset.symbol || "$").replace(/[A-Z]$/, "$&\u00a0");
  const shape = /^(\d{1,3}(,\d{3})*|\d*)(\.\d*)?$/;

  /* Minor units as a whole number, null for what is not an amount: never a float in between. */
  function parse(text, scope) {
    const bare = text.trim().replace(scope.dataset.symbol || "$", "").trim();
    if (bare === "") return 0;
    const [whole, fraction = ""] = bare.replaceAll(",", "").split(".");
    const digits = places(scope);
    if (!shape.test(bare) || bare === "." || fraction.length > digits || whole.length > 12) return null;
    return Number((whole || "0") + fraction.padEnd(digits, "0"));
  }

  function plain(minor, scope) {
    const digits = places(scope);
    const text = String(minor).padStart(digits + 1, "0");
    return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  }

  function show(minor, scope) {
    const [whole, fraction] = plain(Math.abs(minor), scope).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return `${minor < 0 ? "-" : ""}${sign(scope)}${grouped}${fraction ? `.${fraction}` : ""}`;
  }

  function say(element, text, state = "") {
    if (!element) return;
    element.textContent = text;
    element.dataset.state = state;
  }

  /* ---- allocation sheets ---- */
  const fields = (sheet) => [...sheet.querySelectorAll("[data-apply]")].filter((field) => !field.disabled);

  function available(sheet) {
    const amount = sheet.querySelector("[data-amount]");
    return amount ? parse(amount.value, sheet) : Number(sheet.dataset.available || 0);
  }

  /* From the top down, each item gets the lower of what is left and what it owes. */
  function suggest(sheet) {
    let left = available(sheet) || 0;
    for (const field of fields(sheet)) {
      const part = "apart" in field.dataset ? 0 : Math.min(left, Number(field.dataset.max));
      field.value = part ? plain(part, sheet) : "";
      left -= part;
    }
  }

  function judge(field, part, sheet) {
    const most = Number(field.dataset.max);
    const wrong = part === null ? "Not an amount." : part > most ? `At most ${show(most, sheet)}.` : "";
    field.setCustomValidity(wrong);
    field.classList.toggle("is-invalid", Boolean(wrong));
    if (wrong) field.title = wrong;
    else field.removeAttribute("title");
    const cell = sheet.querySelector(`[data-applied-for="${CSS.escape(field.name)}"]`);
    if (cell) cell.textContent = part ? show(part, sheet) : "";
  }

  function reckon(sheet) {
    const money = available(sheet);
    let applied = 0;
    for (const field of fields(sheet)) {
      const part = parse(field.value, sheet);
      judge(field, part, sheet);
      applied += part || 0;
    }
    const left = (money || 0) - applied;
    const stays = sheet.dataset.stays || "stays unapplied";
    const words = left < 0 ? `${show(-left, sheet)} more than there is` : `${left ? show(left, sheet) : "Nothing"} ${stays}`;
    for (const place of sheet.querySelectorAll("[data-left]")) say(place, words, left < 0 ? "over" : "");
    for (const place of sheet.querySelectorAll("[data-applied-total]")) say(place, show(applied, sheet));
    const amount = sheet.querySelector("[data-amount]");
    amount?.setCustomValidity(money === null ? "Enter an amount such as 120.50." : left < 0 ? words : "");
  }

  function sheetChanged(sheet, target) {
    if (target.matches("[data-apply]")) sheet.dataset.edited = "";
    if (target.matches("[data-amount]") && !("edited" in sheet.dataset)) suggest(sheet);
    reckon(sheet);
  }

  /* Nothing is sent by Enter in an amount: it leads on, as in a spreadsheet. */
  function step(event, sheet) {
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    const all = fields(sheet);
    const next = all[all.indexOf(event.target) + by] || (by > 0 ? sheet.querySelector("[data-ok]") : null);
    next?.focus();
    if (next?.matches("input")) next.select();
  }

  /* ---- tenders: several methods that sum to the amount ---- */
  function sumTenders(box) {
    const parts = [...box.querySelectorAll("[data-tender]")].map((field) => parse(field.value, box));
    const sum = parts.reduce((total, part) => total + (part || 0), 0);
    const whole = box.dataset.tendersOf ? document.querySelector(box.dataset.tendersOf) : null;
    const wanted = whole ? parse(whole.value, box) : null;
    const missing = wanted === null ? 0 : wanted - sum;
    const words = missing > 0 ? `${show(missing, box)} still to enter` : missing < 0 ? `${show(-missing, box)} too much` : `${show(sum, box)} in total`;
    const rest = box.dataset.restOf ? document.querySelector(box.dataset.restOf) : null;
    const split = rest && parts.length && missing > 0;
    const place = box.querySelector("[data-tenders-total]");
    if (rest && !parts.length) return say(place, "");
    say(place, split ? `${show(missing, box)} by ${rest.selectedOptions[0].text.toLowerCase()}` : words, missing < 0 ? "over" : "");
  }

  function addTender(box) {
    const blank = box.querySelector("template");
    const rows = box.querySelector("[data-tender-rows]") || box;
    const total = box.querySelector('[name$="TOTAL_FORMS"]');
    const index = total ? Number(total.value) : rows.children.length;
    const row = blank.content.firstElementChild.cloneNode(true);
    for (const element of row.querySelectorAll("[name], [id], [for]")) {
      for (const name of ["name", "id", "for"]) {
        if (element.hasAttribute(name)) element.setAttribute(name, element.getAttribute(name).replaceAll("__prefix__", index));
      }
    }
    if (total) total.value = index + 1;
    rows.append(row);
    row.querySelector("select, input")?.focus();
  }

  /* What is left is numbered from 0, or the server would show what was removed as empty rows. */
  function renumber(box) {
    const total = box.querySelector('[name$="TOTAL_FORMS"]');
    const rows = [...box.querySelectorAll("[data-tender-row]")];
    rows.forEach((row, index) => {
      for (const element of row.querySelectorAll("[name], [id], [for]")) {
        for (const name of ["name", "id", "for"]) {
          if (element.hasAttribute(name)) element.setAttribute(name, element.getAttribute(name).replace(/-\d+-/, `-${index}-`));
        }
      }
    });
    if (total) total.value = rows.length;
  }

  function removeTender(button, box) {
    const row = button.closest("[data-tender-row]");
    const gone = row.querySelector('[name$="-DELETE"]');
    if (gone) {
      gone.checked = true;
      row.hidden = true;
      row.querySelectorAll("[data-tender]").forEach((field) => (field.value = ""));
    } else {
      row.remove();
      renumber(box);
    }
    box.querySelector("[data-add-tender]")?.focus();
  }

  /* ---- a part that goes back ---- */
  function partOf(form) {
    const whole = Number(form.dataset.partOf);
    const field = form.querySelector("[data-part]");
    const full = form.querySelector("[name=kind][value=full]")?.checked;
    const part = full ? whole : parse(field.value, form);
    const left = whole - (part || 0);
    const words = left < 0 ? `${show(-left, form)} more than is left` : left ? `${show(left, form)} stays.` : "Nothing stays.";
    say(form.querySelector("[data-part-left]"), part === null ? "" : words, left < 0 ? "over" : "");
    field.setCustomValidity(part === null ? "Enter an amount such as 120.50." : left < 0 ? `Enter at most ${show(whole, form)}.` : "");
  }

  function tick(select) {
    const box = document.getElementById(select.dataset.ticks);
    const drawn = select.form.elements.drawn;
    if (box.checked !== (drawn.value === "1")) return; // somebody has chosen
    box.checked = select.dataset.ticksFor.split(" ").includes(select.value);
    drawn.value = box.checked ? "1" : "";
  }

  /* ---- picked rows: count and sum ---- */
  function countPicked(list) {
    const picks = [...list.querySelectorAll("[data-pick]")];
    const picked = picks.filter((box) => box.checked);
    const sum = picked.reduce((total, box) => total + Number(box.dataset.minor || 0), 0);
    const all = list.querySelector("[data-pick-all]");
    if (all) {
      all.checked = picks.length > 0 && picked.length === picks.length;
      all.indeterminate = picked.length > 0 && !all.checked;
    }
    list.querySelectorAll("[data-pick-bar]").forEach((bar) => (bar.hidden = picked.length === 0));
    list.querySelectorAll("[data-pick-count]").forEach((place) => say(place, picked.length.toLocaleString("en-US")));
    list.querySelectorAll("[data-pick-sum]").forEach((place) => say(place, show(sum, list)));
    list.querySelectorAll("[data-pick-kind]").forEach((place) => {
      const alike = picked.filter((box) => box.dataset.kind === place.dataset.pickKind);
      say(place, show(alike.reduce((total, box) => total + Number(box.dataset.minor || 0), 0), list));
    });
    const less = parse(list.querySelector("[data-pick-less]")?.value || "", list);
    list.querySelectorAll("[data-pick-net]").forEach((place) => say(place, less === null ? "–" : show(sum - less, list)));
  }

  /* ---- wiring ---- */
  const kinds = [["[data-money-sheet]", reckon], ["[data-tenders]", sumTenders], ["[data-part-of]", partOf], ["[data-pick-list]", countPicked]];

  function start(scope) {
    for (const [selector, draw] of kinds) {
      if (scope.matches?.(selector)) draw(scope);
      scope.querySelectorAll(selector).forEach(draw);
    }
  }

  document.addEventListener("input", ({ target }) => {
    const sheet = target.closest("[data-money-sheet]");
    if (sheet) sheetChanged(sheet, target);
    document.querySelectorAll("[data-tenders]").forEach(sumTenders);
    document.querySelectorAll("[data-part-of]").forEach(partOf);
    if (target.matches("[data-ticks]")) tick(target);
    const list = target.closest("[data-pick-list]");
    if (!list) return;
    if (target.matches("[data-pick-all]")) list.querySelectorAll("[data-pick]").forEach((box) => (box.checked = target.checked));
    countPicked(list);
  });

  document.addEventListener("keydown", (event) => {
    const sheet = event.target.closest("[data-enter-next]");
    if (sheet && event.target.matches("[data-apply]")) step(event, sheet);
  });

  /* An amount is written in full when the field is left: "1,234.5" becomes "1234.50". */
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-money], [data-apply], [data-amount], [data-tender]")) return;
    const scope = target.closest("[data-digits]") || target;
    const minor = parse(target.value, scope);
    if (minor && target.value.trim()) target.value = plain(minor, scope);
  });

  document.addEventListener("click", (event) => {
    const { target } = event;
    const sheet = target.closest("[data-money-sheet]");
    if (sheet && target.closest("[data-clear-all]")) {
      fields(sheet).forEach((field) => (field.value = ""));
      sheet.dataset.edited = "";
      reckon(sheet);
    }
    if (sheet && target.closest("[data-suggest]")) {
      delete sheet.dataset.edited;
      suggest(sheet);
      reckon(sheet);
    }
    const filled = target.closest("[data-use-amount]");
    if (filled) {
      event.preventDefault(); // without this file it is a button that asks the server
      const field = document.querySelector(filled.dataset.useAmount);
      field.value = filled.dataset.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
    const box = target.closest("[data-tenders]");
    if (!box) return;
    if (target.closest("[data-add-tender]")) addTender(box);
    const remove = target.closest("[data-remove-tender]");
    if (remove) removeTender(remove, box);
    sumTenders(box);
  });

  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
