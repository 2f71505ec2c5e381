// Lets the reader pause the live list, and keeps it short.
"use strict";

const MOST = 200;
const button = document.getElementById("pause");
const entries = document.getElementById("entries");
let resume = null;

if (button && entries) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const pausing = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pausing));
    button.textContent = pausing ? button.dataset.resume : button.dataset.pause;
    if (!pausing && resume) resume();
  });
  document.addEventListener("htmx:sse:before:message", (event) => {
    if (button.getAttribute("aria-pressed") === "true") {
      event.detail.waitUntil(new Promise((done) => { resume = done; }));
    }
  });
  document.addEventListener("htmx:sse:close", () => { button.hidden = true; });
  new MutationObserver(() => {
    while (entries.children.length > MOST) entries.lastElementChild.remove();
  }).observe(entries, { childList: true });
}
