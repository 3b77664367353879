// The queue: keyboard navigation, live counts, claiming without leaving the page.

import { typing } from "./frame.js";
import "./undo.js";

const main = document.querySelector("[data-queue]");
const rows = [...document.querySelectorAll("tr[data-case]")];
const link = (row) => row.querySelector(".what a");
let at = -1;

function select(index, focus = true) {
  if (!rows.length) return;
  rows[at]?.classList.remove("here");
  at = Math.max(0, Math.min(rows.length - 1, index));
  rows[at].classList.add("here");
  if (focus) link(rows[at]).focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: "nearest" });
  sessionStorage.setItem("queue-at", rows[at].dataset.case);
}

// On return to the queue, select the last visited case, or the first one.
const left = rows.findIndex((row) => row.dataset.case === sessionStorage.getItem("queue-at"));
select(Math.max(0, left), document.activeElement === document.body);
rows.forEach((row, index) => row.addEventListener("focusin", (event) => event.target === link(row) && index !== at && select(index, false)));
rows.forEach((row) => row.addEventListener("click", (event) => {
  if (!event.target.closest("a, button, input, label") && !getSelection().toString()) link(row).click();
}));

async function claim(row) {
  const body = new URLSearchParams({ form_token: main.dataset.token, version: row.dataset.version });
  const letting = row.dataset.mine === "yes" || row.querySelector(".with").textContent === "you";
  const way = letting ? "release" : "claim";
  const answer = await fetch(`/review/cases/${row.dataset.case}/${way}`, { method: "POST", body, headers: { accept: "application/json" } });
  if (answer.status === 401) return location.assign(`/review/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  const said = await answer.json();
  row.querySelector(".with").textContent = answer.ok ? said.with : said.detail;
  row.classList.toggle("taken", !answer.ok);
  row.dataset.mine = answer.ok && !letting ? "yes" : "no";
  if (answer.ok) row.dataset.version = said.version;
}

const follow = (selector) => document.querySelector(selector)?.click();

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const tabs = document.querySelectorAll(".tabs a");
  const acts = {
    j: () => select(at + 1), k: () => select(at - 1),
    o: () => rows[at] && link(rows[at]).click(),
    c: () => rows[at] && claim(rows[at]),
    x: () => rows[at]?.querySelector("input[type=checkbox]")?.click(),
    w: () => document.querySelector("[name=whole]")?.click(),
    a: () => document.querySelector("[data-act]")?.click(),
    n: () => follow("[data-next]"), p: () => follow("[data-previous]"),
    r: () => location.reload(),
    f: () => document.querySelector("[data-filters] select").focus(),
  };
  const act = acts[event.key] ?? (tabs[event.key - 1] && (() => tabs[event.key - 1].click()));
  if (!act) return;
  event.preventDefault();
  act();
});

// Filters are in the address: a change submits the form.
const filters = document.querySelector("[data-filters]");
filters.addEventListener("change", () => {
  main.setAttribute("aria-busy", "true");
  for (const field of filters.elements) if (field.value === "") field.disabled = true;
  filters.submit();
});

// Leads select cases for a bulk action.
const bulk = document.querySelector("[data-bulk-bar]");
if (bulk) {
  const boxes = [...document.querySelectorAll("tbody input[name=case]")];
  const all = document.querySelector("[data-all]");
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    const whole = bulk.querySelector("[name=whole]").checked;
    bulk.querySelector("[data-act]").disabled = ticked === 0 && !whole;
    bulk.querySelector("[data-ticked]").textContent = whole ? `All ${bulk.dataset.total} selected` : ticked ? `${ticked} selected` : "None selected";
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  for (const box of boxes) box.addEventListener("change", count);
  bulk.querySelector("[name=whole]").addEventListener("change", count);
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  count();
}

// Live counts.
const fresh = document.querySelector("[data-fresh]");
fresh.addEventListener("click", () => location.reload());
const events = new EventSource("/review/events");
events.addEventListener("counts", (event) => {
  const counts = JSON.parse(event.data);
  for (const shown of document.querySelectorAll("[data-count]")) {
    const now = counts[shown.dataset.count];
    if (now !== undefined) shown.textContent = now;
  }
  const [before, now] = [Number(main.dataset.open), Number(counts.open_number)];
  fresh.hidden = !(now > before);
});
addEventListener("pagehide", () => events.close());
