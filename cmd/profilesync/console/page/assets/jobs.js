// What River's own pages lack, for people who hear them or speak to them.
"use strict";

const root = document.getElementById("root");
const heading = Object.assign(document.createElement("h1"), {className: "sr-only", textContent: "Jobs"});

function mend() {
  // What a button shows is its name; what it is for describes it.
  for (const e of root.querySelectorAll("button[aria-label]")) {
    if (e.textContent.trim() !== "" && e.textContent.trim() !== e.ariaLabel) {
      e.ariaDescription = e.ariaLabel;
      e.removeAttribute("aria-label");
    }
  }
  // Lists of terms hold more than such a list may, so each term says itself what it is.
  root.querySelectorAll("dl:not([role])").forEach(e => { e.role = "group"; });
  root.querySelectorAll("dt:not([role])").forEach(e => { e.role = "term"; });
  root.querySelectorAll("dd:not([role])").forEach(e => { e.role = "definition"; });
  root.querySelectorAll("nav:not([aria-label])").forEach((e, i) => { e.ariaLabel = i > 0 ? `Menu ${i + 1}` : "Menu"; });
  // A page whose heading is hidden has one for who does not see it.
  if ([...root.querySelectorAll("h1")].some(e => e !== heading && e.checkVisibility())) {
    heading.remove();
  } else if (!heading.isConnected) {
    root.querySelector("main")?.prepend(heading);
  }
}

new MutationObserver(mend).observe(root, {childList: true, subtree: true});
addEventListener("resize", mend);
mend();
