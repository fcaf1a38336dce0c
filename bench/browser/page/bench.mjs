// The peers' side, and the door to ours. Each job resolves to the milliseconds from the first message to the last.
import init, * as ours from '/page.js'
import initPeer, * as peer from '/peer.js'

const url = `ws://${location.host}/mqtt`
const id = () => 'bench-' + Math.random()

function counter(count) {
  let began, left = count, resolve
  const done = new Promise(r => { resolve = r })
  return {
    begin() { began ??= Date.now() },
    one() { this.begin(); if (--left === 0) resolve(Date.now() - began) },
    done,
  }
}

// Remaining lengths of these benches are of two bytes.
const walk = (bytes, each) => {
  for (let at = 0; at < bytes.length;) {
    let length = bytes[at + 1] & 127, head = 2
    if (bytes[at + 1] & 128) { length |= bytes[at + 2] << 7; head = 3 }
    if (bytes[at] >> 4 === 3) each(bytes, at + head, at + head + length)
    at += head + length
  }
}

// A WebSocket and nothing else: `each` sees every PUBLISH.
function socket(topic, count, each) {
  const counted = counter(count), socket = new WebSocket(url, 'mqtt')
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => {
    const name = new TextEncoder().encode(topic)
    socket.send(new Uint8Array([0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, 1, 98]))
    socket.send(new Uint8Array([0x82, name.length + 5, 0, 1, 0, name.length, ...name, 0]))
  }
  socket.onmessage = ({ data }) => walk(new Uint8Array(data), (bytes, from, to) => { each(bytes, from, to); counted.one() })
  return counted.done.finally(() => socket.close())
}

const text = new TextDecoder()
const jobs = {
  ours: {
    receive: (topic, count) => ours.receive(url, topic, count),
    publish: (payload, qos, count) => ours.publish(url, payload, qos, count),
  },
  'bare loop in wasm': { receive: (topic, count) => ours.receive_bare(url, topic, count) },
  'bare WebSocket': { receive: (topic, count) => socket(topic, count, () => {}) },
  'bare WebSocket + JSON.parse': {
    receive: (topic, count) => socket(topic, count, (bytes, from, to) => {
      JSON.parse(text.decode(bytes.subarray(from + 2 + bytes[from] * 256 + bytes[from + 1], to)))
    }),
  },
  'MQTT.js': {
    async receive(topic, count) {
      const counted = counter(count), client = mqtt.connect(url, { clientId: id() })
      client.on('message', (_, payload) => { JSON.parse(payload.toString()); counted.one() })
      client.on('connect', () => client.subscribe(topic))
      return counted.done.finally(() => client.end(true))
    },
    async publish(payload, qos, count) {
      const counted = counter(qos ? count : 1), client = mqtt.connect(url, { clientId: id() })
      await new Promise(r => client.on('connect', r))
      counted.begin()
      if (qos) {
        // It has no window of its own: twenty at once, as ours.
        let left = count
        const next = () => { if (left-- > 0) client.publish('bench', payload, { qos: 1 }, () => { counted.one(); next() }) }
        for (let n = 0; n < 20; n++) next()
      } else {
        for (let n = 0; n < count; n++) client.publish('bench', payload, { qos: 0 })
        client.publish('bench', payload, { qos: 1 }, () => counted.one())
      }
      return counted.done.finally(() => client.end(true))
    },
  },
}

const bytes = new TextEncoder()

async function mqtt5() {
  const client = new peer.MqttClient(id()), options = new peer.ConnectOptions()
  options.protocolVersion = 4
  await client.connectWithOptions(url, options)
  return client
}

jobs['mqtt5-wasm'] = {
  async receive(topic, count) {
    const counted = counter(count), client = await mqtt5()
    await client.subscribeWithCallback(topic, (_, payload) => { JSON.parse(text.decode(payload)); counted.one() })
    return counted.done.finally(() => client.disconnect())
  },
  async publish(payload, qos, count) {
    const counted = counter(qos ? count : 1), client = await mqtt5(), body = bytes.encode(payload)
    counted.begin()
    if (qos) {
      let left = count
      const next = () => { if (left-- > 0) client.publishQos1('bench', body, () => { counted.one(); next() }) }
      for (let n = 0; n < 20; n++) next()
    } else {
      for (let n = 0; n < count; n++) await client.publish('bench', body)
      client.publishQos1('bench', body, () => counted.one())
    }
    return counted.done.finally(() => client.disconnect())
  },
}

await init()
await initPeer()
window.run = (who, what, ...args) => {
  window.outcome = null
  jobs[who][what](...args).then(ms => { window.outcome = { ms } }, error => { window.outcome = { error: String(error) } })
}
window.ready = true
