package smtptest

import "fmt"

// Stage is a step of a conversation.
type Stage string

// The stages, in their order.
const (
	Greeting Stage = "greeting"
	EHLO     Stage = "EHLO" // also HELO
	StartTLS Stage = "STARTTLS"
	Auth     Stage = "AUTH"
	Mail     Stage = "MAIL"
	Rcpt     Stage = "RCPT"
	Data     Stage = "DATA"
	Content  Stage = "content" // the message is asked for, and not read
	Dot      Stage = "dot"     // the message is here, its answer is not
)

// Fault is how a stage goes wrong: with an answer, or without one.
type Fault struct {
	Stage Stage
	Times int // how many conversations meet it; 0 means one, below 0 all from now on

	// Code and Text are the answer. 421 also ends the conversation.
	Code int
	Text string
	// Cut ends the connection without an answer; after Wait, if there is one.
	// Content knows no other fault.
	Cut bool
	// Taken takes the message into the ledger all the same; of Dot only.
	Taken bool
	// Wait holds the answer back until it is closed, or the server is; then the
	// stage goes on as it would, unless Code or Cut are set.
	Wait <-chan struct{}
	// Meet is closed when the fault is first met; nil: nothing.
	Meet chan<- struct{}
}

// Fault queues faults; a stage meets the first one that is for it. One that
// makes no sense panics: it is a mistake of the test.
func (s *Server) Fault(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Code != 0 && (f.Code < 200 || f.Code > 599) || f.Code == 0 && !f.Cut && f.Wait == nil {
			panic(fmt.Sprintf("smtptest: a fault of %s: want a code, a cut or a wait", f.Stage))
		}
		if f.Times == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, &f)
	}
}

// Heal forgets all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// meet waits as the fault of a stage says, and returns it; the zero value for
// none.
func (s *Server) meet(at Stage) Fault {
	f := s.next(at)
	if f.Meet != nil {
		close(f.Meet)
	}
	if f.Wait != nil {
		select {
		case <-f.Wait:
		case <-s.done:
		}
	}
	return f
}

func (s *Server) next(at Stage) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Stage != at {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		met := *f
		f.Meet = nil
		return met
	}
	return Fault{}
}
