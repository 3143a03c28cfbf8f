package dostest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// secure returns the headers on every answer of the gateway
// (CONTRACT.md "Change events").
func secure() http.Header {
	return http.Header{
		"Cache-Control":             {"no-cache"},
		"Pragma":                    {"no-store"},
		"Strict-Transport-Security": {"max-age=31536000; includeSubDomains"},
		"X-Frame-Options":           {"DENY"},
		"X-Content-Type-Options":    {"nosniff"},
		"Content-Security-Policy":   {"default-src 'self'"},
	}
}

// maxMessage is the size limit of one message in the queue.
const maxMessage = 256 << 10

// changeEvent is the gateway: its 200 only says that the event is in the queue
// (CONTRACT.md "Change events").
func (s *Server) changeEvent(c *call) simulate.Answer {
	header := c.request.Header
	switch {
	case s.options.APIKey != "" && header.Get("X-Api-Key") != s.options.APIKey:
		return gatewayReply(http.StatusForbidden, "message", "Forbidden")
	case header.Get("Content-Type") != simulate.JSONType:
		return gatewayReply(http.StatusUnsupportedMediaType, "message", "Unsupported Media Type")
	case !c.numbered, c.Code == "", len(c.body) > maxMessage:
		return gatewayReply(http.StatusBadRequest, "Message", "Bad Request")
	}
	if s.seen.first(c.Code, c.body, c.At) {
		s.queue.put(*c)
	} else {
		s.effect(*c, Duplicate, "")
	}
	return gatewayReply(http.StatusOK, "Message", "Change event received")
}

// odsCodeIn returns the ODS code by which events are grouped; empty if the body has
// none.
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

// gatewayRefusal returns an error of the gateway that the request did not cause.
func gatewayRefusal(name FaultName, status int) simulate.Answer {
	switch {
	case name == IPDenied:
		return gatewayReply(status, "Message", "Access Denied, please contact the development team for assistance")
	case name == simulate.Unauthorized:
		return gatewayReply(status, "message", "The incoming token has expired")
	case status == http.StatusBadRequest:
		return gatewayReply(status, "Message", "Bad Request")
	case status >= http.StatusInternalServerError:
		return gatewayReply(status, "Message", "Server Error")
	}
	return gatewayReply(status, "message", http.StatusText(status))
}

func gatewayReply(status int, key, text string) simulate.Answer {
	answer := simulate.JSON(status, map[string]string{key: text})
	answer.Header = secure()
	return answer
}
