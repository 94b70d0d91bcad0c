package engine

import (
	"os"
	"syscall"
)

func executable() (string, error) { return os.Executable() }

// childAttr: darwin has no parent-death signal; the end of standard input
// tells the child.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
