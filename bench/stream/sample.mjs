// How the AWS sample's simulator puts records, as a peer: a message of each rider each second is queued; a batch is
// sent as soon as it holds 100; what is left is sent when the second is over, so it arrives a second late. The
// original waits in a busy loop; here the wait is a timer, which is kinder to its CPU figure.
import { createRequire } from 'node:module'

const packages = createRequire(process.env.ALLEYCAT_NODE_MODULES + '/')
const { KinesisClient, PutRecordsCommand } = packages('@aws-sdk/client-kinesis')
// By itself this client speaks HTTP/2, which no emulator does.
const { NodeHttpHandler } = packages('@smithy/node-http-handler')

const [endpoint, ridersText, secondsText, payload] = process.argv.slice(2)
const [riders, seconds] = [Number(ridersText), Number(secondsText)]
const client = new KinesisClient({
  endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'emulator', secretAccessKey: 'emulator' }, maxAttempts: 1, requestHandler: new NodeHttpHandler(),
})

const BATCH = 100
const took = []
let failed = 0
let queue = []
const sending = []

const flush = () => {
  if (queue.length === 0) return
  const batch = queue
  queue = []
  const Records = batch.map(({ data }) => ({ Data: data, PartitionKey: String(Math.floor(Math.random() * 1e8)) }))
  const sent = client.send(new PutRecordsCommand({ StreamName: 'alleycat', Records })).then(
    (answer) => {
      const now = performance.now()
      failed += answer.FailedRecordCount ?? 0
      for (const { since } of batch) took.push(now - since)
    },
    () => { failed += batch.length },
  )
  sending.push(sent)
}

const data = new TextEncoder().encode(payload)
const cpu = process.cpuUsage()
const start = performance.now()
for (let second = 1; second <= seconds; second++) {
  for (let rider = 0; rider < riders; rider++) {
    queue.push({ data, since: performance.now() })
    if (queue.length === BATCH) flush()
  }
  await new Promise((resolve) => setTimeout(resolve, start + second * 1000 - performance.now()))
  flush()
}
await Promise.all(sending)
const used = process.cpuUsage(cpu)
took.sort((one, other) => one - other)
const at = (part) => took[Math.floor((took.length - 1) * part)]
console.log(JSON.stringify({
  cpuUs: (used.user + used.system) / (riders * seconds), p50: at(0.5), p99: at(0.99), failed, records: took.length,
}))
