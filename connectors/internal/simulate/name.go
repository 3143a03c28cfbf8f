package simulate

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Name names a fault: what happens to a request. Tests, PUT /control/faults and
// ledgers use it.
type Name string

// The faults that every simulator has, besides Error and ErrorAfter. Unless its
// comment says otherwise, a fault happens after the request had its effect.
const (
	Down          Name = "down"           // the connection breaks for every request, whatever the share; no effect
	DroppedBefore Name = "dropped-before" // the connection breaks without an answer; no effect
	DroppedAfter  Name = "dropped-after"  // the same, after the effect
	HungBefore    Name = "hung-before"    // no answer until the client leaves; no effect
	HungAfter     Name = "hung-after"     // the same, after the effect
	Unauthorized  Name = "unauthorized"   // 401 in the system's words; no effect
	Throttled     Name = "throttled"      // 429 in the system's words; no effect
	Truncated     Name = "truncated"      // the connection breaks in the middle of the answer's body
	Garbled       Name = "garbled"        // the body is sent whole, but its JSON or CSV is broken
	HTML          Name = "html"           // an HTML page instead of the body, with the same status
	WrongType     Name = "wrong-type"     // a success is announced as text/html
	NoETag        Name = "no-etag"        // the answer lacks its entity tag
)

// NextElsewhere is for simulators that answer in pages: the link to the next page
// leads to NextHost.
const NextElsewhere Name = "next-elsewhere"

// What ledgers write for faults without a name.
const (
	Slow    Name = "slow"    // latency, and a proper answer
	Watched Name = "watched" // delayed or watched by a test, and a proper answer
)

var common = []Name{
	Down, DroppedBefore, DroppedAfter, HungBefore, HungAfter, Unauthorized, Throttled, Truncated, Garbled, HTML, WrongType, NoETag,
}

const (
	errorPrefix = "error-"
	afterSuffix = "-after"
)

// Error returns the fault that answers with a status in the system's words, and has
// no effect: "error-503". For 401 it is Unauthorized, for 429 Throttled.
func Error(status int) Name {
	switch status {
	case 401:
		return Unauthorized
	case 429:
		return Throttled
	}
	return Name(errorPrefix + strconv.Itoa(status))
}

// ErrorAfter returns the same fault, but after the effect: "error-503-after".
func ErrorAfter(status int) Name { return Error(status) + afterSuffix }

// Status returns the status of an Error, ErrorAfter, Unauthorized or Throttled; 0 for
// any other name.
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

// Own says what the kit must know about a fault that only one simulator has.
type Own struct {
	Refuses bool // the system refuses, and there is no effect; otherwise the answer is spoilt after it
	Always  bool // for every request, whatever the share
}

// knownNames lists all names that a simulator accepts, for error messages.
func knownNames(own map[Name]Own) []Name {
	names := append(slices.Collect(maps.Keys(own)), common...)
	slices.Sort(names)
	return append(names, "error-NNN", "error-NNN-after")
}
