// MQTT.js.
import { ca, packages, plan, play } from './plot.mjs'

const mqtt = packages('mqtt')
const protocol = { tcp: 'mqtt', web: 'ws', tls: 'mqtts', wss: 'wss' }[plan.carrier]

play((connected, message) => {
  const client = mqtt.connect({
    protocol, host: 'localhost', port: plan.port, path: '/mqtt', ca, clean: false, reconnectPeriod: 100,
    clientId: plan.clientId, username: plan.username, password: plan.password
  })
  client.on('connect', packet => connected(packet.sessionPresent))
  client.on('message', (topic, payload) => message(payload))
  client.on('error', error => console.error(error))
  return {
    subscribe: () => client.subscribeAsync(plan.board),
    publish: payload => client.publishAsync(plan.topic, payload, { qos: 1 }),
    close: () => client.endAsync()
  }
})
