package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// ChartKind is the form of a Chart.
type ChartKind string

// The forms. Bars compares named things, Stacked the parts of each in one bar, with the figures under it, Line follows
// time, Histogram shows a distribution, Sparkline is a line without axes for a tile.
const (
	Bars      ChartKind = "bars"
	Stacked   ChartKind = "stacked"
	Line      ChartKind = "line"
	Histogram ChartKind = "histogram"
	Sparkline ChartKind = "sparkline"
)

// Chart is drawn on the server as SVG that widens with the page while its text keeps its size, with a title, a
// description, and the same figures as a table. math.NaN is a hidden or missing value, never zero.
type Chart struct {
	ID          string // unique in the page
	Kind        ChartKind
	Title       string
	Description string // what the figures say, in a sentence: the text alternative
	LabelHeader string // heading of the labels in the table, "Canal"
	Unit        string
	Labels      []string
	Series      []Series
	Mark        *Mark // a threshold or a median; optional
	CSV         string
}

// Series is one line, or one colour of bars. A chart holds up to four.
type Series struct {
	Name   string
	Values []float64
}

// Mark is a labelled value drawn across a Line, or a labelled bin boundary (an index) of a Histogram.
type Mark struct {
	Label string
	Value float64
}

func (c Chart) component() string { return "chart" }

// The drawn forms below use percentages for what widens and pixels of 1/16 rem for what does not.
type (
	chartView struct {
		Chart
		Height              int
		Ticks               []chartTick
		Bars                []chartBar
		Lines               []chartLine
		Baseline            int
		MarkView            *chartMark
		PlotTop, PlotHeight int
		Table               Table
		Legend              bool
		TickLabel           []chartTick
	}
	chartTick struct {
		At    string // percentage or pixels
		Label string
		Align string
	}
	chartBar struct {
		Label, Value, X, Y, Width, Height, TextY string
		Series                                   int
		Parts                                    []chartBar // of a stacked bar
	}
	chartLine struct {
		Series int
		Paths  []string // in a 100 by 100 box; a gap cuts the line
		Dots   []chartBar
		Area   string
	}
	chartMark struct{ X, Y, Label, Align string }
)

const (
	plotHeight = 200 // pixels of a vertical plot
	plotTop    = 14
	barRow     = 48
	stackRow   = 76
)

func (c Chart) draw(t *Translator) any {
	view := &chartView{Chart: c, Legend: len(c.Series) > 1, Table: c.table(t)}
	switch c.Kind {
	case Line:
		view.drawLines(t)
	case Sparkline:
		view.drawSparkline()
	case Histogram:
		view.drawHistogram(t)
	case Stacked:
		view.drawStacks(t)
	default:
		view.Kind = Bars
		view.drawBars(t)
	}
	return view
}

func (c Chart) table(t *Translator) Table {
	table := Table{Caption: c.Title, Columns: []Column{{Label: c.LabelHeader}}}
	for _, s := range c.Series {
		name := s.Name
		if c.Unit != "" {
			name = strings.TrimSpace(name + " (" + c.Unit + ")")
		}
		table.Columns = append(table.Columns, Column{Label: name, Numeric: true})
	}
	for i, label := range c.Labels {
		row := []any{label}
		for _, s := range c.Series {
			row = append(row, c.written(t, s.at(i)))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func (c Chart) written(t *Translator, v float64) string {
	if math.IsNaN(v) {
		return t.T("stat.suppressed.short")
	}
	return t.Number(v)
}

func (s Series) at(i int) float64 {
	if i < len(s.Values) {
		return s.Values[i]
	}
	return math.NaN()
}

// top is the round number at or over every value, and the step between ticks.
func (c Chart) top() (top, step float64) {
	highest := 0.0
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				highest = max(highest, v)
			}
		}
	}
	if c.Kind == Line && c.Mark != nil {
		highest = max(highest, c.Mark.Value)
	}
	if highest <= 0 {
		return 1, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(highest)))
	for _, part := range []float64{0.25, 0.5, 1, 2, 2.5} {
		if highest/(step*part) <= 5.001 {
			step *= part
			break
		}
	}
	return math.Ceil(highest/step-1e-9) * step, step
}

func pct(v float64) string { return fmt.Sprintf("%.2f%%", v) }
func px(v float64) string  { return fmt.Sprintf("%.1f", v) }

// drawBars puts each label over its bars: long French names keep their room on a telephone.
func (v *chartView) drawBars(t *Translator) {
	top, _ := v.top()
	y := 0.0
	const thick = 14.0
	for i, label := range v.Labels {
		for n, s := range v.Series {
			value := s.at(i)
			bar := chartBar{Value: v.written(t, value), X: "0", Series: n + 1, Height: px(thick)}
			if n == 0 {
				bar.Label, bar.TextY = label, px(y+14)
			}
			width := 0.0
			if !math.IsNaN(value) {
				width = max(0, value) / top * 100
			}
			bar.Y, bar.Width = px(y+21+float64(n)*(thick+3)), pct(width)
			v.Bars = append(v.Bars, bar)
		}
		y += barRow + float64(max(0, len(v.Series)-1))*(thick+3)
	}
	v.Height = int(y)
}

