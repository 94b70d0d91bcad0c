module github.com/crieur/crieur/services/impact

go 1.26.0
