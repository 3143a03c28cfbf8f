package guard

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/netip"
)

// call is what is known of one request.
type call struct {
	guard   *Guard
	id      string
	body    *body
	place   *place  // nil before it has one
	result  Result  // where the status does not say it
	actions []int64 // that it began
	secret  bool    // its answer is shown once
}

type callKey struct{}

// callOf returns the call of a request; outside of Wrap it panics, which is an error of
// this program.
func callOf(ctx context.Context) *call {
	return ctx.Value(callKey{}).(*call) //nolint:forcetypeassert // see above
}

// ShowOnce keeps the answer nowhere: a request that is repeated gets its status alone.
func ShowOnce(ctx context.Context) { callOf(ctx).secret = true }

// WithoutCaller is for what is done once, and goes on when its caller is gone: it ends when
// the daemon stops, too, and when it is ended.
func WithoutCaller(caller context.Context) (ctx context.Context, end context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(caller))
	c, guarded := caller.Value(callKey{}).(*call)
	if !guarded {
		return ctx, cancel
	}
	stop := func() {
		if caller.Err() != nil && c.guard.Stopping.Err() != nil {
			cancel()
		}
	}
	gone, stopping := context.AfterFunc(caller, stop), context.AfterFunc(c.guard.Stopping, stop)
	return ctx, func() { gone(); stopping(); cancel() }
}

// RequestID returns the id of the request, which its answer, the log and the audit name;
// empty outside of a guard.
func RequestID(ctx context.Context) string {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c.id
	}
	return ""
}

// newRequestID returns an id for people to quote: 26 letters and digits.
func newRequestID() string { return rand.Text() }

// addressOf is the address of whoever is connected: one machine, or the network that an
// IPv6 customer has.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		network, err := address.Prefix(64)
		if err == nil {
			return network.String()
		}
	}
	return address.String()
}
