package smtptest

import "github.com/profilesync/profilesync/connectors/internal/simulate"

// Stage is a step of a conversation. Faults pick it as the kind of a request.
type Stage = simulate.Kind

// The stages, in order.
const (
	Greeting Stage = "greeting"
	EHLO     Stage = "EHLO" // also HELO
	StartTLS Stage = "STARTTLS"
	Auth     Stage = "AUTH"
	Mail     Stage = "MAIL"
	Rcpt     Stage = "RCPT"
	Data     Stage = "DATA"
	Content  Stage = "content" // the message was asked for but not read; only DroppedBefore works here
	Dot      Stage = "dot"     // the message has arrived but is not answered
)

// own returns answers that are not errors but are wrong at their stage: DATA gets
// the answer to MAIL, and the dot gets the answer to DATA.
func own() map[simulate.Name]simulate.Own {
	return map[simulate.Name]simulate.Own{simulate.Error(250): {}, simulate.ErrorAfter(354): {}}
}

// meet waits as long as the fault of a stage says, or until the server closes, and
// returns the fault.
func (s *Server) meet(at Stage) simulate.Met {
	met := s.Meet(simulate.Request{Kind: at})
	met.Hold(s.done)
	return met
}

func dropped(met simulate.Met) bool {
	return met.Name == simulate.DroppedBefore || met.Name == simulate.DroppedAfter
}
