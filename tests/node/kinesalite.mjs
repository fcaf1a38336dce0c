// The Kinesis emulator kinesalite on the port that is given, on loopback alone: its own command listens on
// every address. Milliseconds that a change of a stream takes follow the port.
import { createRequire } from 'node:module'

// Packages lie in a cache folder, not next to this file.
const packages = createRequire(process.env.ALLEYCAT_NODE_MODULES + '/')
const kinesalite = packages('kinesalite')

const [port, changeMs = '50'] = process.argv.slice(2)
const ms = Number(changeMs)
kinesalite({ createStreamMs: ms, deleteStreamMs: ms, updateStreamMs: ms, shardLimit: 500 })
  .listen(Number(port), '127.0.0.1')
