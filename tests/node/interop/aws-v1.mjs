// aws-iot-device-sdk v1. It speaks TLS only: with a client certificate, which the hub does not ask for, or in a
// WebSocket with a custom authoriser.
import { ca, packages, plan, play } from './plot.mjs'
import { readFileSync } from 'node:fs'

const { device } = packages('aws-iot-device-sdk')
const carrier = {
  tls: { protocol: 'mqtts', caCert: ca, privateKey: readFileSync(plan.certificate.replace('certificate', 'key')), clientCert: ca },
  wss: { protocol: 'wss-custom-auth', customAuthHeaders: {}, region: 'none', websocketOptions: { ca } }
}[plan.carrier]

play((connected, message) => {
  const client = device({
    ...carrier, host: 'localhost', port: plan.port, clientId: plan.clientId, clean: false,
    username: plan.username, password: plan.password, enableMetrics: false, baseReconnectTimeMs: 100
  })
  client.on('connect', packet => connected(packet.sessionPresent))
  client.on('message', (topic, payload) => message(payload))
  client.on('error', error => console.error(error))
  const done = (resolve, reject) => error => error ? reject(error) : resolve()
  return {
    subscribe: () => new Promise((resolve, reject) => client.subscribe(plan.board, { qos: 0 }, done(resolve, reject))),
    publish: payload =>
      new Promise((resolve, reject) => client.publish(plan.topic, payload, { qos: 1 }, done(resolve, reject))),
    close: () => new Promise(resolve => client.end(false, resolve))
  }
})
