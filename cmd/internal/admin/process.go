package admin

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// runtimeNames are the name patterns of the metrics that every Go program has.
const runtimeNames = "`go_*` and `process_*`"

// RegisterProcess registers the metrics of the process: its version, and those
// that every Go program has. It panics if they are registered already.
func RegisterProcess(reg prometheus.Registerer, version string) {
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: declared[buildInfo].name, Help: declared[buildInfo].help,
	}, declared[buildInfo].labels)
	build.WithLabelValues(version, runtime.Version()).Set(1)
	reg.MustRegister(build, collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// PoolStat is the state of a connection pool, as pgxpool reports it.
type PoolStat interface {
	AcquiredConns() int32
	IdleConns() int32
	MaxConns() int32
	EmptyAcquireCount() int64
	EmptyAcquireWaitTime() time.Duration
}

// Pools reads the state of the connection pools on each scrape.
type Pools struct {
	mutex sync.Mutex
	stats map[string]func() PoolStat
}

// NewPools registers the metrics of pools. It panics if they are registered
// already.
func NewPools(reg prometheus.Registerer) *Pools {
	p := &Pools{stats: make(map[string]func() PoolStat)}
	reg.MustRegister(p)
	return p
}

// Watch exports a pool from now on. It replaces a pool of the same name, whose
// counters start again.
func (p *Pools) Watch(name string, stat func() PoolStat) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.stats[name] = stat
}

// Describe names the metrics, for the registry.
func (*Pools) Describe(to chan<- *prometheus.Desc) {
	for _, m := range []metric{poolConnections, poolMaxConnections, poolWaitsTotal, poolWaitSecondsTotal} {
		to <- m.desc()
	}
}

// Collect gives the metrics, for the registry.
func (p *Pools) Collect(to chan<- prometheus.Metric) {
	p.mutex.Lock()
	stats := maps.Clone(p.stats)
	p.mutex.Unlock()
	for _, name := range slices.Sorted(maps.Keys(stats)) {
		stat := stats[name]()
		set := func(m metric, form prometheus.ValueType, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(m.desc(), form, value, append([]string{name}, labels...)...)
		}
		set(poolConnections, prometheus.GaugeValue, float64(stat.AcquiredConns()), "acquired")
		set(poolConnections, prometheus.GaugeValue, float64(stat.IdleConns()), "idle")
		set(poolMaxConnections, prometheus.GaugeValue, float64(stat.MaxConns()))
		set(poolWaitsTotal, prometheus.CounterValue, float64(stat.EmptyAcquireCount()))
		set(poolWaitSecondsTotal, prometheus.CounterValue, stat.EmptyAcquireWaitTime().Seconds())
	}
}
