// Paho JS, made for browsers: it gets the WebSocket of `ws`. It does not tell whether a session was present,
// so it is asked of the CONNACK as it comes by.
import { packages, plan, play } from './plot.mjs'

let connack
globalThis.WebSocket = class extends packages('ws').WebSocket {
  constructor(...args) {
    super(...args)
    this.addEventListener('message', event => {
      const bytes = new Uint8Array(event.data)
      if (bytes[0] === 0x20) connack = bytes
    })
  }
}
const Paho = packages('paho-mqtt')

play((connected, message) => {
  const client = new Paho.Client('127.0.0.1', plan.port, '/mqtt', plan.clientId)
  const delivered = new Map()
  client.onConnected = () => connected(connack[2] === 1)
  client.onMessageArrived = arrived => message(arrived.payloadBytes)
  client.onMessageDelivered = sent => delivered.get(sent.payloadString)?.()
  client.connect({
    userName: plan.username, password: plan.password, cleanSession: false, reconnect: true,
    onFailure: failure => { throw new Error(failure.errorMessage) }
  })
  return {
    subscribe: () => new Promise((onSuccess, onFailure) => client.subscribe(plan.board, { onSuccess, onFailure })),
    publish: payload => new Promise(resolve => {
      delivered.set(payload, resolve)
      client.send(plan.topic, payload, 1)
    }),
    close: async () => client.disconnect()
  }
})
