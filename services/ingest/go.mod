module github.com/crieur/crieur/services/ingest

go 1.26.0
