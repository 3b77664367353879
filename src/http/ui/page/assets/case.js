// The page of a case: keyboard control, claiming, the player with outline and timeline, drafts of decisions.

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

// The decision form.
const names = { reupload: "Block as a re-upload", not_reupload: "Allow: not a re-upload", authorised: "Allow: authorised", escalate: "Escalate to the leads" };
const choice = form && choices(form, (radio) => names[radio?.value]);
const choose = (value) => choice?.choose(value);

// Claiming. Viewing a case does not claim it; the first key or click that prepares a decision does. The service checks
// the claim again with the decision, so a failed request here only changes what the page shows.
const claimed = main.querySelector("[data-claimed]");
const claimForm = main.querySelector("[data-claim-form]");
let claiming = false;
async function setClaim(way) {
  if (!claimForm || claiming) return;
  claiming = true;
  try {
    const body = new URLSearchParams({ form_token: main.dataset.token });
    const answer = await fetch(`/review/cases/${id}/${way}`, { method: "POST", body, headers: { accept: "application/json" } });
    // When the session has ended, submitting the form leads to the sign-in page and keeps the draft.
    if (answer.status === 401) return;
    const said = await answer.json();
    claimed.textContent = answer.ok ? said.says : said.detail;
    claimed.classList.toggle("bad-text", !answer.ok);
    const mine = answer.ok && way === "claim";
    main.toggleAttribute("data-mine", mine);
    claimForm.action = `/review/cases/${id}/${mine ? "release" : "claim"}`;
    claimForm.querySelector("[data-claim]").textContent = mine ? "Release" : "Claim";
  } catch {
    // The service cannot be reached; submitting the form will show that.
  } finally {
    claiming = false;
  }
}
const claim = () => main.hasAttribute("data-mine") || setClaim("claim");
const toggleClaim = () => setClaim(main.hasAttribute("data-mine") ? "release" : "claim");
claimForm?.addEventListener("submit", (event) => {
  event.preventDefault();
  toggleClaim();
});

// A draft of a decision is kept in this tab until it is submitted or the user signs out, so that it survives the end of
// a session. It belongs to one version of the case. A draft of an older version was submitted; after a refusal, its
// text is restored.
const draftKey = `draft ${id}`;
const fields = ["note", "permission"];
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
  // Restoring a draft also changes the form; only the user's own input claims the case.
  form.addEventListener("input", (event) => event.isTrusted && claim());
  form.addEventListener("submit", () => {
    keep();
    sessionStorage.setItem("sent", id);
    look.pause();
  });
} else {
  sessionStorage.removeItem(draftKey);
}
// After a redirect to another case, the service has the decision, and its draft can be removed.
const sent = sessionStorage.getItem("sent");
if (sent && sent !== id) {
  sessionStorage.removeItem(`draft ${sent}`);
  sessionStorage.removeItem("sent");
}

const toggle = (selector) => document.querySelector(selector)?.click();
const prepare = (value) => {
  claim();
  choose(value);
};
const acts = {
  1: () => prepare("reupload"), 2: () => prepare("not_reupload"), 3: () => prepare("authorised"), 4: () => prepare("escalate"),
  c: toggleClaim, n: () => form?.elements.note.focus(), s: () => toggle("[data-skip]"), m: () => toggle("[data-next-member]"),
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
