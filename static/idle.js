/* Who is at this desk? A page warns before rest ends the sign-in, leaves when it has, and shows nothing of somebody
   whose sign-in ended in another tab or who handed the desk over.
   body[data-signed-in-for]: seconds that the sign-in has left, as the page was made; parts say it in a header.
   body[data-person]: whose page this is. body[data-stay]: the address that says how much is left. */
(() => {
  "use strict";
  const { body } = document;
  const second = 1000;
  const warnAt = 120 * second;
  const stayEvery = 60 * second;
  const whose = "person";
  const { person, signedInFor, stay } = body.dataset;

  /* ---- one desk, one person ---- */
  function known() {
    try {
      return localStorage.getItem(whose);
    } catch {
      return null; // a browser that keeps nothing: the server still asks for the sign-in
    }
  }
  function note(value) {
    try {
      localStorage.setItem(whose, value);
    } catch {
      /* as above */
    }
  }
  if (person) note(person);
  else if (!signedInFor) note("");

  function leave() {
    document.dispatchEvent(new Event("keep-draft"));
    body.hidden = true;
    location.replace(location.pathname + location.search);
  }
  window.addEventListener("storage", (event) => {
    if (event.key === whose && person && event.newValue !== person) leave();
  });
  window.addEventListener("pagehide", (event) => {
    if (event.persisted && person) body.hidden = true;
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted || !person) return;
    if (known() !== person) leave();
    else body.hidden = false;
  });

  /* ---- rest ---- */
  if (!signedInFor || !stay) return;
  const dialog = document.getElementById("idle");
  const left = dialog.querySelector("[data-left]");
  const why = dialog.querySelector("[data-why]");
  let end = 0;
  let timer = 0;
  let asked = Date.now();

  function until(seconds) {
    end = Date.now() + seconds * second;
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(0, end - Date.now() - warnAt));
    if (dialog.open && seconds * second > warnAt) dialog.close();
  }

  async function ask(byHand) {
    asked = Date.now();
    try {
      const answer = await fetch(stay, { headers: byHand ? {} : { "X-Background": "1" }, redirect: "manual" });
      if (!answer.ok) return leave();
      const seconds = (await answer.json()).left;
      if (byHand && seconds * second <= warnAt) why.textContent = why.dataset.why; // nothing lengthens it any more
      until(seconds);
    } catch {
      /* no connection: the clock goes on */
    }
  }

  /* Another tab may have been used since: the server knows. */
  async function look() {
    if (!dialog.open) await ask(false);
    if (end - Date.now() > warnAt) return;
    if (!dialog.open) dialog.showModal();
    tick();
  }

  function tick() {
    clearTimeout(timer);
    const seconds = Math.ceil((end - Date.now()) / second);
    if (seconds < 0) return leave();
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    timer = setTimeout(dialog.open ? tick : look, second);
  }

  dialog.addEventListener("close", () => {
    if (end - Date.now() <= warnAt) ask(true);
  });
  for (const act of ["keydown", "pointerdown"]) {
    document.addEventListener(act, () => {
      if (!dialog.open && Date.now() - asked > stayEvery) ask(true);
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() > end) leave(); // the lid was closed meanwhile
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const seconds = Number(event.detail.xhr.getResponseHeader("X-Signed-In-For"));
    if (seconds) until(seconds);
  });
  until(Number(signedInFor));
})();
