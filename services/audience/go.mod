module github.com/crieur/crieur/services/audience

go 1.26.0
