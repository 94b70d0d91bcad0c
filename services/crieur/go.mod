module github.com/crieur/crieur/services/crieur

go 1.26.0
