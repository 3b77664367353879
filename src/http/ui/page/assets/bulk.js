// Bulk actions by keyboard: a preview of the action's effect, and its result.

import { typing } from "./frame.js";
import { choices, sentByKey } from "./choices.js";
import "./undo.js";

const form = document.querySelector("[data-decide]");
const will = document.querySelector("[data-will]");
const choice = form && choices(form, (radio) => radio?.dataset.does);
form?.addEventListener("change", () => {
  const radio = form.querySelector("[name=decision]:checked");
  if (radio) will.textContent = radio.dataset.says;
});

document.addEventListener("keydown", (event) => {
  if (sentByKey(event, form)) return;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const value = choice?.nth(event.key);
  const act = value
    ? () => choice.choose(value)
    : {
        n: () => form?.elements.note.focus(),
        q: () => document.querySelector("[data-back]").click(),
      }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
