// What every library does here, in the words that tests/interop/play.rs waits for.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

// Packages lie in a cache folder, not next to this file.
export const packages = createRequire(process.env.ALLEYCAT_NODE_MODULES + '/')
export const plan = JSON.parse(process.env.PLAN)
export const ca = plan.certificate && readFileSync(plan.certificate)

// `open(connected, message)` begins a client that keeps its session and comes back by itself. It calls
// `connected(sessionPresent)` at each CONNACK and `message(bytes)` at each board, and returns
// `{ subscribe, publish, close }`, whose promises end with the answer of the other side.
export async function play(open) {
  const commands = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  let [onConnected, onBoard] = [() => {}, () => {}]
  const connected = () => new Promise(resolve => { onConnected = resolve })
  const onTheBoard = () => new Promise(resolve => {
    onBoard = bytes => { if (Buffer.from(bytes).toString().includes(plan.mark)) resolve() }
  })
  const start = () => open(present => onConnected(present), bytes => onBoard(bytes))
  const expect = (present, expected) => {
    if (present !== expected) throw new Error(`session present is ${present}`)
  }

  let again = connected()
  let client = start()
  expect(await again, false)
  console.log('connected')
  await client.subscribe()
  console.log('subscribed')
  await client.publish(plan.messages[0])
  console.log('acknowledged')
  await onTheBoard()
  console.log('on the board')
  await client.close()

  again = connected()
  const board = onTheBoard()
  client = start()
  expect(await again, true)
  console.log('resumed')
  await board
  console.log('on the board')
  again = connected()
  await commands.next()
  const acknowledged = client.publish(plan.messages[1])
  expect(await again, true)
  console.log('resumed')
  await acknowledged
  console.log('acknowledged')
  await client.close()
  process.exit(0)
}
