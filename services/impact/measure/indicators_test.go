package measure

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestFewAreNotFoundBySubtraction: a channel with few people is not what the
// whole has more than the others.
func TestFewAreNotFoundBySubtraction(t *testing.T) {
	t.Parallel()
	figures := func(push uint64) Figures {
		var f Figures
		for _, m := range []string{"targeted", "informed", "clicked", "useful", "not_useful"} {
			for channel, n := range map[string]uint64{"": 150 + push, "sms": 100, "mail": 50, "push": push} {
				f.People = append(f.People, People{Measure: m, Channel: channel, Pairs: n, People: n})
			}
		}
		return f
	}
	for _, c := range []struct {
		name   string
		push   uint64
		hidden []string
	}{
		{"few", 3, []string{"mail", "push"}},
		{"enough", 5, nil},
		{"nobody", 0, nil},
	} {
		f := figures(c.push)
		for _, i := range []Indicator{f.reach(), f.clicks(), f.usefulness(), f.cost()} {
			var hidden []string
			for _, cell := range i.Cells {
				if cell.Hidden {
					hidden = append(hidden, cell.Channel)
				}
			}
			if !slices.Equal(hidden, c.hidden) {
				t.Errorf("%s: %s hides %v, %v wanted", c.name, i.ID, hidden, c.hidden)
			}
		}
	}
}

func TestSuppress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		counts []uint64
		want   []bool
	}{
		{"nothing small", []uint64{10, 0, 7}, []bool{false, false, false}},
		{"one small takes the next smallest along", []uint64{100, 3, 9, 50}, []bool{false, true, true, false}},
		{"two small protect each other", []uint64{100, 3, 4}, []bool{false, true, true}},
		{"zero tells nothing and protects nothing", []uint64{0, 4, 20}, []bool{false, true, true}},
		{"alone", []uint64{2}, []bool{true}},
		{"none", nil, []bool{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Suppress(c.counts); !slices.Equal(got, c.want) {
				t.Errorf("%v: got %v, want %v", c.counts, got, c.want)
			}
		})
	}
}

// figures are those of a small town: 200 targeted, 180 informed.
func figures() Figures {
	return Figures{
		Counts: []Count{
			{Channel: "sms", Kind: "sms", Status: "delivered", Receipts: 120, CostMicroEUR: 9_000_000},
			{Channel: "sms", Kind: "sms", Status: "failed", Receipts: 3},
			{Channel: "sms", Kind: "sms", Status: "sent", Receipts: 130},
			{Channel: "panneaux", Kind: "sign", Status: "displayed", Receipts: 2},
		},
		People: []People{
			{"targeted", "", 200, 150},
			{"informed", "", 180, 140},
			{"useful", "", 3, 3},
			{"not_useful", "", 20, 20},
			{"targeted", "sms", 130, 130},
			{"informed", "sms", 120, 120},
		},
		Delays: []Delay{
			{LegSourceInformed, "", 20_000, 50},
			{LegSourceInformed, "", 60_000, 50},
			{LegApprovedSent, "", 9_900, 90},
			{LegApprovedSent, "", 10_000, 10},
			{LegApprovedInform, "travaux", 0, 100},
			{LegApprovedInform, "crue", 0, 80},
			{legOptedOut, "travaux", 3_600_000, 10},
			{legOptedOut, "travaux", 86_400_000, 7},
			{legOptedOut, "crue", 1_000, 2},
		},
		Sent:         Sampled{Fraction: 1, Deliveries: 100, Slow: 10, P50: time.Second, P95: time.Minute},
		Publications: []ClassCount{{"alert", 4, 3}, {"service", 6, 6}},
		Channels:     14, Reached: 9,
	}
}

