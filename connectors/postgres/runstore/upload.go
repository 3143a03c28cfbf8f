package runstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
)

// uploadChunk is the size of the pieces in which files are stored.
const uploadChunk = 256 << 10

// StoreUpload keeps a file's bytes until the run that reads them has ended: a
// daemon cannot see the caller's paths, and a killed run needs them again. The
// file is read within one transaction, so its bytes must be available without
// waiting.
func (s *Store) StoreUpload(ctx context.Context, name string, file io.Reader) (id int64, err error) {
	err = inTx(ctx, s.db, func(q *runsql.Queries, _ pgx.Tx) error {
		if id, err = q.InsertUpload(ctx, name); err != nil {
			return err
		}
		return storeChunks(ctx, q, id, file)
	})
	if err != nil {
		return 0, postgres.Wrap(err, "storing "+name)
	}
	return id, nil
}

func storeChunks(ctx context.Context, q *runsql.Queries, id int64, file io.Reader) error {
	buffer := make([]byte, uploadChunk)
	for seq := 0; ; seq++ {
		n, err := io.ReadFull(file, buffer)
		if n > 0 {
			chunk := runsql.InsertUploadChunkParams{UploadID: id, Seq: seq, Bytes: buffer[:n]}
			if err := q.InsertUploadChunk(ctx, chunk); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// DropUpload deletes a stored file, unless a run or a plan was made from it.
func (s *Store) DropUpload(ctx context.Context, id int64) error {
	return postgres.Wrap(s.q.DropUpload(ctx, id), fmt.Sprintf("stored file %d", id))
}

// OpenUpload reads a stored file.
func (s *Store) OpenUpload(ctx context.Context, id int64) (name string, file io.Reader, err error) {
	name, err = s.q.GetUploadName(ctx, id)
	if err != nil {
		return "", nil, postgres.Wrap(err, fmt.Sprintf("stored file %d", id))
	}
	return name, &uploadReader{ctx: ctx, q: s.q, id: id}, nil
}

// uploadReader reads an upload chunk by chunk.
type uploadReader struct {
	ctx  context.Context //nolint:containedctx // io.Reader takes no context; the reader lives within one call
	q    *runsql.Queries
	id   int64
	seq  int
	rest bytes.Reader
}

func (u *uploadReader) Read(p []byte) (int, error) {
	if u.rest.Len() == 0 {
		chunk, err := u.q.GetUploadChunk(u.ctx, runsql.GetUploadChunkParams{UploadID: u.id, Seq: u.seq})
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, fmt.Errorf("stored file %d, piece %d: %w", u.id, u.seq, err)
		}
		u.seq++
		u.rest.Reset(chunk)
	}
	return u.rest.Read(p)
}
