module github.com/crieur/crieur/services/normalizer

go 1.26.0
