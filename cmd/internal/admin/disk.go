package admin

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

// RegisterSchedules registers how often each schedule of this process is due. It panics
// if they are registered already.
func RegisterSchedules(reg prometheus.Registerer, longest map[string]time.Duration) {
	d := declared[scheduleIntervalSeconds]
	intervals := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: d.name, Help: d.help}, d.labels)
	for name, interval := range longest {
		intervals.WithLabelValues(name).Set(interval.Seconds())
	}
	reg.MustRegister(intervals)
}

// disk reads on each scrape how full the disks of some folders are.
type disk struct{ folders map[string]string }

// RegisterDisk registers the disks under folders, which are given by what they hold. One
// that cannot be read is absent. It panics if they are registered already.
func RegisterDisk(reg prometheus.Registerer, folders map[string]string) {
	reg.MustRegister(disk{folders})
}

// Describe names the metrics, for the registry.
func (disk) Describe(to chan<- *prometheus.Desc) { to <- diskBytes.desc() }

// Collect gives the metrics, for the registry.
func (d disk) Collect(to chan<- prometheus.Metric) {
	for _, place := range slices.Sorted(maps.Keys(d.folders)) {
		var stat unix.Statfs_t
		if err := unix.Statfs(d.folders[place], &stat); err != nil {
			continue
		}
		block := float64(stat.Bsize)
		for state, blocks := range map[string]uint64{"free": stat.Bavail, "total": stat.Blocks} {
			to <- prometheus.MustNewConstMetric(diskBytes.desc(), prometheus.GaugeValue, block*float64(blocks), place, state)
		}
	}
}
