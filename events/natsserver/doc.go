// Package natsserver runs a real nats-server inside the process: the bus of a
// one-machine installation, and the bus of every test.
//
// In comes a folder and, at will, addresses for other programs (NATS over TCP,
// MQTT 3.1.1 for signs, leaf nodes). Out comes a running server with JetStream
// stored in the folder, and in-process connections to it.
//
// Guarantees: Start returns a server that accepts connections and whose
// JetStream is ready, or an error that names the folder or the address at
// fault; one folder is never opened by two servers; nothing listens beyond the
// machine without users; Close is bounded and leaves the store consistent.
//
// https://docs.nats.io/running-a-nats-service/configuration,
// https://docs.nats.io/running-a-nats-service/configuration/mqtt
package natsserver
