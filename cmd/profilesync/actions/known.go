package actions

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/profilesync/profilesync/cmd/internal/nearest"
	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// RequireProfiles refuses the first code that no profile has, with the nearest that one
// has.
func (a *Actions) RequireProfiles(ctx context.Context, codes []profile.ODSCode) error {
	if err := a.Ready(ctx); err != nil {
		return err
	}
	found, err := postgres.LoadProfiles(ctx, a.App.Store, codes)
	if err != nil {
		return err
	}
	for _, code := range codes {
		if slices.ContainsFunc(found, func(p profile.Profile) bool { return p.Code == code }) {
			continue
		}
		known, err := a.App.Store.ProfileCodes(ctx)
		if err != nil {
			return err
		}
		return &Error{Kind: Invalid, Text: "no profile has the code " + code.String() + didYouMean(code, known)}
	}
	return nil
}

// RequireArea refuses, with the nearest, a board or region that no profile is of; none is
// allowed. The input is region, icb or board: it is for one by which nothing was found.
func (a *Actions) RequireArea(ctx context.Context, input, area string) error {
	if area == "" {
		return nil
	}
	if err := a.Ready(ctx); err != nil {
		return err
	}
	known, err := a.App.Store.Areas(ctx)
	if err != nil || slices.Contains(known, area) {
		return err
	}
	return invalid(input, " %s: no profile is of it%s", area, didYouMean(area, known))
}

// RequireBoard refuses, with the nearest, a board that the report of a day does not know;
// none is allowed.
func (a *Actions) RequireBoard(ctx context.Context, day profile.Date, board profile.ODSCode) error {
	if board == "" {
		return nil
	}
	if err := a.Ready(ctx); err != nil {
		return err
	}
	known, err := a.App.Store.Reports.Boards(ctx, day)
	if err != nil || len(known) == 0 || slices.Contains(known, board) {
		return err
	}
	return invalid("region", " %s: the report of %s knows no such board%s", board, day, didYouMean(board, known))
}

func didYouMean[T ~string](name T, known []T) string {
	if len(known) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", nearest.Of(name, known))
}

// BoardNames returns the names of boards by their codes.
func (a *Actions) BoardNames(ctx context.Context) (runtext.Boards, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.BoardNames(ctx)
}

// Board is an integrated care board.
type Board struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Boards lists the boards that are known, by their codes.
func (a *Actions) Boards(ctx context.Context) ([]Board, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	names, err := a.App.AllBoards(ctx)
	boards := make([]Board, 0, len(names))
	for _, code := range slices.Sorted(maps.Keys(names)) {
		boards = append(boards, Board{code, names[code]})
	}
	return boards, err
}
