module github.com/crieur/crieur/services/web

go 1.26.0

