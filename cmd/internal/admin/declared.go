package admin

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Declaration describes a metric, as METRICS.md does.
type Declaration struct {
	Name   string // with the prefix
	Form   string // counter, histogram or gauge
	Labels []string
	Help   string
}

// Declared lists every metric, in the order of METRICS.md.
func Declared() []Declaration {
	all := make([]Declaration, len(declared))
	for i, d := range declared {
		all[i] = Declaration{metric(i).fullName(), string(d.form), slices.Clone(d.labels), d.help}
	}
	return all
}

// jobBuckets range from a tick to the longest run.
func jobBuckets() []float64 { return []float64{0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800} }

func (m metric) fullName() string { return namespace + "_" + declared[m].name }

func (m metric) counter() *prometheus.CounterVec {
	d := declared[m]
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: d.name, Help: d.help}, d.labels)
}

func (m metric) histogram() *prometheus.HistogramVec {
	d := declared[m]
	return prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Namespace: namespace, Name: d.name, Help: d.help, Buckets: d.buckets}, d.labels)
}

func (m metric) desc() *prometheus.Desc {
	return prometheus.NewDesc(m.fullName(), declared[m].help, declared[m].labels, nil)
}
