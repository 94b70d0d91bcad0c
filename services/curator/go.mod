module github.com/crieur/crieur/services/curator

go 1.26.0
