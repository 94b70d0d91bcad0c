// An SMTP server on npm smtp-server, that reads what it gets with npm
// mailparser and prints one JSON line a message. The local part of a recipient
// decides the answer: refused@ gets 550, later@ gets 451, silent@ has no answer
// after DATA, gone@ has its connection cut at RCPT. With "starttls" or "implicit",
// and the files of a certificate and its key, it speaks TLS and asks for a
// password.
"use strict";
const { readFileSync } = require("fs");
const { SMTPServer } = require("smtp-server");
const { simpleParser } = require("mailparser");

const say = (o) => process.stdout.write(JSON.stringify(o) + "\n");
const fail = (code, text) => Object.assign(new Error(text), { responseCode: code });
let connections = 0;
const [tls, cert, key] = process.argv.slice(2);
const encrypted = tls ? { secure: tls === "implicit", cert: readFileSync(cert), key: readFileSync(key) } : {};

const server = new SMTPServer({
  ...encrypted,
  authOptional: !tls,
  disabledCommands: tls ? [] : ["STARTTLS"],
  allowInsecureAuth: !tls,
  onAuth: (auth, session, done) => (auth.password === "secret" ? done(null, { user: auth.username }) : done(fail(535, "5.7.8 no"))),
  onConnect: (session, done) => { connections++; done(); },
  onRcptTo: (address, session, done) => {
    if (address.address.startsWith("refused@")) return done(fail(550, `5.1.1 no such user ${address.address}`));
    if (address.address.startsWith("later@")) return done(fail(451, `4.3.0 try ${address.address} later`));
    done();
  },
  onData: (stream, session, done) => {
    const to = session.envelope.rcptTo[0].address;
    simpleParser(stream).then((mail) => {
      if (to.startsWith("silent@")) return;
      const header = (name) => { const h = mail.headerLines.find((l) => l.key === name); return h ? h.line.slice(name.length + 1).replace(/\s+/g, " ").trim() : ""; };
      say({
        event: "mail", to, from: mail.from.text, subject: mail.subject, text: mail.text, html: mail.html || "", messageId: mail.messageId,
        unsubscribe: header("list-unsubscribe"), oneClick: header("list-unsubscribe-post"), connections,
      });
      done();
    });
  },
});
server.on("error", () => {});
server.listen(0, "127.0.0.1", () => say({ event: "listening", port: server.server.address().port }));
process.stdin.resume().on("end", () => process.exit(0));
