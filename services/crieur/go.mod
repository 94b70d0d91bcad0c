module github.com/crieur/crieur/services/crieur

go 1.26.0

require (
	github.com/crieur/crieur/services/web v0.0.0
	github.com/crieur/crieur/services/impact v0.0.0
	github.com/crieur/crieur/services/audience v0.0.0
	github.com/crieur/crieur/services/curator v0.0.0
	github.com/crieur/crieur/services/publisher v0.0.0
	github.com/crieur/crieur/services/normalizer v0.0.0
	github.com/crieur/crieur/services/ingest v0.0.0
	github.com/crieur/crieur/events v0.0.0
	github.com/goccy/go-yaml v1.19.2
)

require (
	github.com/emersion/go-message v0.18.2 // indirect
	github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6 // indirect
	github.com/emersion/go-smtp v0.25.1 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/linxGnu/gosmpp v0.3.1 // indirect
	github.com/nats-io/nats.go v1.55.0 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/orcaman/concurrent-map/v2 v2.0.1 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/exp v0.0.0-20240604190554-fc45aab8b7f8 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/crieur/crieur/events => ../../events

replace github.com/crieur/crieur/schemas => ../../schemas

replace github.com/crieur/crieur/services/ingest => ../../services/ingest

replace github.com/crieur/crieur/services/normalizer => ../../services/normalizer

replace github.com/crieur/crieur/services/publisher => ../../services/publisher

replace github.com/crieur/crieur/services/curator => ../../services/curator

replace github.com/crieur/crieur/services/audience => ../../services/audience

replace github.com/crieur/crieur/services/impact => ../../services/impact

replace github.com/crieur/crieur/services/web => ../../services/web
