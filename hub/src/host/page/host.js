// The host's page: asks the hub's API once a second and shows what it says. Nothing is decided here.

import { bytes, fill, find, labelled, list, make, minutes, moment, rough, row, say, span, tell, whole } from "./dom.js";

const KEY = "alleycat.host-key";
const POLL_MS = 1000;
const SEATS_MS = 3000;
const RACES_MS = 10000;
const PATIENCE_MS = 5000;
const RACES_SHOWN = 12;
const SEATS_SHOWN = 200;
const RECORDS_SHOWN = 10;
/** The longest name, as the hub has it. */
const NAME_CHARS = 24;
/** What the API says to programs only. */
const BY_HAND = /[^.]*`Authorization: Bearer`\./;
const RACE_STATES = { running: "running", grace: "waits for late seconds", official: "official" };

let key = sessionStorage.getItem(KEY);
/** The last status, and when it came by this machine's clock. */
let status = null;
let heard = 0;
let heardAt = "";
/** Since when the page is looked at: while it is not, nothing is asked. */
let awake = 0;
/** For rates: what was counted up to a minute ago, oldest first. */
let past = [];
let timers = [];
let seats = [];

class Refused extends Error {}

/** Asks the API; throws `Refused` with its sentence when it says no, anything else when there is no answer. */
async function ask(path, options = {}) {
  const headers = { ...options.headers, authorization: `Bearer ${key}` };
  const answer = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Refused(problem.detail ?? `The hub answers ${answer.status}.`), { status: answer.status });
}

// --- Door and states ---

function state(name, text) {
  const chip = find("state");
  chip.dataset.state = name;
  say(chip, text);
}

function door(message) {
  timers.forEach(clearInterval);
  [timers, status, past, seats] = [[], null, [], []];
  sessionStorage.removeItem(KEY);
  key = null;
  find("house").hidden = true;
  find("sign-out").hidden = true;
  find("door").hidden = false;
  say(find("clock"), "");
  tell(find("key-error"), message);
  find("key").setAttribute("aria-invalid", Boolean(message));
  state(message ? "refused" : "signed-out", message ? "Not let in" : "Signed out");
  find("key").value = "";
  find("key").focus();
}

async function enter() {
  state("starting", "Asking the hub");
  try {
    show(await ask("/api/host/status"));
  } catch (error) {
    if (error instanceof Refused) {
      return door(error.message.replace(BY_HAND, ""));
    }
    if (find("house").hidden) return door("The hub does not answer. Is it running, and is this its address?");
  }
  sessionStorage.setItem(KEY, key);
  find("door").hidden = true;
  find("house").hidden = false;
  find("sign-out").hidden = false;
  every(POLL_MS, pollStatus);
  every(SEATS_MS, pollSeats);
  every(RACES_MS, pollRaces);
  every(200, tick);
}

/** Runs a task again and again, never twice at once. */
function every(ms, task) {
  let busy = false;
  const run = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      await task();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) door(`You have been signed out. ${error.message.replace(BY_HAND, "")}`);
      // Silence shows by itself: the time since the hub was heard of.
    } finally {
      busy = false;
    }
  };
  timers.push(setInterval(run, ms));
  run();
}

async function pollStatus() {
  show(await ask("/api/host/status"));
}

/** What moves between two answers. */
function tick() {
  if (!status) return;
  const silent = performance.now() - heard;
  const offline = silent > PATIENCE_MS && performance.now() - awake > PATIENCE_MS;
  find("house").classList.toggle("old", offline);
  tell(find("offline"), offline
    ? `The hub has not answered since ${heardAt}. What is shown is from then. Look whether it runs and whether this machine is in its network: this page goes on trying.`
    : null);
  if (offline) return state("offline", "No answer");
  const bad = status.notes.some((note) => note.level === "bad");
  state(bad ? "bad" : status.notes.length ? "warn" : "good", bad ? "Needs care" : status.notes.length ? "Runs, with a remark" : "All is well");
  const now = status.now + silent;
  const left = status.race.ends - now;
  say(find("left"), minutes(left));
  find("progress").value = 1 - Math.max(0, left) / (status.race.seconds * 1000);
  say(find("clock"), new Date(now).toLocaleTimeString());
}

// --- Figures ---

