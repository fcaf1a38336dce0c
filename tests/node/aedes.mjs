// The broker aedes behind ws, on the port that is given. Its CONNACK comes as four messages of one byte.
import { createRequire } from 'node:module'
import { createServer } from 'node:http'

// Packages lie in a cache folder, not next to this file.
const packages = createRequire(process.env.ALLEYCAT_NODE_MODULES + '/')
const Aedes = packages('aedes')
const { WebSocketServer, createWebSocketStream } = packages('ws')

const aedes = new Aedes()
const server = createServer((_, response) => response.end('aedes'))
const sockets = new WebSocketServer({ server, handleProtocols: offered => offered.has('mqtt') ? 'mqtt' : false })
sockets.on('connection', (socket, request) => {
  const stream = createWebSocketStream(socket)
  // A link that is cut is what the tests are about.
  stream.on('error', () => {})
  aedes.handle(stream, request)
})
server.listen(Number(process.argv[2]), '127.0.0.1')
