// Uploads that the platform flagged as sensitive: hidden and muted until the moderator shows them. Counts viewing time
// and suggests breaks.

const REPORT_S = 10;

export function veil(main, look) {
  const stage = main.querySelector("[data-stage]");
  const box = main.querySelector("[data-show-veil]");
  if (!box) return { toggle: () => {} };
  const shown = main.querySelector("[data-viewed]");
  const pause = main.querySelector("[data-break]");
  let viewed = Number(shown.dataset.viewed);
  let unsent = 0;

  const say = () => (shown.textContent = `${Math.floor(viewed / 60)} min today`);
  const set = (hidden) => {
    box.checked = hidden;
    stage.classList.toggle("veiled", hidden);
    if (hidden) look.pause();
  };
  box.addEventListener("change", () => set(box.checked));
  main.querySelector("[data-unveil]").addEventListener("click", () => set(false));
  main.querySelector("[data-break-seen]").addEventListener("click", () => (pause.hidden = true));

  async function report(ending) {
    if (!unsent) return;
    const body = new URLSearchParams({ form_token: main.dataset.token, seconds: unsent });
    unsent = 0;
    if (ending) return navigator.sendBeacon("/review/viewing", body);
    const answer = await fetch("/review/viewing", { method: "POST", body, headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const said = await answer.json();
    viewed = said.seconds;
    say();
    if (said.break_due) {
      set(true);
      pause.hidden = false;
    }
  }
  setInterval(() => {
    if (stage.classList.contains("veiled") || document.hidden) return;
    viewed += 1;
    unsent += 1;
    say();
    if (unsent >= REPORT_S) report(false).catch(() => {});
  }, 1000);
  addEventListener("pagehide", () => report(true));
  say();
  return { toggle: () => set(!box.checked) };
}
