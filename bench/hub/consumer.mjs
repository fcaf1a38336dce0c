// The peer's half of the work: reads all race messages from a broker, keeps the scores, and once a second
// publishes each class's board and every rider's own view, as the hub does, but for gaps, records and fields.
// It keeps nothing on a disk. Each second it writes how many messages it has taken to standard output.
import { createRequire } from "node:module";

const [, , modules, url] = process.argv;
const mqtt = createRequire(`${modules}/x.js`)("mqtt");

let taken = 0;
/** By race, then class, then racer. */
const races = new Map();

const client = mqtt.connect(url, { clientId: "consumer", clean: true });
client.on("connect", () => client.subscribe("alleycat-publish/#", { qos: 1 }, () => console.log("ready")));
client.on("message", (topic, payload) => {
  taken += 1;
  let m;
  try {
    m = JSON.parse(payload);
  } catch {
    return;
  }
  if (!(m.cadence >= 0 && m.cadence <= 250 && m.resistance >= 0 && m.resistance <= 100)) return;
  let classes = races.get(m.raceId);
  if (!classes) races.set(m.raceId, (classes = new Map()));
  let field = classes.get(m.classId);
  if (!field) classes.set(m.classId, (field = new Map()));
  let rider = field.get(m.racerId);
  if (!rider) {
    rider = { racerId: m.racerId, name: m.name, score: 0, seen: new Set() };
    field.set(m.racerId, rider);
  }
  if (rider.seen.has(m.second)) return;
  rider.seen.add(m.second);
  if (m.cadence > 0) rider.score += ((m.cadence + 35) * (m.resistance + 65)) / 100;
});

const RACE_MS = 300_000;
const PHASE_MS = 100;

function boards() {
  const now = Date.now();
  const raceId = Math.floor(now / RACE_MS);
  const second = Math.floor((now % RACE_MS) / 1000);
  for (const [classId, field] of races.get(raceId) ?? []) {
    const sorted = [...field.values()].sort((a, b) => b.score - a.score || a.racerId - b.racerId);
    const rows = sorted.map(({ racerId, name, score }, at) => ({ rank: at + 1, racerId, name, score }));
    const head = { classId, raceId, second, serverTime: now, riders: rows.length };
    const root = `alleycat-subscribe/${classId}`;
    client.publish(`${root}/board`, JSON.stringify({ ...head, top: rows.slice(0, 10) }), { retain: true });
    rows.forEach((own, at) => {
      const gap = (row) => ({ row, gap: row.score - own.score });
      const above = rows.slice(Math.max(0, at - 3), at).map(gap);
      const below = rows.slice(at + 1, at + 4).map(gap);
      client.publish(`${root}/rider/${own.racerId}`, JSON.stringify({ ...head, own, above, below }));
    });
  }
}

function tick() {
  boards();
  setTimeout(tick, 1000 - ((Date.now() + 1000 - PHASE_MS) % 1000));
}
setTimeout(tick, 1000 - ((Date.now() + 1000 - PHASE_MS) % 1000));
setInterval(() => console.log(taken), 1000);
