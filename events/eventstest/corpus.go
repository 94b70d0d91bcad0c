package eventstest

import (
	"os"
	"path/filepath"
	"testing"
)

// CorpusEnv names the folder of the recorded inputs.
const CorpusEnv = "CRIEUR_CORPUS"

// Corpus returns the folder of the recorded inputs: CRIEUR_CORPUS, or
// shared/corpus in the nearest folder above. The test is skipped where there
// is none; a wrong CRIEUR_CORPUS fails it.
func Corpus(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(CorpusEnv); dir != "" {
		if !isDir(dir) {
			t.Fatalf("%s: %s is not a folder", CorpusEnv, dir)
		}
		return dir
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if corpus := filepath.Join(dir, "shared", "corpus"); isDir(corpus) {
			return corpus
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("no recorded corpus: set %s or put shared/corpus in a folder above", CorpusEnv)
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
