package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Errors of Start, to be told apart with errors.Is.
var (
	// ErrLibraryMissing: libchdb was not found; the error names the package
	// and the command that installs it.
	ErrLibraryMissing = errors.New("the embedded ClickHouse library is not installed")
	// ErrPlatform: there is no libchdb for this system; an outside ClickHouse
	// must be named by CLICKHOUSE_URL.
	ErrPlatform = errors.New("the embedded ClickHouse does not exist for this platform")
	// ErrInUse: another process has the data folder.
	ErrInUse = errors.New("the data folder is in use by another process")
)

// LibraryVersion is the release of the npm packages that package.json pins.
const LibraryVersion = "26.7.3-stable.1"

// LibraryPackage names the npm package that carries libchdb for a platform in
// Go's terms, such as linux and amd64. The error is ErrPlatform.
func LibraryPackage(goos, goarch string) (string, error) {
	switch goos + "/" + goarch {
	case "linux/amd64":
		return "@chdb/lib-linux-x64-gnu", nil
	case "linux/arm64":
		return "@chdb/lib-linux-arm64-gnu", nil
	case "darwin/amd64":
		return "@chdb/lib-darwin-x64", nil
	case "darwin/arm64":
		return "@chdb/lib-darwin-arm64", nil
	}
	return "", fmt.Errorf("engine: %s/%s: %w: set CLICKHOUSE_URL to an outside ClickHouse server", goos, goarch, ErrPlatform)
}

// FindLibrary returns the absolute path of libchdb. It takes, in this order:
// configured when not empty, the environment's CRIEUR_LIBCHDB, a node_modules
// folder beside the binary, the working directory and their parents (there
// directly, or under engine/ or services/impact/engine/ of a source tree), and
// lib/crieur of the binary's prefix, /usr/local and /usr, where packages put
// it. A path named by hand that does not exist is an error, not skipped.
func FindLibrary(configured string) (string, error) {
	pkg, err := LibraryPackage(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	for _, named := range []struct{ by, path string }{{"Library", configured}, {"CRIEUR_LIBCHDB", os.Getenv("CRIEUR_LIBCHDB")}} {
		if named.path == "" {
			continue
		}
		if !isFile(named.path) {
			return "", fmt.Errorf("engine: %s=%s: no such file: %w", named.by, named.path, ErrLibraryMissing)
		}
		return filepath.Abs(named.path)
	}
	for _, dir := range libraryDirs(filepath.FromSlash(pkg)) {
		for _, name := range []string{"libchdb.so", "libchdb.dylib"} {
			if path := filepath.Join(dir, name); isFile(path) {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("engine: %w: `make setup` installs it (npm package %s@%s), or name the file in CRIEUR_LIBCHDB, or an outside server in CLICKHOUSE_URL",
		ErrLibraryMissing, pkg, LibraryVersion)
}

func libraryDirs(pkg string) []string {
	var starts, dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		starts = append(starts, filepath.Dir(exe))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			for _, sub := range []string{"", "engine", filepath.Join("services", "impact", "engine")} {
				dirs = append(dirs, filepath.Join(dir, sub, "node_modules", pkg))
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if len(starts) > 0 {
		dirs = append(dirs, filepath.Join(filepath.Dir(starts[0]), "lib", "crieur"))
	}
	return append(dirs, "/usr/local/lib/crieur", "/usr/lib/crieur")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
