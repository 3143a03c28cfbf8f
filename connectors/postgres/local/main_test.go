package local

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// holdEnv makes the test binary a program that holds a cluster open: its value is the folder.
const holdEnv = "LOCAL_TEST_HOLD"

func TestMain(m *testing.M) {
	SuperviseIfAsked()
	if dir := os.Getenv(holdEnv); dir != "" {
		os.Exit(holdOpen(dir))
	}
	flag.Parse()
	if testing.Short() {
		fmt.Fprintln(os.Stdout, "skipped: these tests start Postgres, which -short leaves out")
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// holdOpen prints the URL or the error, and holds the cluster until its input ends.
func holdOpen(dir string) int {
	if os.Getenv("LOCAL_TEST_NO_HOOK") != "" {
		_ = os.Setenv(askedEnv, "{}")
	}
	c, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stdout, strings.ReplaceAll(err.Error(), "\n", "|"))
		return 1
	}
	fmt.Fprintln(os.Stdout, c.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if c.Close() != nil {
		return 1
	}
	return 0
}

// program is another process that has a cluster open.
type program struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output chan string // its one line
}

func runProgram(t *testing.T, dir string, env ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0]), output: make(chan string, 1)}
	p.cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	p.cmd.Env = append(p.cmd.Env, env...)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.input, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		p.output <- strings.TrimSpace(line)
	}()
	t.Cleanup(func() { _ = p.input.Close(); _ = p.cmd.Wait() })
	return p
}

func (p *program) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
}

// newFolder is one that every user can reach, unlike t.TempDir when root runs the tests.
func newFolder(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "local-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(base, 0o755))
	dir := filepath.Join(base, "local")
	t.Cleanup(func() {
		waitStopped(t, dir)
		require.NoError(t, os.RemoveAll(base))
	})
	return dir
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func waitStopped(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	require.NoError(t, Wait(ctx, dir))
}

func open(t *testing.T, o Options) *Cluster {
	t.Helper()
	c, err := Open(within(t), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask runs a query that returns one text. A refused connection fails the test: after
// Open the server must accept connections.
func ask(t *testing.T, url, sql string, args ...any) string {
	t.Helper()
	got, err := tryAsk(within(t), url, sql, args...)
	require.NoError(t, err)
	return got
}

func tryAsk(ctx context.Context, url, sql string, args ...any) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var got string
	return got, conn.QueryRow(ctx, sql, args...).Scan(&got)
}

// askUntil is ask, retried while the server is coming back.
func askUntil(t *testing.T, url, sql string) string {
	t.Helper()
	var got string
	require.NoError(t, poll(within(t), func() (bool, error) {
		var err error
		got, err = tryAsk(within(t), url, sql)
		return err == nil, nil
	}))
	return got
}

func keepRow(t *testing.T, url, value string) {
	t.Helper()
	conn, err := pgx.Connect(within(t), url)
	require.NoError(t, err)
	defer conn.Close(within(t))
	_, err = conn.Exec(within(t), "create table if not exists kept (value text)")
	require.NoError(t, err)
	_, err = conn.Exec(within(t), "insert into kept values ($1)", value)
	require.NoError(t, err)
}

const keptRows = "select coalesce(string_agg(value, ',' order by value), '') from kept"

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	require.NoError(t, err)
	return pid
}

func parent(t *testing.T, pid int) int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "ppid=", "-p", strconv.Itoa(pid)).Output()
	require.NoError(t, err)
	ppid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	require.Greater(t, ppid, 1)
	return ppid
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, sig))
}
