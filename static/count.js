/* The drawer as it is counted: amounts beside pieces, their sum and its difference. The server counts again.
   [data-cash-count data-moved data-digits data-symbol] holds [data-piece="500"] inputs with [data-piece-amount] beside
   them, input[name=opening], perhaps [data-piece-total] input, and [data-count-expected], [data-count-sum], [data-count-off]. */
(() => {
  "use strict";
  const sheet = document.querySelector("[data-cash-count]");
  if (!sheet) return;
  const digits = Number(sheet.dataset.digits);
  const sign = sheet.dataset.symbol.replace(/[A-Z]$/, "$&\u00a0");

  /* Minor units as a whole number; null for what is no amount. */
  function minor(text) {
    const bare = text.trim().replace(sheet.dataset.symbol, "").trim().replaceAll(",", "");
    const found = /^(\d{0,12})(?:\.(\d*))?$/.exec(bare);
    if (!found || bare === "." || (found[2] || "").length > digits) return null;
    return Number((found[1] || "0") + (found[2] || "").padEnd(digits, "0"));
  }

  function show(value) {
    const text = String(Math.abs(value)).padStart(digits + 1, "0");
    const whole = (digits ? text.slice(0, -digits) : text).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${value < 0 ? "-" : ""}${sign}${whole}${digits ? `.${text.slice(-digits)}` : ""}`;
  }

  function pieces(cell) {
    const text = cell.querySelector("input").value.trim();
    return text === "" ? 0 : /^\d{1,6}$/.test(text) ? Number(text) : null;
  }

  function counted() {
    const typed = sheet.querySelector("[data-piece-total] input");
    if (typed) return minor(typed.value);
    let sum = 0;
    for (const cell of sheet.querySelectorAll("[data-piece]")) {
      const number = pieces(cell);
      const amount = number === null ? null : number * Number(cell.dataset.piece);
      cell.parentElement.querySelector("[data-piece-amount]").textContent = amount ? show(amount) : "";
      sum = sum === null || amount === null ? null : sum + amount;
    }
    return sum;
  }

  function say(name, value) {
    const place = sheet.querySelector(`[data-count-${name}]`);
    place.textContent = value === null ? "–" : show(value);
    if (name === "off") place.classList.toggle("late", Boolean(value));
  }

  function draw() {
    const opening = minor(sheet.querySelector("[name=opening]").value);
    const expected = opening === null ? null : opening + Number(sheet.dataset.moved);
    const sum = counted();
    say("expected", expected);
    say("sum", sum);
    say("off", sum === null || expected === null ? null : sum - expected);
  }

  sheet.addEventListener("input", draw);
  /* Enter and the arrows lead from one note to the next, as a drawer is counted. */
  sheet.addEventListener("keydown", (event) => {
    const fields = [...sheet.querySelectorAll("[data-piece] input")];
    const at = fields.indexOf(event.target);
    const step = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key];
    if (at < 0 || !step || !fields[at + step]) return;
    event.preventDefault();
    fields[at + step].focus();
    fields[at + step].select();
  });
  draw();
})();
