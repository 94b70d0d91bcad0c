module github.com/crieur/crieur/services/publisher

go 1.26.0
