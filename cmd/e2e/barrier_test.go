package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// barrier makes a fault wait for the test, and the test for a fault.
type barrier struct {
	t       *testing.T
	arrived chan struct{}
	opened  chan struct{}
	open    func() // lets all faults pass from now on
}

func newBarrier(t *testing.T) *barrier {
	t.Helper()
	const most = 100 // that may arrive before await is called
	b := &barrier{t: t, arrived: make(chan struct{}, most), opened: make(chan struct{})}
	b.open = sync.OnceFunc(func() { close(b.opened) })
	return b
}

// pass returns when the barrier is open.
func (b *barrier) pass() {
	b.arrived <- struct{}{}
	<-b.opened
}

// await returns when n faults have arrived.
func (b *barrier) await(n int) {
	b.t.Helper()
	for i := range n {
		select {
		case <-b.arrived:
		case <-time.After(patience):
			require.Fail(b.t, "the fault does not happen", "%d of %d did", i, n)
		}
	}
}
