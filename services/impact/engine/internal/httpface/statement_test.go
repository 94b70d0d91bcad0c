package httpface

import (
	"errors"
	"io"
	"strings"
	"testing"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

func TestSplitStatement(t *testing.T) {
	for _, c := range []struct {
		sql                string
		insert             bool
		head, format, data string
		selects            bool
	}{
		{"SELECT 1", false, "SELECT 1", "", "", true},
		{"/* c */ -- d\n with 1 as x select x", false, "/* c */ -- d\n with 1 as x select x", "", "", true},
		{"(SELECT 1) UNION ALL (SELECT 2)", false, "(SELECT 1) UNION ALL (SELECT 2)", "", "", true},
		{"SELECT 1 FORMAT JSON;", false, "SELECT 1 ", "JSON", ";", true},
		{"SELECT 1 format CSV SETTINGS a=1", false, "SELECT 1 format CSV SETTINGS a=1", "CSV", " SETTINGS a=1", true},
		{"SELECT format('{}', 1), t.format FROM t", false, "SELECT format('{}', 1), t.format FROM t", "", "", true},
		{"SELECT ' FORMAT CSV' AS `x FORMAT y` /* FORMAT JSON */", false, "SELECT ' FORMAT CSV' AS `x FORMAT y` /* FORMAT JSON */", "", "", true},
		{"INSERT INTO t FORMAT Native", true, "INSERT INTO t ", "Native", "", false},
		{"insert into t (format, `values`) settings a=1 format CSV\n1,2\n", true, "insert into t (format, `values`) settings a=1 ", "CSV", "1,2\n", false},
		{"INSERT INTO t FORMAT TSV \r\na'b\n", true, "INSERT INTO t ", "TSV", "a'b\n", false},
		{"INSERT INTO t VALUES", true, "INSERT INTO t ", "Values", "\n", false},
		{"INSERT INTO t VALUES (1, 'FORMAT CSV')", false, "INSERT INTO t VALUES (1, 'FORMAT CSV')", "", " (1, 'FORMAT CSV')", false},
		{"INSERT INTO t SELECT 1", false, "INSERT INTO t SELECT 1", "", "", false},
		{"INSERT INTO t WITH 1 AS x SELECT x", false, "INSERT INTO t WITH 1 AS x SELECT x", "", "", false},
		{"INSERT INTO FUNCTION file('x') SELECT 1", false, "INSERT INTO FUNCTION file('x') SELECT 1", "", "", false},
		{"DESCRIBE TABLE t", false, "DESCRIBE TABLE t", "", "", false},
		{"SELECT 'unfinished", false, "SELECT 'unfinished", "", "", true},
		{"SELECT 1 /* unfinished", false, "SELECT 1 /* unfinished", "", "", true},
		{"", false, "", "", "", false},
	} {
		st := splitStatement(c.sql)
		if st.insert != c.insert || st.head != c.head || st.format != c.format || strings.TrimSpace(st.data) != strings.TrimSpace(c.data) || st.selects != c.selects {
			t.Errorf("%q: %+v", c.sql, st)
		}
	}
}

func FuzzSplitStatement(f *testing.F) {
	for _, s := range []string{"SELECT 1 FORMAT CSV", "INSERT INTO t VALUES (1)", "/*", "'\\", "INSERT INTO t FORMAT CSV\n1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		st := splitStatement(sql)
		if !strings.HasPrefix(sql, st.head) || !strings.HasSuffix(sql, st.data) {
			t.Errorf("%q: %+v", sql, st)
		}
	})
}

// TestReencode: what clickhouse-go reads at its revision equals what the engine
// wrote at revision 0, empty blocks with LowCardinality included.
func TestReencode(t *testing.T) {
	const revision = 54460
	for _, rows := range []int{0, 1, 3} {
		block := proto.Block{ServerContext: &column.ServerContext{}}
		for name, kind := range map[string]column.Type{"channel": "LowCardinality(String)", "n": "UInt64", "tags": "Array(Nullable(String))"} {
			if err := block.AddColumn(name, kind); err != nil {
				t.Fatal(err)
			}
		}
		for range rows {
			for i, c := range block.Columns {
				if err := c.AppendRow(map[string]any{"channel": "sms", "n": uint64(7), "tags": []string{"a", "b"}}[block.ColumnsNames()[i]]); err != nil {
					t.Fatal(err)
				}
			}
		}
		var raw chproto.Buffer
		if err := encodeBlock(&block, &raw, 0); err != nil {
			t.Fatal(err)
		}
		out, err := reencode(append(raw.Buf, raw.Buf...), revision) // two blocks
		if err != nil {
			t.Fatal(err)
		}
		reader := chproto.NewReader(strings.NewReader(string(out)))
		for range 2 {
			got := proto.Block{ServerContext: &column.ServerContext{}}
			if err := got.Decode(reader, revision); err != nil || got.Rows() != rows || len(got.Columns) != 3 {
				t.Errorf("%d rows: read %d, %v", rows, got.Rows(), err)
			}
		}
		if err := new(proto.Block).Decode(reader, revision); !errors.Is(err, io.EOF) {
			t.Errorf("after the blocks: %v", err)
		}
		if _, err := reencode(raw.Buf[:len(raw.Buf)-1], revision); err == nil {
			t.Errorf("%d rows: a cut block was accepted", rows)
		}
	}
}
