package runjobs

import (
	"errors"
	"fmt"
	"sync"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// decoded is a chunk of raw records after decoding, which needs no database.
type decoded struct {
	compared []runs.Compared
	rejected []rejected
	err      error // from reading the pull
}

type rejected struct {
	hash profile.Hash
	why  profile.Rejected
}

// decodeAhead decodes a chunk in the background while the database handles the
// one before.
func decodeAhead(decoding *sync.WaitGroup, pull Pull, candidates []runs.Candidate) <-chan decoded {
	ahead := make(chan decoded, 1)
	decoding.Go(func() { ahead <- decode(pull, candidates) })
	return ahead
}

func decode(pull Pull, candidates []runs.Candidate) (d decoded) {
	for _, c := range candidates {
		record, err := pull.Record(c.Row)
		var bad *profile.Rejected
		switch {
		case errors.As(err, &bad):
			d.rejected = append(d.rejected, rejected{c.Row.Hash, *bad})
		case err != nil:
			d.err = fmt.Errorf("reading line %d: %w", c.Row.Line, err)
			return d
		default:
			digest := record.Digest()
			d.compared = append(d.compared, runs.Compared{Row: c.Row, Record: record, Digest: digest, OnlyFormDiffers: digest == c.KnownDigest})
		}
	}
	return d
}

// differing returns the records whose facts are new.
func (d decoded) differing() (records []profile.Record) {
	for _, c := range d.compared {
		if !c.OnlyFormDiffers {
			records = append(records, c.Record)
		}
	}
	return records
}
