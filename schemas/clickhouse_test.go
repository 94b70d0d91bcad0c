package schemas_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/crieur/crieur/schemas"
)

// Every column says what it holds, every table is durable and idempotent, and
// every statement may be run again; a table is filled after it was emptied.
func TestClickHouseMigrations(t *testing.T) {
	t.Parallel()
	list, err := schemas.ClickHouse()
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	column := regexp.MustCompile(`^    [a-z_]+ +[A-Z]`)
	for _, m := range list {
		emptied := map[string]bool{}
		for _, s := range m.Statements {
			if table, ok := strings.CutPrefix(s, "TRUNCATE TABLE IF EXISTS "); ok {
				emptied[table] = true
			}
			if rest, ok := strings.CutPrefix(s, "INSERT INTO "); ok && emptied[strings.Fields(rest)[0]] {
				continue
			}
			if !strings.Contains(s, "IF NOT EXISTS") && !strings.Contains(s, "IF EXISTS") {
				t.Errorf("%04d_%s: cannot be run again: %.60q", m.Version, m.Name, s)
			}
			if !strings.HasPrefix(s, "CREATE TABLE") {
				continue
			}
			for _, setting := range []string{"non_replicated_deduplication_window", "fsync_after_insert = 1", "fsync_part_directory = 1"} {
				if !strings.Contains(s, setting) {
					t.Errorf("%.40q lacks %s", s, setting)
				}
			}
			for line := range strings.Lines(s) {
				if column.MatchString(line) && !strings.Contains(line, "COMMENT '") {
					t.Errorf("no comment: %s", line)
				}
			}
		}
	}
}
