// The case page: deciding by keyboard, the player with outline and timeline, what is kept of a decision in the making.

import { typing } from "./frame.js";
import { choices, sentByKey } from "./choices.js";
import "./undo.js";
import { player } from "./player.js";
import { veil } from "./veil.js";

const main = document.querySelector("main[data-case]");
const form = document.querySelector("[data-decide]");
const id = main.dataset.case;
const look = player(main);
const cover = veil(main, look);

// Deciding.
const names = { reupload: "Block as a re-upload", not_reupload: "Allow: not a re-upload", authorised: "Allow: authorised", escalate: "Escalate to the leads" };
const choice = form && choices(form, (radio) => names[radio?.value]);
const choose = (value) => choice?.choose(value);

// A decision in the making is kept in this tab until it is sent or signed out, so that a session that ends loses none.
// It is about one version of the case: what is of another was sent, or came too late and is kept for its words only.
const draftKey = `draft ${id}`;
const fields = ["note", "leave"];
const refused = main.querySelector(".notice.bad") !== null;
function keep() {
  const draft = { decision: choice.value(), version: form.elements.version.value };
  for (const name of fields) draft[name] = form.elements[name]?.value;
  for (const select of form.querySelectorAll("select")) draft[select.name] = select.value;
  sessionStorage.setItem(draftKey, JSON.stringify(draft));
}
function restore() {
  const draft = JSON.parse(sessionStorage.getItem(draftKey) ?? "null");
  if (!draft) return;
  const same = draft.version === form.elements.version.value;
  if (!same && !refused) return sessionStorage.removeItem(draftKey);
  for (const [name, value] of Object.entries(draft)) {
    const field = form.elements[name];
    if (name !== "decision" && name !== "version" && field && value !== undefined) field.value = value;
  }
  if (draft.decision) choose(draft.decision);
  if (same && !refused && sessionStorage.getItem("sent") === id) main.querySelector("[data-draft]").hidden = false;
}
const draft = main.querySelector("[data-draft]");
main.querySelector("[data-draft-seen]").addEventListener("click", () => (draft.hidden = true));
if (form) {
  restore();
  form.addEventListener("change", keep);
  form.addEventListener("input", keep);
  form.addEventListener("submit", () => {
    keep();
    sessionStorage.setItem("sent", id);
    look.pause();
  });
} else {
  sessionStorage.removeItem(draftKey);
}
// The case that was sent is not this one any more: the service has the decision, and the draft may go.
const sent = sessionStorage.getItem("sent");
if (sent && sent !== id) {
  sessionStorage.removeItem(`draft ${sent}`);
  sessionStorage.removeItem("sent");
}

const toggle = (selector) => document.querySelector(selector)?.click();
const acts = {
  1: () => choose("reupload"), 2: () => choose("not_reupload"), 3: () => choose("authorised"), 4: () => choose("escalate"),
  n: () => form?.elements.note.focus(), s: () => toggle("[data-skip]"), m: () => toggle("[data-next-member]"),
  " ": look.toggle, "[": look.before, "]": look.behind, ",": () => look.step(-1), ".": () => look.step(1),
  o: () => toggle("[data-show-outline]"), b: () => toggle("[data-show-grey]"), v: cover.toggle,
};
document.addEventListener("keydown", (event) => {
  if (sentByKey(event, form)) return;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const onControl = event.target.closest("button, a, summary, video, input");
  if (event.key === " " && onControl && !event.target.matches("video")) return;
  if (event.target.matches("video") && event.key !== " " && !acts[event.key]) return;
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
