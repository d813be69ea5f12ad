// What pages can do better with a script: search as you type, copy, dark or light.
// Without it everything is still there.
"use strict";

const root = document.documentElement;
const themeButton = document.getElementById("theme");

function remembered() {
  try { return localStorage.getItem("theme"); } catch { return null; }
}

function setTheme(theme) {
  root.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* it holds for this page only */ }
}

function isDark() {
  return root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
}

const known = remembered();
if (known === "dark" || known === "light") root.dataset.theme = known;
themeButton.hidden = false;
themeButton.addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));

// Without TLS a browser has no clipboard for pages: then a selection is copied.
async function copy(text) {
  if (navigator.clipboard) {
    try { await navigator.clipboard.writeText(text); return; } catch { /* not allowed */ }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "skip";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

for (const button of document.querySelectorAll("button.copy")) {
  const words = button.textContent, name = button.getAttribute("aria-label");
  const say = (shown, read) => {
    button.textContent = shown;
    button.setAttribute("aria-label", read);
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(button.dataset.copy);
    button.focus();
    say(themeButton.dataset.copied, themeButton.dataset.copied);
    setTimeout(() => say(words, name), 2000);
  });
}

const search = document.getElementById("q");
if (search) {
  const cards = [...document.querySelectorAll(".boards li")];
  const found = cards.map((card) => card.textContent.toLowerCase());
  const begun = found.map((text) => " " + text.replace(/[^a-z0-9]+/g, " "));
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    cards.forEach((card, at) => {
      card.hidden = !words.every((word) =>
        word.length > 2 ? found[at].includes(word) : begun[at].includes(" " + word));
      shown += card.hidden ? 0 : 1;
    });
    count.textContent = count.dataset.words.replace("{shown}", shown);
    nothing.hidden = shown > 0;
  };
  search.addEventListener("input", show);
  if (!search.form) search.closest(".filters").hidden = false;
  for (const select of search.form ? search.form.querySelectorAll("select") : []) {
    select.addEventListener("change", () => search.form.submit());
  }
}
