package simulate

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Name is a fault: what happens to a request. It is what tests say, what
// PUT /control/faults takes and what ledgers write.
type Name string

// The faults that every simulator knows, besides Error and ErrorAfter. Unless
// it says otherwise a fault happens after the request had its effect.
const (
	Down          Name = "down"           // the connection breaks, of every request whatever the share; no effect
	DroppedBefore Name = "dropped-before" // the connection breaks without an answer; no effect
	DroppedAfter  Name = "dropped-after"  // the same, after the effect
	HungBefore    Name = "hung-before"    // no answer until the client leaves; no effect
	HungAfter     Name = "hung-after"     // the same, after the effect
	Unauthorized  Name = "unauthorized"   // 401 in the system's words; no effect
	Throttled     Name = "throttled"      // 429 in the system's words; no effect
	Truncated     Name = "truncated"      // the connection breaks in the middle of the answer's body
	Garbled       Name = "garbled"        // the body comes whole, its JSON or CSV is broken
	HTML          Name = "html"           // a page of HTML in place of the body, under the answer's status
	WrongType     Name = "wrong-type"     // a success is announced as text/html
	NoETag        Name = "no-etag"        // the answer lacks its entity tag
)

// NextElsewhere is known by simulators that answer in pages: the link to the
// next one leads to NextHost.
const NextElsewhere Name = "next-elsewhere"

// What ledgers write of faults that have no name.
const (
	Slow    Name = "slow"    // latency, and a good answer
	Watched Name = "watched" // held back or listened to, and a good answer
)

var common = []Name{
	Down, DroppedBefore, DroppedAfter, HungBefore, HungAfter, Unauthorized, Throttled, Truncated, Garbled, HTML, WrongType, NoETag,
}

const (
	errorPrefix = "error-"
	afterSuffix = "-after"
)

// Error is the fault that answers with a status in the system's words and lets
// nothing have an effect: "error-503". That of 401 is Unauthorized, that of 429
// Throttled.
func Error(status int) Name {
	switch status {
	case 401:
		return Unauthorized
	case 429:
		return Throttled
	}
	return Name(errorPrefix + strconv.Itoa(status))
}

// ErrorAfter is the same after the effect: "error-503-after".
func ErrorAfter(status int) Name { return Error(status) + afterSuffix }

// Status is what an Error, ErrorAfter, Unauthorized or Throttled answers with;
// 0 for any other name.
func (n Name) Status() int {
	text := strings.TrimSuffix(string(n), afterSuffix)
	switch Name(text) {
	case Unauthorized:
		return 401
	case Throttled:
		return 429
	}
	digits, found := strings.CutPrefix(text, errorPrefix)
	status, err := strconv.Atoi(digits)
	if !found || err != nil {
		return 0
	}
	return status
}

// After reports whether the name says that the fault happens after the effect.
func (n Name) After() bool { return strings.HasSuffix(string(n), afterSuffix) }

// isError reports whether the name is an Error or ErrorAfter of HTTP.
func (n Name) isError() bool {
	status := n.Status()
	return status >= 400 && status <= 599 && (n == Error(status) || n == ErrorAfter(status))
}

// Own says of a fault that only one simulator knows what the kit must know.
type Own struct {
	Refuses bool // the system refuses, and nothing has an effect; else the answer is spoilt after it
	Always  bool // of every request, whatever the share
}

// known lists all names that a simulator takes, for error messages.
func known(own map[Name]Own) []Name {
	names := append(slices.Collect(maps.Keys(own)), common...)
	slices.Sort(names)
	return append(names, "error-NNN", "error-NNN-after")
}
