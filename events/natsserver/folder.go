package natsserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockName is the file that keeps a second server out of the folder:
// nats-server itself has no such guard, and two of them ruin a store.
const lockName = "crieur.lock"

// openFolder makes and locks the folder, and proves that it can be written.
// Closing the returned file gives the folder back.
func openFolder(dir string, minFreeBytes int64) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("natsserver: folder %s: %w", dir, pathless(err))
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("natsserver: folder %s cannot be written: %w", dir, pathless(err))
	}
	if err := checkFolder(lock, dir, minFreeBytes); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func checkFolder(lock *os.File, dir string, minFreeBytes int64) error {
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("natsserver: folder %s is used by another running server", dir)
		}
		return fmt.Errorf("natsserver: folder %s cannot be locked: %w", dir, err)
	}
	if err := checkRoom(dir, minFreeBytes); err != nil {
		return err
	}
	// A read-only or full file system may still let an empty file be opened.
	if _, err := lock.WriteAt([]byte("locked while a server runs\n"), 0); err != nil {
		return fmt.Errorf("natsserver: folder %s cannot be written: %w", dir, pathless(err))
	}
	return nil
}

// checkRoom tells when the disk of a folder has less than minFreeBytes left.
func checkRoom(dir string, minFreeBytes int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("natsserver: folder %s: free space: %w", dir, err)
	}
	if free := int64(fs.Bavail) * int64(fs.Bsize); free < minFreeBytes {
		return fmt.Errorf("natsserver: folder %s: disk almost full: %d MiB free, %d MiB needed",
			dir, free>>20, minFreeBytes>>20)
	}
	return nil
}

// pathless strips the operation and path that the caller's message repeats.
func pathless(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
