// What River's own pages lack. What a button says is part of its name, so that whoever speaks to
// the browser, or hears it, finds it; each page has one heading, and each landmark a name.
"use strict";

const root = document.getElementById("root");

function mend() {
  for (const e of root.querySelectorAll("button[aria-label], a[aria-label]")) {
    const says = e.innerText.trim().replace(/\s+/g, " ");
    const name = e.getAttribute("aria-label");
    if (!name.toLowerCase().includes(says.toLowerCase())) {
      e.dataset.name ??= name;
      e.setAttribute("aria-label", `${e.dataset.name}: ${says}`);
    }
  }
}

new MutationObserver(mend).observe(root, {childList: true, subtree: true, characterData: true});
mend();
