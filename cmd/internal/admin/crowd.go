package admin

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// crowd is a listener with a limited number of connections. Whoever comes when it is
// full takes the place of the connection that nothing has been done for since the
// longest time: one that says nothing, or slowly, or has been answered. If something is
// being done for each, the newcomer waits.
type crowd struct {
	net.Listener

	most int

	mutex sync.Mutex
	freed *sync.Cond
	open  int
	idle  list.List // of *place, the longest idle first
}

func newCrowd(listener net.Listener, most int) *crowd {
	c := &crowd{Listener: listener, most: most}
	c.freed = sync.NewCond(&c.mutex)
	return c
}

// place is a connection of a crowd.
type place struct {
	net.Conn

	in     *crowd
	idle   *list.Element // nil while something is done for it, and once it is closed
	closed bool
}

// Accept returns the next connection.
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for c.open >= c.most {
		if longest := c.idle.Front(); longest != nil {
			_ = longest.Value.(*place).leave() //nolint:forcetypeassert // the list has only places; whoever is at its other end
		} else {
			c.freed.Wait()
		}
	}
	p := &place{Conn: conn, in: c}
	c.open++
	p.idle = c.idle.PushBack(p)
	return p, nil
}

// Close closes the connection.
func (p *place) Close() error {
	p.in.mutex.Lock()
	defer p.in.mutex.Unlock()
	return p.leave()
}

// leave closes the connection; the caller holds the mutex.
func (p *place) leave() error {
	if p.closed {
		return net.ErrClosed
	}
	p.work()
	p.closed = true
	p.in.open--
	p.in.freed.Signal()
	return p.Conn.Close()
}

// work takes the connection from those that are idle; the caller holds the mutex.
func (p *place) work() {
	if p.idle != nil {
		p.in.idle.Remove(p.idle)
		p.idle = nil
	}
}

type placeKey struct{}

// remember is an http.Server's ConnContext.
func (*crowd) remember(ctx context.Context, conn net.Conn) context.Context {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	return context.WithValue(ctx, placeKey{}, conn)
}

// occupied keeps the place of a connection while its request is answered.
func (c *crowd) occupied(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.Context().Value(placeKey{}).(*place) //nolint:forcetypeassert // every connection is one of Accept
		c.mutex.Lock()
		p.work()
		c.mutex.Unlock()
		defer func() {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			if !p.closed {
				p.idle = c.idle.PushBack(p)
				c.freed.Signal()
			}
		}()
		next.ServeHTTP(w, r)
	})
}
