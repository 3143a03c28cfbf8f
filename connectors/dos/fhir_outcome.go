package dos

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// outcome is an OperationOutcome, as far as it matters here.
type outcome struct {
	ResourceType string `json:"resourceType"`
	Issue        []struct {
		Severity string `json:"severity"`
		Code     string `json:"code"`
		Details  struct {
			Coding []struct {
				Code string `json:"code"`
			} `json:"coding"`
		} `json:"details"`
		Diagnostics string `json:"diagnostics"`
	} `json:"issue"`
}

// codes reports whether an issue carries the code.
func (o outcome) codes(want string) bool {
	for _, issue := range o.Issue {
		for _, coding := range issue.Details.Coding {
			if coding.Code == want {
				return o.ResourceType == "OperationOutcome"
			}
		}
	}
	return false
}

// failed reports an issue that speaks against success, whatever the status says.
func (o outcome) failed() bool {
	for _, issue := range o.Issue {
		if issue.Severity == "error" || issue.Severity == "fatal" {
			return true
		}
	}
	return false
}

// notFound tells an organisation that is unknown from an address that is.
func (o outcome) notFound() bool {
	for _, issue := range o.Issue {
		if issue.Code == "not-found" {
			return o.ResourceType == "OperationOutcome"
		}
	}
	return false
}

// parts are the parts of our request that diagnostics speak of. Their own text
// repeats values, so that only these words of it are passed on.
var parts = []string{
	"telecom", "phone", "email", "url", "name", "active", "identifier", "extension", "role", "period", "meta", "Product ID",
}

func (o outcome) blamed() (found []string) {
	for _, part := range parts {
		for _, issue := range o.Issue {
			if strings.Contains(strings.ToLower(issue.Diagnostics), strings.ToLower(part)) {
				found = append(found, part)
				break
			}
		}
	}
	return found
}

// refusedBy is a refusal by DoS.
func refusedBy(code profile.ODSCode, status int, said outcome) *push.SinkError {
	reason := "DoS refuses it"
	if status == http.StatusNotFound {
		reason = "DoS does not know it any more, or the address is wrong"
	}
	if blamed := said.blamed(); len(blamed) > 0 {
		reason += ", and names: " + strings.Join(blamed, ", ")
	}
	return &push.SinkError{
		Sink: push.SinkDoS, Answer: push.AnswerTo(status), Status: status, Reason: fmt.Sprintf("%s: %s", code, reason),
	}
}
