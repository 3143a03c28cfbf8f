package pushstore

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// LeftOut is a stated field that the last push left out, since the sink does not take it.
type LeftOut struct {
	Field  string    `json:"field"`
	Value  string    `json:"value,omitempty"` // how it begins; empty if it may hold a person's address or a secret
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// leftOutRow is one element of the column.
type leftOutRow struct {
	LeftOut

	Refused string `json:"refused,omitempty"` // hash of the value that the sink refused, in hex
}

func toLeftOut(left []push.LeftOut) []leftOutRow {
	rows := make([]leftOutRow, len(left))
	for i, l := range left {
		rows[i].LeftOut = LeftOut{l.Field.String(), l.Value, l.Reason, l.Since.UTC()}
		if l.Refused != (profile.Hash{}) {
			rows[i].Refused = hex.EncodeToString(l.Refused[:])
		}
	}
	return rows
}

func readLeftOut(column []byte) (left []push.LeftOut, err error) {
	var rows []leftOutRow
	if err := json.Unmarshal(column, &rows); err != nil {
		return nil, fmt.Errorf("what was left out: %w", err)
	}
	for _, r := range rows {
		l := push.LeftOut{Value: r.Value, Reason: r.Reason, Since: r.Since}
		if l.Field, err = profile.ParseField(r.Field); err != nil {
			return nil, err
		}
		refused, err := hex.DecodeString(r.Refused)
		if err != nil {
			return nil, fmt.Errorf("what was left out: %w", err)
		}
		copy(l.Refused[:], refused)
		left = append(left, l)
	}
	return left, nil
}
