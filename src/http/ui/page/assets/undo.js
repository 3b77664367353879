// The bar that undoes the last decision, by its button or `u`, until the decision takes effect.

import { typing } from "./frame.js";

const bar = document.querySelector("[data-undo]");
if (bar) {
  const until = performance.now() + Number(bar.dataset.left) * 1000;
  const shown = bar.querySelector("[data-left-shown]");
  const tick = setInterval(() => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left > 0) return (shown.textContent = `${left} s`);
    clearInterval(tick);
    bar.remove();
  }, 250);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "u" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !bar.isConnected) return;
    event.preventDefault();
    bar.requestSubmit();
  });
  // The bar belongs to this visit; a reload of the address must not bring it back.
  const address = new URL(location.href);
  address.searchParams.delete("undo");
  history.replaceState(history.state, "", address);
}
