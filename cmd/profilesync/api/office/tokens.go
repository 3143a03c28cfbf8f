package office

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// tokens are operations on the tokens with which machines use the API.
func (s *server) tokens() {
	operation.Add(s.set, operation.Route{
		ID: "list-tokens", Method: http.MethodGet, Path: "/tokens", Verb: guard.Administer,
		Summary: "List tokens: their names, what they may do, and when they were last used",
	}, s.listTokens)
	operation.Add(s.set, operation.Route{
		ID: "add-token", Method: http.MethodPost, Path: "/tokens", Verb: guard.Administer, Keyed: true, Secret: true,
		Summary: "Make a token for a machine: it is shown once, and stored nowhere",
		About:   "Nobody gives a verb that they do not have. Who asks again with the same key gets no token: revoke it, and make another.",
	}, s.addToken)
	operation.Add(s.set, operation.Route{
		ID: "revoke-token", Method: http.MethodPost, Path: "/tokens/{token}/revoke", Verb: guard.Administer,
		Summary: "Make a token worthless, within 3 seconds on every daemon",
	}, s.revokeToken)
}

type listTokensInput struct {
	operation.Paging

	All bool `query:"all" doc:"With those that were revoked."`
}

func (s *server) listTokens(ctx context.Context, in *listTokensInput) (*operation.List[accessstore.Token], error) {
	key := func(t accessstore.Token) string { return t.Name + " " + t.Created.String() }
	return operation.Paged(in.Paging, key, func(int) ([]accessstore.Token, error) { return s.do.Tokens(ctx, in.All) })
}

type addTokenInput struct {
	Body struct {
		Name  string   `json:"name" maxLength:"63" doc:"What the machine is called: small letters, digits and ._-, nothing else."`
		Verbs []string `json:"verbs" nullable:"false" minItems:"1" maxItems:"5" doc:"What it may do."`
		Until string   `json:"until,omitempty" doc:"The last day on which it is accepted. Default: until it is revoked."`
	}
}

// Subject is its name.
func (in *addTokenInput) Subject() string { return operation.Safe(in.Body.Name) }

func (s *server) addToken(ctx context.Context, in *addTokenInput) (*operation.Body[upkeep.NewToken], error) {
	var wrong operation.Inputs
	wanted := upkeep.TokenRequest{Name: in.Body.Name, Until: wrong.Day("body.until", in.Body.Until)}
	for _, verb := range in.Body.Verbs {
		wanted.Verbs = append(wanted.Verbs, operation.Parsed(&wrong, "body.verbs", verb, guard.ParseVerb))
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	made, err := s.do.AddToken(ctx, wanted)
	return operation.Answer(made, err)
}

type revokeTokenInput struct {
	Token string `path:"token" maxLength:"63" doc:"The name of the token."`
}

func (s *server) revokeToken(ctx context.Context, in *revokeTokenInput) (*operation.Body[operation.Changed], error) {
	return operation.Answer(operation.Changed{Changed: true}, s.do.RevokeToken(ctx, in.Token))
}
