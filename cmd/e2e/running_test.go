package e2e

import (
	"context"
	"crypto/tls"
	"debug/elf"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
)

// What stands in cmd/profilesync/examples is run here as far as one machine without
// systemd and containers can.
const examples = "../profilesync/examples/"

// The service manager hears that the daemon is ready, alive, and stops.
func TestTheServiceManagerHearsOfTheDaemon(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	heard, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer heard.Close()
	s := newSite(t)
	cmd := s.with("HTTP_ADDRESS=127.0.0.1:0").command(t.Context(), "serve")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=300000")
	log := new(output)
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	hears := func(want string) {
		t.Helper()
		message := make([]byte, 1000)
		require.NoError(t, heard.SetReadDeadline(time.Now().Add(patience)))
		for {
			n, err := heard.Read(message)
			require.NoError(t, err, "want %s; the log: %s", want, log)
			if strings.HasPrefix(string(message[:n]), want) {
				return
			}
		}
	}
	hears("READY=1\nSTATUS=working")
	hears("WATCHDOG=1\nSTATUS=working")
	hears("WATCHDOG=1\nSTATUS=working")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	hears("STOPPING=1")
	require.NoError(t, cmd.Wait())
}

// openDir returns a folder that every user can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "profilesync-e2e-") //nolint:usetesting // other users cannot enter t.TempDir
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// newCluster starts a Postgres of its own, and returns its superuser's address.
func newCluster(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Postgres, which -short does without")
	}
	dir := openDir(t)
	cluster, err := local.Open(t.Context(), local.Options{Dir: filepath.Join(dir, "postgres"), ThrowAway: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, cluster.Close())
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, local.Wait(ctx, filepath.Join(dir, "postgres")))
	})
	return cluster.URL()
}

// composed returns a site whose database was prepared as compose.yaml does it, on a
// cluster of its own that is reached over TCP.
func composed(t *testing.T) *site {
	t.Helper()
	s := withRoles(t)
	s.migrateRoles()
	return s
}

// migrateRoles is what the composition's service "migrate" does.
func (s *site) migrateRoles() {
	s.t.Helper()
	s.without("DATABASE_URL").with("DATABASE_URL_FILE="+filepath.Join(s.dir, "migrate-url")).exits(0, "migrate", "--roles")
}

// withRoles is composed without a schema.
func withRoles(t *testing.T) *site {
	t.Helper()
	superuser, err := url.Parse(pgproxy.New(t, newCluster(t)).URL())
	require.NoError(t, err)
	s := &site{t: t, dir: t.TempDir()}
	for name, user := range map[string]string{"postgres-url": "", "migrate-url": "migrate1", "database-url": "sync1"} {
		u := *superuser
		if user != "" {
			u.Path = "/directory"
			s.url = u.String()
			u.User = url.UserPassword(user, "made_up-"+user)
		}
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(u.String()+"\n"), 0o600))
	}
	for range 2 { // the script may be run again
		script := exec.CommandContext(t.Context(), "sh", examples+"roles.sh")
		script.Env = append(os.Environ(), "SECRETS="+s.dir)
		out, err := script.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, string(out))
	}
	return s.with("DATABASE_URL_FILE="+filepath.Join(s.dir, "database-url"), "ODS_DOWNLOADS_URL="+nobody)
}

