// Keeps the page for when the network is down. Written by `cargo xtask` from the finished page.
"use strict";

const CACHE = "alleycat-page-VERSION";
// The hub's latest answer: with it the page opens, and says that the hub is away.
const CONFIG = "alleycat-config";
// Every file of the page with the hash of what is in it.
const FILES = new Map(FILES_OF_THE_PAGE);
// How long the network may take before what is kept is shown, in ms.
const PATIENCE = 2500;

// All of it or nothing: a page of which half is kept opens into nothing.
async function install() {
  const cache = await caches.open(CACHE);
  const keep = async ([path, integrity]) => {
    const answer = await fetch(path, { cache: "no-cache", integrity });
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
    await cache.put(path, answer);
  };
  try {
    await Promise.all([...FILES].map(keep));
    // The first visit is not the worker's yet, and may be the only one with a network.
    await config("/config.json").catch(() => {});
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith("alleycat-page-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

const kept = async (path, cache) => (await caches.open(cache)).match(path);

async function ask(request) {
  const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${answer.url} answers ${answer.status}`);
  return answer;
}

// The page's address: the newest page, or the one that is kept.
async function page(request) {
  return ask(request).catch(async (error) => (await kept("/", CACHE)) ?? Promise.reject(error));
}

// The hub's word, or its last one.
async function config(request) {
  try {
    const answer = await ask(request);
    const cache = await caches.open(CONFIG);
    await cache.put("/config.json", answer.clone());
    return answer;
  } catch (error) {
    return (await kept("/config.json", CONFIG)) ?? Promise.reject(error);
  }
}

async function file(request, path) {
  return (await kept(path, CACHE)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

// A newer page waits until the one that is open says so: it never comes into a race.
self.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(self.skipWaiting());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  const path = pathname === "/index.html" ? "/" : pathname;
  if (path === "/") event.respondWith(page(request));
  else if (path === "/config.json") event.respondWith(config(request));
  else if (FILES.has(path)) event.respondWith(file(request, path));
});
