package ops

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// Parameters fit the rules to an installation.
type Parameters struct {
	Runbook     string   // address that the pages of the runbook stand under, without a slash at its end
	Daemons     []string // HOST:PORT of each daemon, for Prometheus
	Prometheus  string   // address of Prometheus, for Grafana
	Disk        float64  // the least part of a disk that must be free, 0 to 1
	DatabaseGiB float64  // how large the database may become
	Connections float64  // the largest part of the database's connections that may be in use, 0 to 1
	// Scale divides durations, for tests that stage an outage in seconds: how long an alert
	// must hold, ages and ranges. Ranges stay above what two reads of the database need.
	Scale float64
}

// DefaultParameters suit an installation whose database may become 50 GiB large.
func DefaultParameters() Parameters {
	return Parameters{
		Runbook: "runbook", Daemons: []string{"127.0.0.1:8383"}, Prometheus: "http://127.0.0.1:9090",
		Disk: 0.1, DatabaseGiB: 50, Connections: 0.8, Scale: 1,
	}
}

// check returns an error that names everything that is wrong.
func (p Parameters) check() error {
	var wrong []error
	for _, part := range []struct {
		flag  string
		value float64
	}{{"--disk", p.Disk}, {"--connections", p.Connections}} {
		if part.value < 0 || part.value > 1 {
			wrong = append(wrong, fmt.Errorf("%s %v: want a part, from 0 to 1", part.flag, part.value))
		}
	}
	if p.DatabaseGiB <= 0 {
		wrong = append(wrong, fmt.Errorf("--database-gib %v: want more than 0", p.DatabaseGiB))
	}
	if p.Scale < 1 {
		wrong = append(wrong, fmt.Errorf("--scale %v: want at least 1", p.Scale))
	}
	return errors.Join(wrong...)
}

// shortestRange is how long a scaled range stays at least: gauges are read every 15 s.
const shortestRange = 40 * time.Second

var (
	placeholder = regexp.MustCompile(`<(\w+)>`)
	rangeOf     = regexp.MustCompile(`\[(\d+[smhd])\]`)
)

// expr is the expression of an alert, with its placeholders filled in.
func (p Parameters) expr(a Alert) string {
	ranged := func(text string) string {
		return prometheusDuration(max(p.scaled(text), min(parse(text), shortestRange)))
	}
	expr := rangeOf.ReplaceAllStringFunc(a.Expr, func(found string) string { return "[" + ranged(found[1:len(found)-1]) + "]" })
	return placeholder.ReplaceAllStringFunc(expr, func(found string) string {
		switch name := found[1 : len(found)-1]; name {
		case "disk":
			return number(p.Disk)
		case "connections":
			return number(p.Connections)
		case "database":
			return number(p.DatabaseGiB * (1 << 30))
		default:
			return number(p.scaled(name).Seconds())
		}
	})
}

func (p Parameters) scaled(text string) time.Duration {
	return time.Duration(float64(parse(text)) / p.Scale)
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// parse reads a duration of the tables, such as 30m or 8d. It panics if there is a
// mistake in them.
func parse(text string) time.Duration {
	if text == "" {
		return 0
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text = days + "h"
		return 24 * parse(text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

// prometheusDuration writes a duration as Prometheus reads it: in the largest unit that
// leaves no rest.
func prometheusDuration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.of && d%unit.of == 0 {
			return strconv.FormatInt(int64(d/unit.of), 10) + unit.name
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

// Rules is the file of Prometheus' rules.
func Rules(p Parameters) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var file strings.Builder
	err := rulesFile.Execute(&file, struct {
		Alerts []Alert
		P      Parameters
	}{Alerts(), p})
	return []byte(file.String()), err
}

// A text quoted by Go's rules is quoted by those of YAML, as long as it is printable.
var rulesFile = template.Must(template.New("rules").Funcs(template.FuncMap{
	"expr":   Parameters.expr,
	"holds":  func(p Parameters, a Alert) string { return prometheusDuration(p.scaled(a.For)) },
	"indent": func(text string) string { return strings.ReplaceAll(text, "\n", "\n          ") },
}).Parse(`# Written by ` + "`profilesync ops write`" + `; do not edit.
groups:
  - name: profilesync
    rules:
{{- range .Alerts }}
      - alert: {{ .Name }}
        expr: |-
          {{ indent (expr $.P .) }}
{{- if .For }}
        for: {{ holds $.P . }}
{{- end }}
        labels:
          severity: {{ .Severity }}
        annotations:
          summary: {{ printf "%q" .Summary }}
          description: {{ printf "%q" .Means }}
          runbook_url: {{ printf "%q" (print $.P.Runbook "/" .Page) }}
{{- end }}
`))
