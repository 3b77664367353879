// Shared by all pages: the dialog of shortcuts, two-key navigation, menus that close, local times.

const typing = (target) =>
  target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;

const keys = document.getElementById("keys");
const showKeys = () => keys && !keys.open && keys.showModal();
for (const button of document.querySelectorAll('[data-opens="keys"]')) button.addEventListener("click", showKeys);

const ways = { q: "/review", d: "/review/deletions", t: "/review/tombstones" };
let going = 0;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "?") {
    showKeys();
    event.preventDefault();
  } else if (Date.now() - going < 1500 && ways[event.key]) {
    going = 0;
    location.assign(ways[event.key]);
    event.stopImmediatePropagation();
    event.preventDefault();
  } else if (event.key === "g") {
    going = Date.now();
  }
}, true);

// A menu closes on a click elsewhere, or by Escape.
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// `<time>` shows UTC; its title shows local time.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.title = at.toLocaleString();
}

// A form is submitted once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog" || event.target.method === "get") return;
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
// After returning through the browser's history, forms can be submitted again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

export { typing };
