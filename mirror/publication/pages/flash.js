// Flash a board from this page: fetch the file from this mirror, compare its SHA-256 with the one
// that the page names, and only then hand these very bytes to esp-web-tools.
"use strict";

const place = document.getElementById("flash");
const told = document.getElementById("told");
const start = document.getElementById("fetch");

function say(word, ...more) {
  told.dataset.state = word;
  told.textContent = [told.dataset[word], ...more].join(" ");
}

function show(id) {
  document.getElementById(id).hidden = false;
}

async function fetched() {
  const answer = await fetch(place.dataset.file);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.arrayBuffer();
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What is flashed are the bytes that were checked: esp-web-tools fetches them from this page.
function manifestOf(bytes) {
  const file = URL.createObjectURL(new Blob([bytes]));
  const part = { path: file, offset: Number(place.dataset.offset) };
  const manifest = {
    name: place.dataset.name,
    version: place.dataset.version,
    new_install_prompt_erase: true,
    new_install_improv_wait_time: 0,
    builds: [{ chipFamily: place.dataset.chip, parts: [part] }],
  };
  return URL.createObjectURL(new Blob([JSON.stringify(manifest)], { type: "application/json" }));
}

async function offer(bytes) {
  await import(place.dataset.entry);
  const element = document.createElement("esp-web-install-button");
  element.manifest = manifestOf(bytes);
  const button = document.createElement("button");
  button.slot = "activate";
  button.className = "button";
  button.textContent = told.dataset.connect;
  element.append(button);
  document.getElementById("install").replaceChildren(element);
  button.focus();
}

start.addEventListener("click", async () => {
  start.disabled = true;
  say("fetching");
  try {
    const bytes = await fetched();
    const found = await sha256(bytes);
    if (found !== place.dataset.sha256) {
      say("differs", found);
      return;
    }
    await offer(bytes);
    say("checked", found);
    start.hidden = true;
  } catch (error) {
    say("failed", error.message);
    start.disabled = false;
  }
});

if (!window.isSecureContext) show("insecure");
else if (!("serial" in navigator)) show("no-serial");
else place.hidden = false;