function show(next) {
  status = next;
  heard = performance.now();
  heardAt = new Date().toLocaleTimeString();
  const sum = (field) => status.classes.reduce((total, item) => total + item[field], 0);
  say(find("race"), status.race.raceId);
  say(find("riding"), whole(sum("riding")));
  say(find("riders"), `of ${whole(sum("riders"))} in the race`);
  say(find("mqtt"), whole(status.connections.mqtt));
  say(find("mqtt-most"), `of ${whole(status.connections.mostMqtt)} at most`);
  say(find("wait"), status.lag.longestWait == null ? "–" : rough(status.lag.longestWait));
  say(find("version"), `Alleycat hub ${status.version}`);
  remember();
  showNotes();
  showClasses();
  showHealth();
  showRefusals();
  tick();
}

function remember() {
  // A counter that fell belongs to a hub that was started anew.
  if (past.length && status.started !== past[0].started) past = [];
  const counts = new Map(status.refusals.map((refused) => [refused.kind + refused.reason, refused.count]));
  past.push({ now: status.now, started: status.started, counted: status.messages.counted, counts });
  while (past.length > 2 && status.now - past[0].now > 60000) past.shift();
  const recent = past.findLast((then) => status.now - then.now >= 4000) ?? past[0];
  const seconds = (status.now - recent.now) / 1000;
  say(find("rate"), seconds > 0 ? rough((status.messages.counted - recent.counted) / seconds) : "–");
}

function showNotes() {
  list(find("notes"), status.notes, (note) => note.text, (note) =>
    make("li", { className: `alert ${note.level}`, textContent: note.text }));
}

function showClasses() {
  list(find("classes"), status.classes, (item) => item.classId, () => labelled(row(6, [1, 2, 3, 5]), "", "Riders", "Riding", "Silent", "Leader", "Score"), (line, item) => {
    line.classList.toggle("idle", !item.riders);
    const { leader } = item;
    fill(line, `${item.classId} · ${item.name}`, item.riders, item.riding, item.silent,
      leader ? `${leader.name} (${leader.racerId})` : "–", leader ? rough(leader.score) : "–");
  });
}

function showHealth() {
  const { lag, machine, connections, messages } = status;
  const waiting = status.store.startsWith("can't") ? "until the store can be written" : "nobody has waited yet";
  const wait = lag.wait == null ? waiting : `${rough(lag.wait)} ms, slowest 1 %: ${rough(lag.longestWait)} ms`;
  const files = machine.files == null ? "–" : `${whole(machine.files)} of ${whole(machine.mostFiles ?? 0)}`;
  const well = { ok: "good", none: "idle", "in memory": "warn" };
  const lines = [
    ["Store", words(status.store), well[status.store] ?? "bad"],
    ["Archive", words(status.archive), well[status.archive] ?? "bad"],
    ["Certificate", status.tls === "none" ? "none: the hub speaks http" : words(status.tls), well[status.tls] ?? "bad"],
    ["Not yet on the disk", lag.unwritten ? whole(lag.unwritten) : "nothing", lag.unwritten > 5000 ? "warn" : ""],
    ["A rider waits for the disk", wait, ""],
    ["Boards are late", lag.board == null ? "–" : `${rough(lag.board)} ms, slowest 1 %`, lag.board > 500 ? "warn" : ""],
    ["Sent again by riders", whole(messages.duplicate), ""],
    ["Clients slowed down", whole(messages.slowed), ""],
    ["Page and API connections", `${whole(connections.http)} of ${whole(connections.mostHttp)}`, ""],
    ["Disk", machine.diskFree == null ? "nothing is kept" : `${bytes(machine.diskFree)} free, store ${bytes(machine.store)}`, ""],
    ["Memory", bytes(machine.memory), ""],
    ["Open files", files, ""],
    ["Runs for", span(status.now - status.started), ""],
  ];
  list(find("health"), lines, ([name]) => name,
    ([name]) => make("div", {}, make("dt", { textContent: name }), make("dd")),
    (line, [, text, level]) => {
      line.className = level;
      say(line.lastElementChild, text);
    });
}

const words = (text) => (text === "ok" ? "works" : text);

