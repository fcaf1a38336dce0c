// aws-iot-device-sdk v2: its client of MQTT 3.1.1, which is native code. Unless told not to, it adds metrics to
// the user name, which AWS takes off again and nobody else does.
import { packages, plan, play } from './plot.mjs'

const { io, mqtt } = packages('aws-iot-device-sdk-v2')
const secure = plan.certificate && (() => {
  const options = new io.TlsContextOptions()
  options.override_default_trust_store_from_path(undefined, plan.certificate)
  return new io.ClientTlsContext(options)
})()

play((connected, message) => {
  const connection = new mqtt.MqttClient().new_connection({
    client_id: plan.clientId, host_name: 'localhost', port: plan.port, clean_session: false,
    username: plan.username, password: plan.password, use_websocket: ['web', 'wss'].includes(plan.carrier),
    socket_options: new io.SocketOptions(), tls_ctx: secure, disable_metrics: true, reconnect_min_sec: 1, reconnect_max_sec: 2
  })
  connection.on('connect', connected)
  connection.on('resume', (code, present) => connected(present))
  connection.on('message', (topic, payload) => message(payload))
  connection.on('error', error => console.error(error))
  const open = connection.connect()
  return {
    subscribe: () => connection.subscribe(plan.board, mqtt.QoS.AtMostOnce),
    publish: payload => connection.publish(plan.topic, payload, mqtt.QoS.AtLeastOnce),
    close: async () => { await open; await connection.disconnect() }
  }
})