func TestIndicators(t *testing.T) {
	t.Parallel()
	list := Indicators(figures(), 1000)
	var ids []ID
	of := func(id ID, pick func(Cell) bool) Cell {
		t.Helper()
		for _, i := range list {
			if i.ID != id {
				continue
			}
			if cells := i.With(pick); len(cells) == 1 {
				return cells[0]
			}
		}
		t.Fatalf("%s: not one cell", id)
		return Cell{}
	}
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	for _, id := range IDs() {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is not computed", id)
		}
	}
	total := func(c Cell) bool { return c.Channel == "" && c.Class == "" && c.Topic == "" && c.Status == "" }
	stat := func(leg, name string) func(Cell) bool {
		return func(c Cell) bool { return c.Leg == leg && c.Statistic == name }
	}
	for _, c := range []struct {
		name   string
		cell   Cell
		want   float64
		hidden bool
	}{
		{"reach", of(Reach, total), 0.9, false},
		{"alert completeness", of(AlertCompleteness, total), 0.75, false},
		{"publications", of(Publications, total), 10, false},
		{"coverage", of(Coverage, total), 0.15, false},
		{"cost", of(Cost, total), 9_000_000. / 140, false},
		{"usefulness of three people", of(Usefulness, total), 0, true},
		{"slow delivery", of(SlowDelivery, total), 0.1, false},
		{"time to send", of(TimeToSend, total), 0.9, false},
		{"re-entries", of(Reentries, total), 5, false},
		{"opt-outs in a day", of(OptOuts, total), 12. / 180, false},
		{"opt-outs of two people", of(OptOuts, func(c Cell) bool { return c.Topic == "crue" }), 0, true},
		{"opt-outs found by subtraction", of(OptOuts, func(c Cell) bool { return c.Topic == "travaux" }), 0, true},
		{"failed to three people", of(ReceiptsByStatus, func(c Cell) bool { return c.Status == "failed" }), 0, true},
		{"two signs are not people", of(ReceiptsByStatus, func(c Cell) bool { return c.Status == "displayed" }), 2, false},
		{"median", of(TimeToInform, stat(LegSourceInformed, "p50")), 21, false},
		{"p95", of(TimeToInform, stat(LegSourceInformed, "p95")), 60.9, false},
		{"sent to delivered", of(TimeToInform, stat(LegSentDelivered, "p95")), 60, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			switch {
			case c.cell.Hidden != c.hidden:
				t.Errorf("hidden is %v", c.cell.Hidden)
			case c.hidden && (c.cell.Value != nil || c.cell.Numerator != nil || c.cell.Denominator != nil):
				t.Errorf("hidden but told: %+v", c.cell)
			case !c.hidden && (c.cell.Value == nil || *c.cell.Value < c.want-1e-9 || *c.cell.Value > c.want+1e-9):
				t.Errorf("%+v, want %v", c.cell, c.want)
			}
		})
	}
	if c := of(TimeToInform, stat(LegSourceInformed, "under_30s")); c.Numerator == nil || *c.Numerator != 50 {
		t.Errorf("bin %+v", c)
	}
}

func TestIndicatorsOfNothing(t *testing.T) {
	t.Parallel()
	for _, i := range Indicators(Figures{}, 0) {
		for _, c := range i.Cells {
			if c.Hidden || c.Value != nil && *c.Value != 0 {
				t.Errorf("%s: %+v", i.ID, c)
			}
		}
	}
}

func TestCSVHidesWhatIsHidden(t *testing.T) {
	t.Parallel()
	q := Query{Authority: "bordeaux", Period: Period{LastDay, time.Unix(0, 0).UTC(), time.Unix(86400, 0).UTC()}}
	var b bytes.Buffer
	if err := NewExport(q, "Bordeaux", time.Unix(0, 0).UTC(), Indicators(figures(), 1000)).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	hidden := 0
	for _, row := range rows[1:] {
		if row[16] == "true" {
			hidden++
			if row[12]+row[13]+row[14] != "" {
				t.Errorf("a hidden cell is told: %v", row)
			}
		}
		if row[18] != Version || row[19] != LicenceName {
			t.Errorf("a line without version and licence: %v", row)
		}
	}
	if hidden < 4 {
		t.Errorf("%d hidden cells", hidden)
	}
}

func TestNewPeriod(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC) // 23:30 in Paris
	for _, c := range []struct {
		name, from, to string
		wantFrom, want string
		err            error
	}{
		{LastDay, "", "", "2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z", nil},
		{LastWeek, "", "", "2026-11-16T23:00:00Z", "2026-11-23T23:00:00Z", nil},
		{"", "", "", "2026-10-24T22:00:00Z", "2026-11-23T23:00:00Z", nil}, // over a change of hour
		{Custom, "2026-10-25", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", nil},
		{Custom, "x", "2026-10-25", "", "", ErrFrom},
		{Custom, "2026-10-25", "2026-10-24", "", "", ErrTo},
		{Custom, "2020-10-25", "2026-10-24", "", "", ErrTo},
		{"year", "", "", "", "", ErrPeriod},
	} {
		t.Run(c.name+c.from+c.to, func(t *testing.T) {
			t.Parallel()
			p, err := NewPeriod(c.name, c.from, c.to, now, paris)
			if !errors.Is(err, c.err) {
				t.Fatalf("err %v, want %v", err, c.err)
			}
			if err == nil && (p.From.Format(time.RFC3339) != c.wantFrom || p.To.Format(time.RFC3339) != c.want) {
				t.Errorf("%v to %v", p.From, p.To)
			}
		})
	}
}
