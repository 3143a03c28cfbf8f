package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/local"
)

// disk is a file system in memory, which can be made full. Only root can have one.
type disk struct{ path string }

const diskSize = "size=512m"

// newDisk puts a disk in the place of a folder whose contents it gets.
func newDisk(t *testing.T, path string) *disk {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	before := path + ".before"
	require.NoError(t, os.Rename(path, before))
	require.NoError(t, os.Mkdir(path, 0o700))
	require.NoError(t, syscall.Mount("chaos", path, "tmpfs", 0, fmt.Sprintf("%s,mode=0700,uid=%d,gid=%d", diskSize, owner.Uid, owner.Gid)))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(path, syscall.MNT_DETACH)) })
	out, err := exec.CommandContext(t.Context(), "cp", "-a", before+"/.", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.RemoveAll(before))
	return &disk{path}
}

// fill leaves no room for anything more; empty makes room again.
func (d *disk) fill() error {
	var now syscall.Statfs_t
	if err := syscall.Statfs(d.path, &now); err != nil {
		return err
	}
	used := (now.Blocks - now.Bfree) * uint64(now.Bsize)
	return syscall.Mount("chaos", d.path, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", used))
}

func (d *disk) empty() error {
	return syscall.Mount("chaos", d.path, "tmpfs", syscall.MS_REMOUNT, diskSize)
}

// onDisks moves the log and the data of the lane to disks that can be full, if it may.
func (l *lane) onDisks(t *testing.T, cluster *local.Cluster) *local.Cluster {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Log("no disk is ever full: only root can make one of a given size")
		return cluster
	}
	l.close(t, cluster)
	data := filepath.Join(l.home, "data")
	info, err := os.Stat(data)
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	space := filepath.Join(filepath.Dir(l.home), "space")
	require.NoError(t, os.Mkdir(space, 0o700))
	require.NoError(t, os.Chown(space, int(owner.Uid), int(owner.Gid)))
	l.data, l.wal = newDisk(t, space), newDisk(t, filepath.Join(data, "pg_wal"))
	cluster, err = local.Open(t.Context(), local.Options{Dir: l.home})
	require.NoError(t, err)
	l.exec(t, "create tablespace chaos location '"+space+"'")
	return cluster
}

// place is where the lane's databases are.
func (l *lane) place() string {
	if l.data == nil {
		return ""
	}
	return " tablespace chaos"
}

// said counts what the server has said of full disks.
func (l *lane) said() (full int) {
	text, err := os.ReadFile(l.log)
	if err != nil {
		return 0
	}
	return strings.Count(string(text), "No space left on device")
}

const diskFull = "53100" // the SQLSTATE

// fillData makes the disk of the data full, and is shown by the error of one who writes there.
func (c *chaos) fillData(random *rand.Rand) (happened int) {
	if c.lane.data == nil || c.lane.data.fill() != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), editTime)
	defer cancel()
	_ = persist(ctx, c.url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "create table public.filler as select repeat('x', 100) from generate_series(1, 100000)")
		if why, ok := errors.AsType[*pgconn.PgError](err); ok && why.Code == diskFull {
			happened = 1
		}
		return nil
	})
	pause(random, 500*time.Millisecond, 3*time.Second)
	if err := c.lane.data.empty(); err != nil {
		c.wrongf("faults-happen", "the disk stays full: %v", err)
	}
	return happened
}

// fillLog makes the disk of the write-ahead log full, at which Postgres gives up, and is shown
// by what it says then.
func (c *chaos) fillLog(random *rand.Rand) int {
	if c.lane.wal == nil {
		return 0
	}
	before := c.lane.said()
	broke := c.breaks(func() error {
		if err := c.lane.wal.fill(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
		defer cancel()
		go func() {
			<-ctx.Done()
			<-time.After(time.Duration(random.Int64N(int64(time.Second))))
			_ = c.lane.wal.empty()
		}()
		conn, err := pgx.Connect(ctx, c.url)
		for err == nil {
			_, err = conn.Exec(ctx, "select pg_logical_emit_message(true, 'chaos', 'x'), pg_switch_wal()")
		}
		return nil
	})
	if c.lane.said() == before {
		return 0
	}
	return broke
}
