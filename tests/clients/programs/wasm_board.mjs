// A board without hardware: MicroPython in WebAssembly, its serial line on a TCP port.
//
// It serves one client after another, until it is killed.  Three things that a real board
// does and the WebAssembly REPL does not are added here: it comes back to the raw REPL after
// Ctrl-D, declines raw paste mode, and calls a missing file ENOENT instead of emscripten's 44.
import net from "node:net";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, listen] = process.argv.slice(2);
const where = createRequire(`${folder}/`).resolve(
  "@micropython/micropython-webassembly-pyscript/micropython.mjs",
);
const { loadMicroPython } = await import(pathToFileURL(where).href);

const MISSING = "OSError: 44";
const RAW_PASTE = [5, 0x41, 1];

let client = null;
let muted = false;
let held = "";

const send = (text) => client && !muted && client.write(Buffer.from(text, "latin1"));

function write(data) {
  for (const c of typeof data === "string" ? data : Buffer.from(data).toString("latin1")) {
    held += c;
    if (held === MISSING) {
      send("OSError: [Errno 2] ENOENT");
      held = "";
    } else if (!MISSING.startsWith(held)) {
      send(held);
      held = "";
    }
  }
}

const board = await loadMicroPython({
  stdout: write,
  stderr: write,
  linebuffer: false,
  heapsize: 16 << 20,
});
board.replInit();

function restart() {
  muted = true;
  board.replInit();
  muted = false;
  write("soft reboot\r\n");
  board.replProcessChar(1);
}

function read(bytes) {
  for (let at = 0; at < bytes.length; at++) {
    if (RAW_PASTE.every((byte, ahead) => bytes[at + ahead] === byte)) {
      write("R\0");
      at += RAW_PASTE.length - 1;
    } else if (board.replProcessChar(bytes[at])) {
      restart();
    }
  }
}

net
  .createServer((socket) => {
    client = socket;
    socket.on("error", () => {});
    socket.on("data", read);
  })
  .listen(Number(listen), "127.0.0.1", () => console.log("ready"));
