package api

import (
	"cmp"
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
)

type checkNamesInput struct {
	Codes  []string `query:"codes" maxItems:"1000" nullable:"false" doc:"ODS codes that profiles have."`
	Region string   `query:"region" doc:"A region that profiles are of, by its code."`
	ICB    string   `query:"icb" doc:"An integrated care board that profiles are of, by its code."`
	Board  string   `query:"board" doc:"As icb; the name that is wrong is then called board."`
}

// known says that all names exist.
type known struct {
	Known bool `json:"known"`
}

func (s *server) checkNames(ctx context.Context, in *checkNamesInput) (*operation.Body[known], error) {
	var wrong operation.Inputs
	codes := wrong.Codes("codes", in.Codes)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	err := cmp.Or(s.do.RequireProfiles(ctx, codes), s.do.RequireArea(ctx, "region", in.Region),
		s.do.RequireArea(ctx, "icb", in.ICB), s.do.RequireArea(ctx, "board", in.Board))
	return operation.Answer(known{true}, err)
}

func (s *server) listBoards(ctx context.Context, in *operation.Paging) (*operation.List[actions.Board], error) {
	key := func(b actions.Board) string { return b.Code }
	return operation.Paged(*in, key, func(int) ([]actions.Board, error) { return s.do.Boards(ctx) })
}
