package smtptest

import "github.com/profilesync/profilesync/connectors/internal/simulate"

// Stage is a step of a conversation, which is the kind that faults pick by.
type Stage = simulate.Kind

// The stages, in their order.
const (
	Greeting Stage = "greeting"
	EHLO     Stage = "EHLO" // also HELO
	StartTLS Stage = "STARTTLS"
	Auth     Stage = "AUTH"
	Mail     Stage = "MAIL"
	Rcpt     Stage = "RCPT"
	Data     Stage = "DATA"
	Content  Stage = "content" // the message is asked for, and not read; it knows DroppedBefore only
	Dot      Stage = "dot"     // the message is here, its answer is not
)

// own are answers that are no errors, and out of place as those of a fault: what
// a relay says to MAIL in answer to DATA, and to DATA in answer to the dot.
func own() map[simulate.Name]simulate.Own {
	return map[simulate.Name]simulate.Own{simulate.Error(250): {}, simulate.ErrorAfter(354): {}}
}

// meet waits as the fault of a stage says, or until the server closes, and
// returns it.
func (s *Server) meet(at Stage) simulate.Met {
	met := s.Meet(simulate.Request{Kind: at})
	met.Hold(s.done)
	return met
}

func dropped(met simulate.Met) bool {
	return met.Name == simulate.DroppedBefore || met.Name == simulate.DroppedAfter
}
