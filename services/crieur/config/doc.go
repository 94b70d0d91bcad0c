// Package config reads Crieur's one YAML file: where data lives, where to
// listen, which engines to use, and the authorities with their sources,
// streams, channels, signs and officers.
//
// In: a file. Out: a Config with its defaults, validated. An unknown key, a
// wrong value or a reference to nothing is an Error that names the file, the
// line and the field; all of them are reported at once. Secrets are not in the
// file: a *_file key names a file, and ${NAME} a variable of the environment.
package config
