package dostest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const jsonType = "application/json"

// secure are the headers on every answer of the gateway
// (CONTRACT.md "Change events").
func secure() [][2]string {
	return [][2]string{
		{"Cache-Control", "no-cache"},
		{"Pragma", "no-store"},
		{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
		{"X-Frame-Options", "DENY"},
		{"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy", "default-src 'self'"},
	}
}

// maxMessage is what the queue takes in one message.
const maxMessage = 256 << 10

// changeEvent is the gateway: its 200 says that the event is in the queue and
// nothing else (CONTRACT.md "Change events").
func (s *Server) changeEvent(c *call) reply {
	header := c.request.Header
	switch {
	case s.options.APIKey != "" && header.Get("X-Api-Key") != s.options.APIKey:
		return gatewayReply(http.StatusForbidden, "message", "Forbidden")
	case header.Get("Content-Type") != jsonType:
		return gatewayReply(http.StatusUnsupportedMediaType, "message", "Unsupported Media Type")
	case !c.numbered, c.code == "", len(c.body) > maxMessage:
		return gatewayReply(http.StatusBadRequest, "Message", "Bad Request")
	}
	if s.seen.first(c.code, c.body, c.at) {
		s.queue.put(*c)
	} else {
		s.ledger.effect(effectOf(*c, c.at, Duplicate, ""))
	}
	return gatewayReply(http.StatusOK, "Message", "Change event received")
}

func effectOf(c call, at time.Time, outcome Outcome, detail string) Entry {
	return Entry{
		At: at, Kind: c.kind, Code: c.code, Sequence: c.sequence, Key: c.key,
		Body: digest(c.body), Outcome: outcome, Detail: detail,
	}
}

// odsCodeIn is the group an event belongs to; empty where the body has none.
func odsCodeIn(body []byte) string {
	var group struct {
		ODSCode any `json:"ODSCode"` //nolint:tagliatelle // the outside system's
	}
	if err := json.Unmarshal(body, &group); err != nil || group.ODSCode == nil {
		return ""
	}
	if code, ok := group.ODSCode.(string); ok {
		return code
	}
	return fmt.Sprint(group.ODSCode)
}

// gatewayRefusal is an error of the gateway that no request of ours provoked.
func gatewayRefusal(met fault, status int) reply {
	switch {
	case met.name == faultIPDenied:
		return gatewayReply(status, "Message", "Access Denied, please contact the development team for assistance")
	case met.name == faultExpired:
		return gatewayReply(status, "message", "The incoming token has expired")
	case status == http.StatusBadRequest:
		return gatewayReply(status, "Message", "Bad Request")
	case status >= http.StatusInternalServerError:
		return gatewayReply(status, "Message", "Server Error")
	}
	return gatewayReply(status, "message", http.StatusText(status))
}

func gatewayReply(status int, key, text string) reply {
	answer := jsonReply(status, map[string]string{key: text})
	answer.header = secure()
	return answer
}

func jsonReply(status int, body any) reply {
	return reply{status: status, contentType: jsonType, body: marshal(body)}
}

func marshal(body any) []byte {
	text, err := json.Marshal(body)
	if err != nil { // our own types: a mistake in this package
		panic(fmt.Sprintf("dostest: %T does not marshal: %v", body, err))
	}
	return text
}