function showRefusals() {
  const { refusals } = status;
  const before = past[0].counts;
  say(find("refused-count"), refusals.length ? whole(refusals.reduce((sum, item) => sum + item.count, 0)) : "");
  find("no-refusals").hidden = refusals.length > 0;
  find("refusals").closest("table").hidden = !refusals.length;
  list(find("refusals"), refusals, (item) => item.kind + item.reason,
    (item) => {
      const line = row(4, [0, 1]);
      labelled(line, "Times", "Last minute");
      line.cells[2].append(make("span", { textContent: item.meaning }), " ", make("code", { textContent: item.reason }));
      say(line.cells[3], item.action);
      return line;
    },
    (line, item) => {
      const lately = item.count - (before.get(item.kind + item.reason) ?? 0);
      line.classList.toggle("warn", lately > 0);
      say(line.cells[0], whole(item.count));
      say(line.cells[1], lately ? `+${whole(lately)}` : "–");
    });
}

// --- Seats ---

async function pollSeats() {
  seats = (await ask("/api/host/seats")).seats;
  showSeats();
}

function showSeats() {
  const wanted = find("seat-filter").value.trim().toLowerCase();
  const found = seats.filter((seat) => !wanted || String(seat.racerId).startsWith(wanted) || seat.name.toLowerCase().includes(wanted));
  const shown = found.slice(0, SEATS_SHOWN);
  say(find("seats-count"), seats.length ? whole(seats.length) : "");
  find("seats").closest("table").hidden = !shown.length;
  const text = seats.length ? `Nobody is called ${wanted}.` : "Nobody has taken a seat.";
  tell(find("no-seats"), !shown.length ? text : found.length > shown.length ? `And ${whole(found.length - shown.length)} more: find them above.` : null);
  list(find("seats"), shown, (seat) => seat.racerId, seatRow, (line, seat) => {
    say(line.cells[0], seat.racerId);
    if (!line.renaming) say(line.cells[1], seat.name);
    line.seat = seat;
    say(line.cells[2], `${span(status.now - seat.lastSeen)} ago`);
  });
}

function seatRow(seat) {
  const line = row(4, [0]);
  line.seat = seat;
  const rename = make("button", { type: "button", textContent: "Rename", "aria-label": `Rename racer ${seat.racerId}` });
  const free = make("button", { type: "button", textContent: "Free", className: "danger", "aria-label": `Free seat ${seat.racerId}` });
  rename.onclick = () => startRename(line, rename);
  let sure;
  free.onclick = async () => {
    // A second press within a few seconds: a seat that is freed by accident throws its rider out.
    if (!sure) {
      say(free, "Really free?");
      sure = setTimeout(() => [sure, free.textContent] = [null, "Free"], 4000);
      return;
    }
    clearTimeout(sure);
    await change(seat.racerId, { method: "DELETE" });
  };
  line.cells[3].className = "actions";
  line.cells[3].append(rename, free);
  return line;
}

function startRename(line, button) {
  if (line.renaming) return;
  line.renaming = true;
  const field = make("input", { value: line.seat.name, maxLength: NAME_CHARS, required: true, "aria-label": `New name of racer ${line.seat.racerId}` });
  const form = make("form", { className: "rename" }, field, make("button", { type: "submit", textContent: "Save" }));
  const end = () => {
    line.renaming = false;
    line.cells[1].replaceChildren(line.seat.name);
    button.focus();
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ name: field.value });
    const done = await change(line.seat.racerId, { method: "PUT", body, headers: { "content-type": "application/json" } });
    if (done) end();
  };
  form.onkeydown = (event) => event.key === "Escape" && end();
  line.cells[1].replaceChildren(form);
  field.select();
}

/** Changes a seat; returns whether that went well. */
async function change(racer, options) {
  let trouble = null;
  try {
    await ask(`/api/host/seats/${racer}`, options);
    await pollSeats();
  } catch (error) {
    trouble = error instanceof Refused ? error.message : "The hub did not answer: nothing may have changed. Try again.";
  }
  tell(find("seat-error"), trouble);
  return !trouble;
}

// --- Races and records ---

async function pollRaces() {
  if (!status) return;
  const lists = await Promise.all(status.classes.map(({ classId }) => ask(`/api/races?classId=${classId}&limit=${RACES_SHOWN}`)));
  const races = lists.flatMap((answer) => answer.races).sort((a, b) => b.raceId - a.raceId || a.classId - b.classId).slice(0, RACES_SHOWN);
  find("no-races").hidden = races.length > 0;
  list(find("races"), races, (race) => `${race.raceId}/${race.classId}`, raceEntry, (entry, race) => {
    entry.dataset.state = race.state;
    say(entry.querySelector(".riders"), `${whole(race.riders)} rider${race.riders === 1 ? "" : "s"}, ${RACE_STATES[race.state]}`);
  });
  await pollRecords();
}

