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

// runtimeNames are how the names of those metrics begin that every Go program
// has.
const runtimeNames = "`go_*` and `process_*`"

// RegisterProcess registers what the process says of itself: its version, and
// what every Go program has. It panics when that is registered already.
func RegisterProcess(reg prometheus.Registerer, version string) {
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: declared[buildInfo].name, Help: declared[buildInfo].help,
	}, declared[buildInfo].labels)
	build.WithLabelValues(version, runtime.Version()).Set(1)
	reg.MustRegister(build, collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// PoolStat is how a pool of connections stands, as pgxpool counts it.
type PoolStat interface {
	AcquiredConns() int32
	IdleConns() int32
	MaxConns() int32
	EmptyAcquireCount() int64
	EmptyAcquireWaitTime() time.Duration
}

// Pools reads how the pools of connections stand when somebody scrapes.
type Pools struct {
	mutex sync.Mutex
	stats map[string]func() PoolStat
}

// NewPools registers the metrics of pools. It panics when they are registered
// already.
func NewPools(reg prometheus.Registerer) *Pools {
	p := &Pools{stats: make(map[string]func() PoolStat)}
	reg.MustRegister(p)
	return p
}

// Watch serves a pool from now on. One that was served under the same name is
// forgotten: its counters begin anew.
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
