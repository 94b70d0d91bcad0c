// Package web is what the surfaces of Crieur share.
package web
