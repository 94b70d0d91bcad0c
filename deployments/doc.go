// Package deployments holds what runs Crieur for real: systemd for one
// machine, compose and Kubernetes for several, the configuration of a NATS
// cluster and of a ClickHouse server, and a Grafana dashboard. Its tests read
// each file and hold it against the program: a flag, a port or a metric that
// is not there fails them. Folder e2e has scenarios over the whole program.
package deployments
