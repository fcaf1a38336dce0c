// Reads lines of hexadecimal bytes, and answers each with a line of JSON: the packets that mqtt-packet
// finds in them, and whether it stopped at an error. Started by node.rs.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const mqtt = createRequire(process.argv[2] + "/")("mqtt-packet");

function read(bytes) {
  const parser = mqtt.parser({ protocolVersion: 4 });
  const packets = [];
  let refused = false;
  parser.on("packet", (packet) => {
    if (!refused) packets.push(plain(packet));
  });
  parser.on("error", () => {
    refused = true;
  });
  try {
    parser.parse(bytes);
  } catch {
    refused = true;
  }
  return { packets, refused };
}

// Bytes as hexadecimal text, texts as they are.
function plain(packet) {
  const hex = (bytes) => (bytes == null ? undefined : Buffer.from(bytes).toString("hex"));
  const { will } = packet;
  return {
    ...packet,
    payload: hex(packet.payload),
    password: hex(packet.password),
    will: will && { ...will, payload: hex(will.payload) },
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(read(Buffer.from(line, "hex"))) + "\n");
}