/** A race that opens to its riders, and the table to hand out. */
function raceEntry(race) {
  const path = `/api/races/${race.raceId}/classes/${race.classId}`;
  const name = status.classes.find((item) => item.classId === race.classId)?.name ?? "";
  const start = race.raceId * status.race.seconds * 1000;
  const rides = make("div", { className: "rides" });
  const entry = make("details", { className: "race" },
    make("summary", {},
      make("span", { className: "when", textContent: moment(start) }),
      make("span", {}, make("span", { textContent: `${race.classId} · ${name} ` }), make("span", { className: "riders muted" })),
      make("a", { className: "button", href: `${path}/results.csv`, download: "", textContent: "CSV", "data-testid": "results-csv", "aria-label": `Results of race ${race.raceId}, class ${race.classId}, as CSV` })),
    rides);
  entry.ontoggle = async () => {
    if (!entry.open) return;
    try {
      const { results } = await ask(path);
      list(rides, results, (ride) => ride.racerId, (ride) => rideLine(race, ride), showRide);
    } catch (error) {
      rides.replaceChildren(make("p", { className: "alert bad", textContent: error instanceof Refused ? error.message : "The hub did not answer: close and open this race again." }));
    }
  };
  return entry;
}

function rideLine(race, { racerId }) {
  return make("p", {}, make("span", { className: "n" }), make("span"), make("span", { className: "n" }), rideLinks(race, racerId));
}

/** What moves while a race is not official yet, and when the host judges a ride. */
function showRide(line, { rank, racerId, name, score }) {
  [`${rank}.`, `${name} (${racerId})`, rough(score)].forEach((text, at) => say(line.children[at], text));
}

function rideLinks({ raceId }, racerId) {
  const path = `/api/rides/${raceId}/${racerId}`;
  const links = ["fit", "tcx", "csv"].map((kind) => {
    const link = make("a", { href: `${path}.${kind}`, download: "", textContent: kind.toUpperCase(), "aria-label": `Ride of racer ${racerId} as ${kind.toUpperCase()}` });
    link.onclick = (event) => {
      event.preventDefault();
      download(link, path, kind);
    };
    return link;
  });
  return make("span", { className: "links" }, ...links);
}

/** Fetches a ride's file by a link that is good for a while: a plain one shows no key, and rides may be private. */
async function download(link, path, kind) {
  const error = link.closest(".card").querySelector(".ride-error");
  let trouble = null;
  try {
    const good = await ask(`${path}/link`, { method: "POST" });
    make("a", { href: good[kind], download: "" }).click();
  } catch (failed) {
    trouble = failed instanceof Refused ? failed.message : "The hub did not answer: try again.";
  }
  tell(error, trouble);
}

async function pollRecords() {
  const select = find("record-class");
  list(select, status.classes, (item) => item.classId, (item) => make("option", { value: item.classId, textContent: `${item.classId} · ${item.name}` }));
  const shown = select.value;
  const { entries } = await ask(`/api/leaderboard?classId=${shown}&limit=${RECORDS_SHOWN}`);
  if (shown !== select.value) return;
  find("no-records").hidden = entries.length > 0;
  find("records").closest("table").hidden = !entries.length;
  find("all-records").href = `/api/leaderboard?classId=${shown}`;
  list(find("records"), entries, (entry) => `${shown}/${entry.racerId}/${entry.raceId}`, (entry) => {
    const line = row(5, [0, 2, 3]);
    line.cells[4].append(rideLinks(entry, entry.racerId));
    return line;
  }, (line, entry) => fill(line, entry.rank, entry.name, entry.racerId, rough(entry.score)));
}

// --- Start ---

find("key-form").onsubmit = (event) => {
  event.preventDefault();
  key = find("key").value.trim();
  enter();
};
find("sign-out").onclick = () => door(null);
find("seat-filter").oninput = showSeats;
find("record-class").onchange = () => pollRecords().catch(() => {});
document.onvisibilitychange = () => (awake = performance.now());
if (key) enter();
else door(null);
