// The peer of `cargo xtask bench bridge`: reads a sensor's `$BIKE` lines with serialport, checks them, and sends
// them to all pages over a WebSocket. Usage: node peer.mjs MODULES DEVICE PORT
import { createRequire } from "node:module";

const [modules, device, port] = process.argv.slice(2);
const load = createRequire(`${modules}/`);
const { SerialPort, ReadlineParser } = load("serialport");
const { WebSocketServer } = load("ws");

const pages = new WebSocketServer({ host: "127.0.0.1", port: Number(port) });
const lines = new SerialPort({ path: device, baudRate: 115200 }).pipe(new ReadlineParser({ delimiter: "\r\n" }));

lines.on("data", (line) => {
  const match = /^\$(BIKE,([\d.]+),([\d.]*))\*([0-9A-F]{2})$/.exec(line);
  if (!match) return;
  const sum = [...match[1]].reduce((sum, letter) => sum ^ letter.charCodeAt(0), 0);
  if (sum !== Number.parseInt(match[4], 16)) return;
  const [cadence, resistance] = [Number(match[2]), match[3] === "" ? null : Number(match[3])];
  const reading = JSON.stringify({ type: "reading", cadence, resistance, origin: "measured" });
  for (const page of pages.clients) page.send(reading);
});
