package engine

import "syscall"

// executable names this very program, even when its file has been replaced by
// a newer one since it started.
func executable() (string, error) { return "/proc/self/exe", nil }

func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
