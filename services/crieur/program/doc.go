// Package program assembles Crieur: the engines (embedded NATS and ClickHouse,
// or servers given by address), the topology of the bus, the registry as the
// configuration declares it, and the services asked for, in one group with one
// listener.
//
// In: a config.Config and the names of services. Guarantees: the engines start
// before the services and stop after them; a stop takes at most five seconds
// and loses nothing; a start on the folder of a killed process goes on where
// it was.
package program
