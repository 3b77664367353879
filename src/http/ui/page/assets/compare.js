// Sends a dropped or chosen file to be compared with all tombstones, and shows the result as text.

const form = document.querySelector("form[data-compare]");
const zone = form.querySelector(".drop-zone");
const input = form.querySelector("input[type=file]");
const out = document.querySelector(".compared");

const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

function show(compared) {
  out.replaceChildren(element("p", compared.says, "says"));
  if (compared.trouble) out.append(element("p", compared.trouble, "dim"));
  for (const match of compared.matches) {
    const item = element("article", undefined, "compared-match");
    const head = element("h3");
    const link = element("a", match.tombstone);
    link.href = `/review/tombstones?id=${encodeURIComponent(match.tombstone)}`;
    head.append(link, " ", element("span", match.verdict, `tag ${match.verdict}`), " ", element("small", `score ${match.score}`));
    item.append(head, element("p", match.sure, "dim"));
    const spans = element("ul");
    for (const span of match.spans) spans.append(element("li", span));
    item.append(spans);
    out.append(item);
  }
}

async function compare(file) {
  out.replaceChildren(element("p", `Comparing ${file.name} …`, "dim"));
  form.toggleAttribute("data-busy", true);
  try {
    const answer = await fetch("/review/tombstones/compare", {
      method: "POST",
      body: file,
      headers: { accept: "application/json", "x-form-token": form.dataset.token },
    });
    if (answer.status === 401) return location.assign(`/review/sign-in?next=${encodeURIComponent(location.pathname)}`);
    const said = await answer.json();
    if (!answer.ok) return out.replaceChildren(element("p", said.detail ?? "The file could not be compared.", "notice bad"));
    show(said);
  } catch {
    out.replaceChildren(element("p", "The service cannot be reached. Try again.", "notice bad"));
  } finally {
    form.toggleAttribute("data-busy", false);
    input.value = "";
  }
}

input.addEventListener("change", () => input.files[0] && compare(input.files[0]));
for (const kind of ["dragenter", "dragover"]) {
  zone.addEventListener(kind, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (file) compare(file);
});
