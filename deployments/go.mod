module github.com/crieur/crieur/deployments

go 1.26.0
