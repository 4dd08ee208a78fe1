/* Files to attach (form[data-uploads] with label[data-drop]): dropped or chosen, they go at once, with a progress bar. */
(() => {
  "use strict";
  const zone = (event) => event.target.closest?.("[data-drop]");
  const brings = (event) => [...(event.dataTransfer?.types || [])].includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!brings(event)) return;
    event.preventDefault(); // also beside the field: the browser would leave the page for the file
    const over = zone(event);
    document.querySelectorAll("[data-drop].is-over").forEach((one) => one !== over && one.classList.remove("is-over"));
    over?.classList.add("is-over");
    event.dataTransfer.dropEffect = over ? "copy" : "none";
  });
  document.addEventListener("dragleave", (event) => {
    const left = zone(event);
    if (left && !left.contains(event.relatedTarget)) left.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    const over = zone(event);
    if (!over) return;
    over.classList.remove("is-over");
    const field = over.querySelector("input[type=file]");
    if (over.closest("form").hasAttribute("data-busy")) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-uploads]");
    if (!form || !event.target.files?.length) return;
    const most = Number(form.dataset.most);
    const [fine, large] = [new DataTransfer(), []];
    for (const file of event.target.files) file.size > most ? large.push(file.name) : fine.items.add(file);
    if (large.length) say(`Not attached, because larger than ${most / 1024 / 1024} MB: ${large.join(", ")}`);
    event.target.files = fine.files;
    if (fine.files.length) form.requestSubmit();
  });

  function say(text) {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text, level: "error" } }));
  }

  const bar = (event) => event.target.closest?.("form[data-uploads]")?.querySelector("progress");
  document.addEventListener("htmx:xhr:progress", (event) => {
    const shown = bar(event);
    if (!shown || !event.detail.lengthComputable) return;
    shown.hidden = false;
    shown.value = event.detail.loaded / event.detail.total;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const shown = bar(event);
    if (!shown) return;
    shown.hidden = true;
    event.target.reset();
  });
})();
