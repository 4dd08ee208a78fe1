/* A span of amounts: two handles over two fields. [data-span] holds input[data-span-min], input[data-span-max] and the
   handles input[data-handle=min|max]. A handle at its end leaves its field empty; without this file the fields do. */
(() => {
  "use strict";
  const parts = (span) => ["min", "max"].map((end) => [span.querySelector(`[data-handle=${end}]`), span.querySelector(`[data-span-${end}]`)]);
  const number = (field) => Number(field.value.replace(/[^\d.]/g, ""));
  const clamp = (value, handle) => Math.min(Math.max(value, Number(handle.min)), Number(handle.max));

  function draw(span) {
    const [[low], [high]] = parts(span);
    const top = Number(low.max) || 1;
    const track = low.parentElement;
    track.style.setProperty("--from", `${(100 * low.value) / top}%`);
    track.style.setProperty("--to", `${(100 * high.value) / top}%`);
    for (const handle of [low, high]) handle.setAttribute("aria-valuetext", `${handle.dataset.symbol}${Number(handle.value).toLocaleString("en-US")}`);
  }

  /* The fields lead: what was typed or came with the address. */
  function follow(span) {
    const [[low, from], [high, to]] = parts(span);
    low.value = from.value.trim() ? clamp(number(from), low) : low.min;
    high.value = to.value.trim() ? clamp(number(to), high) : high.max;
    draw(span);
  }

  function lead(span, handle) {
    const [[low, from], [high, to]] = parts(span);
    if (handle === low) low.value = Math.min(low.value, high.value);
    else high.value = Math.max(low.value, high.value);
    from.value = low.value === low.min ? "" : low.value;
    to.value = high.value === high.max ? "" : high.value;
    draw(span);
  }

  const begin = () => document.querySelectorAll("[data-span]").forEach(follow);
  document.addEventListener("input", ({ target }) => {
    const span = target.closest?.("[data-span]");
    if (!span) return;
    if (target.matches("[data-handle]")) lead(span, target);
    else follow(span);
  });
  document.addEventListener("DOMContentLoaded", begin);
  window.addEventListener("pageshow", begin);
})();
