module github.com/crieur/crieur/services/ingest

go 1.26.0

require (
	github.com/andybalholm/brotli v1.2.8
	github.com/crieur/crieur/events v0.0.0
	github.com/klauspost/compress v1.20.3
	golang.org/x/net v0.62.0
	golang.org/x/text v0.43.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/goccy/go-yaml v1.19.2 // indirect
	github.com/mmcdole/gofeed v1.4.2 // indirect
	github.com/mmcdole/goxpp/v2 v2.0.0 // indirect
)

replace github.com/crieur/crieur/events => ../../events
