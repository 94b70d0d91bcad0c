module github.com/crieur/crieur/schemas

go 1.26.0
