package push

// Preview is what a push would do if it were sent now. It comes from the same code as
// the push, stopped before the number.
type Preview struct {
	Push  Push // as it is stored, with the fields that are left out
	Route Route
	// State says what would become of the push: Wanted if it would be sent, Accepted if the
	// sink has accepted the same before, and otherwise why it would not be sent.
	State  State
	Reason string // for people, of Refused, Waits and Later
	// Later says that a push that is Wanted would not be sent before the sink can be read
	// again.
	Later bool
	// Delivery is what would be sent. It has no number and no key, unless the delivery
	// before this one would be sent again. Empty without a route, and if it is Refused.
	Delivery    Delivery
	Composition Composition
	// Shown is what the sink shows; nil if it is not read, or could not be read: Unread
	// says why.
	Shown  *Shown
	Unread string
	// LeftOut are the fields that the sink does not take.
	LeftOut []LeftOut
}
