package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// forgetLostInserts drops from the tables' deduplication logs the entries whose
// part is not there, and returns how many it dropped. It must run while no
// engine has dir open.
//
// ClickHouse 26.7 writes an insert's token to a MergeTree table's log before it
// commits the part. Killed in between, it would take the retry for a repetition
// and drop it: the rows would be lost, in the table or in a materialised view
// behind it. An entry whose part exists neither by itself nor inside a merged
// one protects nothing, so forgetting it is always right.
//
// Log format: src/Storages/MergeTree/MergeTreeDeduplicationLog.cpp.
func forgetLostInserts(dir string) (int, error) {
	logs, err := filepath.Glob(filepath.Join(dir, "store", "*", "*", "deduplication_logs", "deduplication_log_*.txt"))
	if err != nil {
		return 0, err
	}
	forgotten := 0
	for _, log := range logs {
		n, err := repairLog(dir, log)
		if err != nil {
			return forgotten, fmt.Errorf("engine: deduplication log %s: %w", log, err)
		}
		forgotten += n
	}
	return forgotten, nil
}

func repairLog(dir, log string) (int, error) {
	text, err := os.ReadFile(log)
	if err != nil {
		return 0, err
	}
	parts, err := partsOf(filepath.Dir(filepath.Dir(log)))
	if err != nil {
		return 0, err
	}
	var kept strings.Builder
	forgotten := 0
	for line := range strings.Lines(string(text)) {
		// operation (1 added, 2 dropped), part, block; a line without its end
		// was being written when the engine was killed.
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		whole := strings.HasSuffix(line, "\n") && len(f) == 3
		if p, ok := parsePart(f[min(1, len(f)-1)]); !whole || f[0] == "1" && ok && !parts.hold(p) {
			forgotten++
			continue
		}
		kept.WriteString(line)
	}
	if forgotten == 0 {
		return 0, nil
	}
	return forgotten, replaceFile(dir, log, kept.String())
}

// part is a MergeTree part's name: partition_minBlock_maxBlock_level[_mutation].
type part struct {
	partition string
	min, max  int64
}

func parsePart(name string) (part, bool) {
	f := strings.Split(name, "_")
	if len(f) != 4 && len(f) != 5 {
		return part{}, false
	}
	lo, err1 := strconv.ParseInt(f[1], 10, 64)
	hi, err2 := strconv.ParseInt(f[2], 10, 64)
	return part{f[0], lo, hi}, err1 == nil && err2 == nil && !strings.HasPrefix(name, "tmp")
}

type partSet []part

func partsOf(table string) (partSet, error) {
	entries, err := os.ReadDir(table)
	if err != nil {
		return nil, err
	}
	var set partSet
	for _, e := range entries {
		if p, ok := parsePart(e.Name()); ok && e.IsDir() {
			set = append(set, p)
		}
	}
	return set, nil
}

// hold reports whether p is there, by itself or merged into another part.
func (s partSet) hold(p part) bool {
	for _, q := range s {
		if q.partition == p.partition && q.min <= p.min && p.max <= q.max {
			return true
		}
	}
	return false
}

// replaceFile replaces path at once. The new text is written in dir, because
// ClickHouse takes every file in a log's folder for a log.
func replaceFile(dir, path, text string) (err error) {
	f, err := os.CreateTemp(dir, "engine.repair-")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(f.Name()); err == nil && !errors.Is(e, fs.ErrNotExist) {
			err = e
		}
	}()
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
