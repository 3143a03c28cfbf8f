package postgres

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// LoadProfiles returns profiles by their codes, without the parts held in other
// tables. A code without a profile is left out.
func LoadProfiles(ctx context.Context, db dbsql.DBTX, codes []profile.ODSCode) ([]profile.Profile, error) {
	rows, err := dbsql.New(db).LoadProfiles(ctx, Texts(codes))
	if err != nil {
		return nil, Wrap(err, "loading profiles")
	}
	profiles := make([]profile.Profile, len(rows))
	for i, row := range rows {
		profiles[i] = ProfileRow(row).Profile()
	}
	return profiles, nil
}

// Profile returns one profile.
func (db *DB) Profile(ctx context.Context, code profile.ODSCode) (profile.Profile, error) {
	profiles, err := LoadProfiles(ctx, db, []profile.ODSCode{code})
	if err == nil && len(profiles) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return profile.Profile{}, Wrap(err, "profile "+string(code))
	}
	return profiles[0], nil
}

// ProfileCodes lists the codes of all profiles, in order.
func (db *DB) ProfileCodes(ctx context.Context) ([]profile.ODSCode, error) {
	codes, err := db.q.ProfileCodes(ctx)
	return codes, Wrap(err, "listing the codes of profiles")
}

// Areas lists the codes of the boards and regions that profiles have, in order.
func (db *DB) Areas(ctx context.Context) ([]string, error) {
	codes, err := db.q.Areas(ctx)
	return codes, Wrap(err, "listing boards and regions")
}

// ProfileRow is the columns of a profile, lists as text, without the parts held
// in other tables.
type ProfileRow struct {
	Code         profile.ODSCode
	Name         string
	Address      string
	Postcode     string
	Type         profile.OrgType
	Roles        string
	Status       profile.Status
	Parent       string
	Commissioner string
	Icb          profile.ODSCode
	Region       string
	Successor    string
	Phone        string
	Email        string
	Website      string
	Description  string
	Hidden       bool
	Kind         string
}

// Profile converts the row to a profile.
func (row ProfileRow) Profile() profile.Profile {
	p := profile.Profile{Code: row.Code}
	for field, value := range map[profile.Field]string{
		profile.FieldName: row.Name, profile.FieldAddress: row.Address, profile.FieldPostcode: row.Postcode,
		profile.FieldType: string(row.Type), profile.FieldRoles: row.Roles, profile.FieldStatus: string(row.Status),
		profile.FieldParent: row.Parent, profile.FieldCommissioner: row.Commissioner, profile.FieldICB: string(row.Icb),
		profile.FieldRegion: row.Region, profile.FieldSuccessor: row.Successor, profile.FieldPhone: row.Phone,
		profile.FieldEmail: row.Email, profile.FieldWebsite: row.Website, profile.FieldDescription: row.Description,
		profile.FieldHidden: strconv.FormatBool(row.Hidden), profile.FieldKind: row.Kind,
	} {
		p.Values.Set(field, value)
	}
	return p
}

// Audited is one row of the audit.
type Audited struct {
	ID    int64     `json:"-"` // where a page ends
	At    time.Time `json:"at"`
	Field string    `json:"field"`
	Owner string    `json:"owner"`
	Old   string    `json:"old"`
	New   string    `json:"new"`
	Actor string    `json:"actor"`
	// DatabaseRole is the role that the writer logged in as, if that is not the
	// actor; empty for rows from before it was kept.
	DatabaseRole string  `json:"database_role,omitempty"`
	Run          runs.ID `json:"run,omitempty"`
	// Reason is the reason given, if one was required.
	Reason string `json:"reason,omitempty"`
}

// History returns audit rows of a profile, oldest first: those after the given one (0 for
// all), at most so many.
func (db *DB) History(ctx context.Context, code profile.ODSCode, after int64, most int) ([]Audited, error) {
	rows, err := db.q.History(ctx, dbsql.HistoryParams{Code: code, After: after, Most: min(most, math.MaxInt32)})
	if err == nil && len(rows) == 0 && after == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, Wrap(err, "history of "+string(code))
	}
	history := make([]Audited, len(rows))
	for i, r := range rows {
		history[i] = Audited{
			ID: r.ID, At: r.At, Field: r.Field, Owner: r.Owner, Old: r.Old, New: r.New, Actor: r.Actor, Run: runs.ID(r.Run), Reason: r.Reason,
		}
		if r.DatabaseRole != r.Actor {
			history[i].DatabaseRole = r.DatabaseRole
		}
	}
	return history, nil
}

// SetKind makes a trust or one of its sites a hospital or a clinic, for a reason
// that the audit keeps. It reports whether that changed anything.
func (db *DB) SetKind(ctx context.Context, code profile.ODSCode, kind, actor, reason string) (changed bool, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		q := dbsql.New(tx)
		if err := q.SetReason(ctx, dbsql.SetReasonParams{Actor: actor, Reason: reason}); err != nil {
			return err
		}
		rows, err := q.SetKind(ctx, dbsql.SetKindParams{Kind: kind, Code: code})
		changed = rows > 0
		return err
	})
	return changed, Wrap(err, "changing the kind of "+string(code))
}

// FoundProfile is a profile as a search lists it.
type FoundProfile struct {
	Code     profile.ODSCode `json:"code"`
	Name     string          `json:"name"`
	Postcode string          `json:"postcode"`
	Type     profile.OrgType `json:"type"`
	Status   profile.Status  `json:"status"`
}

// FindProfiles returns at most so many profiles whose code or postcode begins with the
// text, or whose name holds it. An exact code comes first, then what is open.
func (db *DB) FindProfiles(ctx context.Context, text string, most int) ([]FoundProfile, error) {
	pattern := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(text)) + "%"
	rows, err := db.q.FindProfiles(ctx, dbsql.FindProfilesParams{Pattern: pattern, Most: most})
	found := make([]FoundProfile, len(rows))
	for i, r := range rows {
		found[i] = FoundProfile(r)
	}
	return found, Wrap(err, "looking for profiles")
}
