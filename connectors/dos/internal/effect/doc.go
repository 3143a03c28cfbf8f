// Package effect says what DoS does with what is sent to it, from the contract alone
// (connectors/dos/CONTRACT.md "How DoS compares"): it shares no code with what makes
// events, nor with the simulator, so that either can be found wrong.
//
//	body of an event ─▶ Parse ─▶ Event.On(service) ─▶ the service afterwards
package effect