// The binary that the container's build makes from nothing but a module proxy serves in
// a root without any other file, as nobody in particular.
func TestTheContainerNeedsNothingElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to change it")
	}
	s := composed(t)
	root := openDir(t)
	require.NoError(t, os.Mkdir(filepath.Join(root, "tmp"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky))
	buildAsContainer(t, filepath.Join(root, "profilesync"))
	s.makeSecrets(root)
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "/profilesync", args...)
		cmd.Dir = "/tmp"
		cmd.Env = containerEnvironment(t)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}
	for _, args := range [][]string{{"--help"}, {"version"}, {"runs", "list"}} {
		out, err := inside(args...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
	}
	d := daemon{site: s, started: started{cmd: inside("serve"), stdout: new(output), stderr: new(output)}}
	d.cmd.Stderr = d.stderr
	require.NoError(t, d.cmd.Start())
	require.Eventually(t, func() bool { return d.address() != "" }, patience, 10*time.Millisecond, "it serves")
	_, port, err := net.SplitHostPort(d.address())
	require.NoError(t, err)
	for host, want := range map[string]int{"profilesync:8383": http.StatusOK, "evil.example": http.StatusMisdirectedRequest} {
		require.Equal(t, want, askOf(t, "http://"+net.JoinHostPort(ownAddress(t), port)+"/metrics", host), "another container asks %s", host)
	}
	_, port, err = net.SplitHostPort(strings.TrimPrefix(d.api(), "http://"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, askOf(t, "https://"+net.JoinHostPort(ownAddress(t), port)+"/signed-out", "localhost:8384"),
		"the console, through the published port")
	require.NotContains(t, d.log(), "owner of the tables", "it runs with the daemon's rights")
	d.stop()
}

// makeSecrets makes in a root what the composition mounts there, by the commands at its top.
func (s *site) makeSecrets(root string) {
	s.t.Helper()
	text, err := os.ReadFile(examples + "compose.yaml")
	require.NoError(s.t, err)
	commands := regexp.MustCompile(`(?m)^#   umask (?:.*\n)*?#   profilesync ops write .*`).FindString(string(text))
	require.NotEmpty(s.t, commands)
	run := filepath.Join(root, "run")
	require.NoError(s.t, os.Mkdir(run, 0o755))
	shell := exec.CommandContext(s.t.Context(), "sh", "-ec",
		`sudo() { "$@"; }; profilesync() { "$binary" "$@"; }`+"\n"+regexp.MustCompile(`(?m)^#   `).ReplaceAllString(commands, ""))
	shell.Dir, shell.Env = run, append(os.Environ(), "binary="+binary)
	out, err := shell.CombinedOutput()
	require.NoError(s.t, err, "%s", out)
	address, err := os.ReadFile(filepath.Join(s.dir, "database-url"))
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(filepath.Join(run, "secrets", "database-url"), address, 0o600)) // keeps the mode of the file
	for name, want := range map[string]os.FileMode{
		"secrets/console-key": 0o440, "secrets/database-url": 0o640, "secrets/grafana-password": 0o444,
		"ops/prometheus": 0o755, "ops/prometheus/prometheus.yml": 0o644, "ops/grafana/dashboards": 0o755,
	} {
		info, err := os.Stat(filepath.Join(run, name))
		require.NoError(s.t, err)
		require.Equal(s.t, want, info.Mode().Perm(), name)
	}
}

// containerEnvironment is the environment that the Containerfile and the composition give the
// daemon, but for the ports: another test may have them.
func containerEnvironment(t *testing.T) (environment []string) {
	t.Helper()
	text, err := os.ReadFile(examples + "Containerfile")
	require.NoError(t, err)
	_, image, ok := strings.Cut(string(text), "\nFROM scratch\n")
	require.True(t, ok)
	for _, set := range regexp.MustCompile(`(?m)^ENV (.*)$`).FindAllStringSubmatch(image, -1) {
		environment = append(environment, strings.Fields(set[1])...)
	}
	text, err = os.ReadFile(examples + "compose.yaml")
	require.NoError(t, err)
	var composition struct {
		Services map[string]struct {
			Environment map[string]string `yaml:"environment"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(text, &composition))
	for name, value := range composition.Services["profilesync"].Environment {
		environment = append(environment, name+"="+value)
	}
	port := regexp.MustCompile(`^(PROFILESYNC_(?:HTTP|API)_ADDRESS=.*):838\d$`)
	for i, variable := range environment {
		environment[i] = port.ReplaceAllString(variable, "$1:0")
	}
	return environment
}

// ownAddress is an address under which other machines reach this one.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, one := range all {
		if network, ok := one.(*net.IPNet); ok && network.IP.IsGlobalUnicast() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	require.Fail(t, "this machine has no address but its own", "%v", all)
	return ""
}

// askOf asks an address for the page of a host, and returns the status.
func askOf(t *testing.T, address, host string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	request.Host = host
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

// buildAsContainer builds the program with the line of the Containerfile, with modules
// from a proxy that is a folder.
func buildAsContainer(t *testing.T, to string) {
	t.Helper()
	text, err := os.ReadFile(examples + "Containerfile")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^RUN (go build .*)$`).FindStringSubmatch(string(text))
	require.NotNil(t, line)
	env, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOROOT").Output()
	require.NoError(t, err)
	cache, toolchain, _ := strings.Cut(strings.TrimSpace(string(env)), "\n") // the image has the Go of go.mod itself
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line[1], "/out/profilesync", to, 1))
	build.Dir = "../.."
	build.Env = append(os.Environ(), "VERSION=v0-container", "GOMODCACHE="+t.TempDir(), "PATH="+toolchain+"/bin:"+os.Getenv("PATH"))
	for _, set := range regexp.MustCompile(`(?m)^ENV (GOPROXY=.*)$`).FindStringSubmatch(string(text))[1:] {
		for variable := range strings.FieldsSeq(set) {
			build.Env = append(build.Env, strings.Replace(variable, "${GOPROXY}", "file://"+cache+"/cache/download", 1))
		}
	}
	build.Env = append(build.Env, "GOFLAGS=-mod=readonly -modcacherw") // so that the test can remove its modules
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	binary, err := elf.Open(to)
	require.NoError(t, err)
	defer binary.Close()
	libraries, err := binary.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries, "it is static")
}
