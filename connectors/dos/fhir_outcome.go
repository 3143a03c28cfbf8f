package dos

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// outcome is the part of an OperationOutcome that matters here.
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
		Diagnostics string   `json:"diagnostics"`
		Expression  []string `json:"expression"` // FHIRPath of what is refused
	} `json:"issue"`
}

// hasCode reports whether an issue has the code.
func (o outcome) hasCode(want string) bool {
	for _, issue := range o.Issue {
		for _, coding := range issue.Details.Coding {
			if coding.Code == want {
				return o.ResourceType == "OperationOutcome"
			}
		}
	}
	return false
}

// hasError reports whether an issue is an error, whatever the status says.
func (o outcome) hasError() bool {
	for _, issue := range o.Issue {
		if issue.Severity == "error" || issue.Severity == "fatal" {
			return true
		}
	}
	return false
}

// isNotFound tells an unknown organisation from an unknown address.
func (o outcome) isNotFound() bool {
	for _, issue := range o.Issue {
		if issue.Code == "not-found" {
			return o.ResourceType == "OperationOutcome"
		}
	}
	return false
}

// parts are the parts of our request that diagnostics name. The text of diagnostics
// repeats values, so that only these words are passed on.
var parts = []string{
	"telecom", "phone", "email", "url", "name", "active", "identifier", "extension", "role", "period", "meta", "Product ID",
}

func (o outcome) blamedParts() (found []string) {
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

// namedFields maps words of expressions and diagnostics to the fields that they are about.
// A more exact word comes first: telecom alone may be about any contact.
var namedFields = []struct {
	word   *regexp.Regexp
	fields []profile.Field
}{
	{aWord("phone"), []profile.Field{profile.FieldPhone}},
	{aWord("email"), []profile.Field{profile.FieldEmail}},
	{aWord("url"), []profile.Field{profile.FieldWebsite}},
	{aWord("telecom"), []profile.Field{profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite}},
	{aWord("name"), []profile.Field{profile.FieldName}},
	{aWord("active"), []profile.Field{profile.FieldStatus}},
	{aWord("roles?|RO[0-9]+|OrganisationRole|TypedPeriod|extension"), []profile.Field{profile.FieldRoles}},
}

func aWord(word string) *regexp.Regexp { return regexp.MustCompile(`(?i)\b(` + word + `)\b`) }

// fields returns the fields that a refusal of these values is about. Diagnostics repeat
// values, which may hold any word: they are taken out first.
func (o outcome) fields(v profile.Values) (found []push.LeftOut) {
	for _, issue := range o.Issue {
		if issue.Severity != "error" && issue.Severity != "fatal" {
			continue
		}
		text := strings.ToLower(issue.Diagnostics)
		for _, f := range profile.Fields() {
			if value := strings.ToLower(strings.TrimSpace(v.Get(f))); value != "" {
				text = strings.ReplaceAll(text, value, "")
			}
		}
		text = strings.Join(issue.Expression, " ") + " " + text
		for _, row := range namedFields {
			if !row.word.MatchString(text) {
				continue
			}
			for _, f := range row.fields {
				found = append(found, push.LeftOut{Field: f, Reason: "DoS refuses it"})
			}
			break
		}
	}
	return found
}

// refusedBy returns the error of a refusal by DoS.
func refusedBy(code profile.ODSCode, status int, details outcome) *push.SinkError {
	reason := "DoS refuses it"
	if status == http.StatusNotFound {
		reason = "DoS does not know it any more, or the address is wrong"
	}
	if blamed := details.blamedParts(); len(blamed) > 0 {
		reason += ", and names: " + strings.Join(blamed, ", ")
	}
	return &push.SinkError{
		Sink: push.SinkDoS, Answer: push.AnswerTo(status), Status: status, Reason: fmt.Sprintf("%s: %s", code, reason),
	}
}