// drawStacks puts the parts of each label side by side, and says them in words under it: colours alone tell nobody.
func (v *chartView) drawStacks(t *Translator) {
	sums := make([]float64, len(v.Labels))
	for i := range v.Labels {
		for _, s := range v.Series {
			if value := s.at(i); !math.IsNaN(value) {
				sums[i] += max(0, value)
			}
		}
	}
	longest := max(slices.Max(append(sums, 0)), 1)
	for i, label := range v.Labels {
		y, x := float64(i)*stackRow, 0.0
		bar := chartBar{Label: label, TextY: px(y + 14), Y: px(y + 21), Height: px(18), Width: pct(sums[i] / longest * 100)}
		var words []string
		for n, s := range v.Series {
			value := s.at(i)
			if value == 0 {
				continue
			}
			words = append(words, s.Name+nbsp+": "+v.written(t, value))
			if math.IsNaN(value) {
				continue
			}
			width := value / longest * 100
			bar.Parts = append(bar.Parts, chartBar{X: pct(x), Width: pct(width), Series: n + 1})
			x += width
		}
		bar.Value = strings.Join(words, " · ")
		v.Bars = append(v.Bars, bar)
	}
	v.Height = len(v.Labels) * stackRow
}

func (v *chartView) axis(t *Translator) (top float64) {
	top, step := v.top()
	for tick := 0.0; tick <= top+step/2; tick += step {
		v.Ticks = append(v.Ticks, chartTick{At: px(plotTop + (1-tick/top)*plotHeight), Label: t.Number(math.Round(tick*1e6) / 1e6)})
	}
	v.Height = plotTop + plotHeight + 28
	v.Baseline = plotTop + plotHeight
	v.PlotTop, v.PlotHeight = plotTop, plotHeight
	return top
}

func (v *chartView) drawLines(t *Translator) {
	top := v.axis(t)
	v.labelsAt(func(i int) float64 { return position(i, len(v.Labels)) }, true)
	for n, s := range v.Series {
		v.Lines = append(v.Lines, line(n+1, s, 0, top))
	}
	if v.Mark != nil {
		v.MarkView = &chartMark{Y: px(plotTop + (1-v.Mark.Value/top)*plotHeight), Label: v.Mark.Label}
	}
}

func (v *chartView) drawSparkline() {
	v.Height = 40
	if len(v.Series) == 0 {
		return
	}
	// Without an axis the shape alone is read: it fills the height, with a tenth of room.
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, value := range v.Series[0].Values {
		if !math.IsNaN(value) {
			lowest, highest = min(lowest, value), max(highest, value)
		}
	}
	room := max((highest-lowest)*0.1, 1e-9)
	v.Lines = []chartLine{line(1, v.Series[0], lowest-room, highest+room)}
}

func position(i, n int) float64 {
	if n < 2 {
		return 50
	}
	return float64(i) / float64(n-1) * 100
}

// line cuts the path at each gap and puts a dot on the last value known.
func line(number int, s Series, bottom, top float64) chartLine {
	out := chartLine{Series: number}
	var path, area strings.Builder
	last, start := chartBar{}, -1
	flush := func(end int) {
		if path.Len() > 0 {
			out.Paths = append(out.Paths, path.String())
			fmt.Fprintf(&area, "%sL%.2f 100L%.2f 100Z", path.String(), position(end, len(s.Values)), position(start, len(s.Values)))
			path.Reset()
			start = -1
		}
	}
	for i, value := range s.Values {
		if math.IsNaN(value) {
			flush(i - 1)
			continue
		}
		x, y := position(i, len(s.Values)), (1-(value-bottom)/(top-bottom))*100
		command := "L"
		if start < 0 {
			command, start = "M", i
		}
		fmt.Fprintf(&path, "%s%.2f %.2f", command, x, y)
		last = chartBar{X: pct(x), Y: pct(y)}
	}
	flush(len(s.Values) - 1)
	out.Area = area.String()
	if last.X != "" {
		out.Dots = []chartBar{last}
	}
	return out
}

func (v *chartView) drawHistogram(t *Translator) {
	top := v.axis(t)
	bins := float64(max(1, len(v.Labels)))
	v.labelsAt(func(i int) float64 { return (float64(i) + 0.5) / bins * 100 }, false)
	if len(v.Series) > 0 {
		for i := range v.Labels {
			value := v.Series[0].at(i)
			height := 0.0
			if !math.IsNaN(value) {
				height = max(0, value) / top * plotHeight
			}
			v.Bars = append(v.Bars, chartBar{
				X: pct(float64(i)/bins*100 + 0.4), Width: pct(100/bins - 0.8),
				Y: px(plotTop + plotHeight - height), Height: px(height), Series: 1, Value: v.written(t, value),
			})
		}
	}
	if v.Mark != nil {
		at := v.Mark.Value / bins * 100
		v.MarkView = &chartMark{X: pct(at), Label: v.Mark.Label, Align: "start"}
		if at > 60 {
			v.MarkView.Align = "end"
		}
	}
}

// labelsAt writes at most six labels under a plot; ends are set inwards where the plot begins and ends on a point.
func (v *chartView) labelsAt(at func(int) float64, inward bool) {
	const most = 6
	n := len(v.Labels)
	every := (n + most - 1) / most
	for i := 0; i < n; i += max(1, every) {
		tick := chartTick{At: pct(at(i)), Label: v.Labels[i], Align: "middle"}
		switch {
		case inward && i == 0:
			tick.Align = "start"
		case inward && i == n-1:
			tick.Align = "end"
		}
		v.TickLabel = append(v.TickLabel, tick)
	}
}
