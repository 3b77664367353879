// A form with a choice of actions by key, the fields of each action, and a button that names its effect. Used for one
// case and for bulk actions.

import { typing } from "./frame.js";

export function choices(form, names) {
  const radios = [...form.querySelectorAll("[name=decision]")];
  const button = form.querySelector("[data-decide-button]");
  const idle = button.textContent;

  function chosen() {
    const radio = radios.find((one) => one.checked);
    const value = radio?.value;
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(value);
    button.textContent = names(radio) ?? idle;
    button.disabled = !radio;
  }
  form.addEventListener("change", chosen);
  chosen();
  return {
    value: () => radios.find((one) => one.checked)?.value,
    choose(value) {
      const radio = radios.find((one) => one.value === value);
      if (!radio) return;
      radio.checked = true;
      radio.dispatchEvent(new Event("change", { bubbles: true }));
    },
    nth: (n) => radios[n - 1]?.value,
  };
}

// Submits a form by Ctrl+Enter from anywhere, and by Enter where Enter has no other meaning; returns whether it did.
export function sentByKey(event, form) {
  if (event.key !== "Enter" || !form || document.querySelector("dialog[open]")) return false;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target) && !event.target.closest("a, button, summary, video");
  if (!event.ctrlKey && !plain) return false;
  event.preventDefault();
  form.requestSubmit();
  return true;
}
