// Every page works without this.
"use strict";

// Progress: show what the server says, and look at the page again when it ends.
for (const box of document.querySelectorAll("[data-events]")) {
  const events = new EventSource(box.dataset.events);
  const bar = box.querySelector("progress");
  events.addEventListener("progress", event => {
    const now = JSON.parse(event.data);
    const stage = now.stage ? now.stage[0].toUpperCase() + now.stage.slice(1) : "It waits for its turn";
    const count = now.total > 0 ? `: ${now.done.toLocaleString("en-GB")} of ${now.total.toLocaleString("en-GB")}` : "";
    box.querySelector("[data-label]").textContent = stage + count;
    if (now.total > 0) {
      bar.max = now.total;
      bar.value = now.done;
    }
  });
  events.addEventListener("ended", () => {
    events.close();
    location.reload();
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) { // refused: the browser does not ask again
      setTimeout(() => location.reload(), 5000);
    }
  });
}

// One box that ticks all boxes of a name in its table.
for (const all of document.querySelectorAll("[data-all]")) {
  const boxes = [...all.closest(".rows").querySelectorAll(`input[name="${CSS.escape(all.dataset.all)}"]`)];
  const agree = () => {
    const ticked = boxes.filter(box => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.closest(".all").hidden = false;
  all.addEventListener("change", () => boxes.forEach(box => { box.checked = all.checked; }));
  boxes.forEach(box => box.addEventListener("change", agree));
  agree();
}

// A file may be dropped anywhere on its field.
for (const place of document.querySelectorAll(".drop")) {
  const input = place.querySelector("input");
  place.classList.add("ready");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(kind, event => {
      event.preventDefault();
      place.classList.toggle("over", kind === "dragover");
    });
  }
  place.addEventListener("drop", event => {
    if (event.dataTransfer.files.length > 0) {
      input.files = event.dataTransfer.files;
    }
  });
}

// A second click sends nothing: the server would do nothing with it either.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", event => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
});

document.querySelector(".errors")?.focus();
