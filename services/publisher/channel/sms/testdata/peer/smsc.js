// An SMSC on npm smpp. It listens on a free loopback port and prints one JSON
// line for each thing that happens; the test writes commands on its input:
//   receipt tlv|text|hex|early|none   how messages are reported from now on
//   mo <from> <text>                  a message from a telephone
//   drop                              every connection is cut
//   count                             prints how many messages came
// The end of a number decides the answer: 0001 is refused, 0002 is throttled
// twice, 0003 never has an answer, 0004 is refused for ever as throttled, 0005 is
// throttled seven times after a first message.
"use strict";
const smpp = require("smpp");
const readline = require("readline");

let next = 4096;
let receipt = process.argv[2] || "none";
let quiet = process.argv[3] === "quiet";
let count = 0;
const throttled = new Map(); // how often each number came
const patience = { "0002": (n) => n < 2, "0004": () => true, "0005": (n) => n >= 1 && n < 8 };
const sessions = new Set();
const say = (o) => process.stdout.write(JSON.stringify(o) + "\n");

const report = (session, pdu, id) => {
  const hex = id.toString(16);
  const pduOut = { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4 };
  if (receipt === "tlv") {
    pduOut.receipted_message_id = String(id);
    pduOut.message_state = 2;
    pduOut.short_message = { message: "" };
  } else {
    const name = receipt === "hex" ? hex : String(id);
    pduOut.short_message = { message: `id:${name} sub:001 dlvrd:001 submit date:2605040900 done date:2605040901 stat:DELIVRD err:000 text:` };
  }
  session.deliver_sm(pduOut, (resp) => { if (!quiet) say({ event: "receipt-answered", id: String(id), status: resp.command_status }); });
};

const submit = (session, pdu) => {
  const to = pdu.destination_addr;
  const end = to.slice(-4);
  if (end === "0001") return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
  if (end === "0003") return say({ event: "submit", to, answered: false });
  const times = throttled.get(to) || 0;
  if (end in patience) throttled.set(to, times + 1);
  if (end in patience && patience[end](times)) {
    return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
  }
  const id = next++;
  count++;
  if (!quiet) {
    const message = pdu.short_message.message;
    say({ event: "submit", id: String(id), to, from: pdu.source_addr, text: message.toString(), coding: pdu.data_coding, esm: pdu.esm_class, answered: true, validity: pdu.validity_period, priority: pdu.priority_flag });
  }
  if (receipt === "early") report(session, pdu, id);
  session.send(pdu.response({ message_id: String(id) }));
  if (pdu.registered_delivery && receipt !== "none" && receipt !== "early") setImmediate(() => report(session, pdu, id));
};

const server = smpp.createServer((session) => {
  sessions.add(session);
  session.on("close", () => sessions.delete(session));
  session.on("error", () => {});
  session.on("bind_transceiver", (pdu) => {
    if (pdu.password !== "secret") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return session.close();
    }
    say({ event: "bind", system: pdu.system_id });
    session.send(pdu.response());
  });
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); session.close(); });
});
server.listen(Number(process.env.PORT || 0), "127.0.0.1", () => say({ event: "listening", port: server.address().port }));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [command, a, ...rest] = line.split(" ");
  if (command === "receipt") { receipt = a; say({ event: "ok" }); }
  if (command === "count") say({ event: "count", count });
  if (command === "drop") for (const s of sessions) s.destroy();
  if (command === "mo") {
    for (const s of sessions) {
      s.deliver_sm({ source_addr: a, destination_addr: "36111", short_message: { message: rest.join(" ") } },
        (resp) => say({ event: "mo-answered", status: resp.command_status }));
      break;
    }
  }
}).on("close", () => process.exit(0));
