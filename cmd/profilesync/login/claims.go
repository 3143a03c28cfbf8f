package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// identity is what an identity token means here.
type identity struct {
	actor  string
	groups []string // those that let people in
}

// pseudonym is what the audit may record: no address, no name, and no token of a machine.
var pseudonym = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._|:-]{0,127}$`)

var errNoGroup = errors.New("none of the groups lets people in")

// identityOf reads the claims of an identity token. Its errors hold no value of a claim.
func (l *Login) identityOf(claims map[string]json.RawMessage) (identity, error) {
	var id identity
	if err := json.Unmarshal(claims[l.ActorClaim], &id.actor); err != nil {
		return id, fmt.Errorf("claim %s (PROFILESYNC_OIDC_ACTOR_CLAIM) is missing, or no text", l.ActorClaim)
	}
	if !pseudonym.MatchString(id.actor) || strings.HasPrefix(id.actor, "token:") {
		return id, fmt.Errorf("claim %s (PROFILESYNC_OIDC_ACTOR_CLAIM) is no pseudonym: want letters, digits and ._|:- alone", l.ActorClaim)
	}
	var groups []string
	if raw := claims[l.GroupsClaim]; json.Unmarshal(raw, &groups) != nil {
		var one string
		if json.Unmarshal(raw, &one) == nil {
			groups = []string{one}
		}
	}
	for _, group := range groups {
		if len(l.Groups[group]) > 0 {
			id.groups = append(id.groups, group)
		}
	}
	if id.groups == nil {
		return id, errNoGroup
	}
	return id, nil
}
