package examples_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
)

// top is the top of the tree, from here.
const top = "../../.."

// stopsWithin is how long the daemon may take to stop (package serve).
const stopsWithin = 20 * time.Second

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// Every setting that an example names is one.
func TestTheSettingsOfTheExamplesExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for field := range reflect.TypeFor[settings.Settings]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		known["PROFILESYNC_"+name], known["PROFILESYNC_"+name+"_FILE"] = true, true
	}
	files, err := filepath.Glob("*")
	require.NoError(t, err)
	named := 0
	for _, file := range files {
		if path.Ext(file) == ".go" {
			continue
		}
		for _, name := range regexp.MustCompile(`PROFILESYNC_\w+`).FindAllString(read(t, file), -1) {
			require.True(t, known[name], "%s names %s, which is no setting", file, name)
			named++
		}
	}
	require.Greater(t, named, 5)
}

// unit reads a unit: all values of each key.
func unit(t *testing.T, name string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for line := range strings.Lines(read(t, name)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(key, "#") {
			found[key] = append(found[key], value)
		}
	}
	return found
}

func TestTheUnitFitsTheDaemon(t *testing.T) {
	t.Parallel()
	u := unit(t, "profilesync.service")
	require.Equal(t, []string{"notify"}, u["Type"])
	require.Equal(t, []string{"/usr/local/bin/profilesync serve"}, u["ExecStart"])
	require.Equal(t, []string{"2"}, u["RestartPreventExitStatus"], "the exit code of wrong settings")
	stop, err := time.ParseDuration(u["TimeoutStopSec"][0] + "s")
	require.NoError(t, err)
	require.Greater(t, stop, stopsWithin)
	credentials := map[string]bool{}
	for _, credential := range u["LoadCredential"] {
		name, file, _ := strings.Cut(credential, ":")
		require.True(t, path.IsAbs(file), credential)
		credentials["%d/"+name] = true
	}
	for _, variable := range u["Environment"] {
		_, value, _ := strings.Cut(variable, "=")
		require.True(t, credentials[value], "%s: no credential", variable)
	}
}

// systemd itself reads the unit, and finds little that the process could harm.
func TestSystemdAcceptsTheUnit(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("needs systemd-analyze")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "profilesync.service")
	text := strings.Replace(read(t, "profilesync.service"), "ExecStart=/usr/local/bin/profilesync", "ExecStart="+self, 1)
	require.NoError(t, os.WriteFile(copied, []byte(text), 0o600))
	for _, args := range [][]string{{"verify", copied}, {"security", "--offline=true", "--threshold=15", copied}} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		if args[0] == "verify" {
			require.Empty(t, string(out))
		}
	}
}

func TestTheContainerHasWhatItNames(t *testing.T) {
	t.Parallel()
	text := read(t, "Containerfile")
	stages := strings.Split(text, "\nFROM ")[1:]
	require.Len(t, stages, 2)
	require.Equal(t, regexp.MustCompile(`(?m)^go (\S+)`).FindStringSubmatch(read(t, top+"/go.mod"))[1],
		regexp.MustCompile(`golang:([\d.]+)-`).FindStringSubmatch(stages[0])[1], "the Go that go.mod names")
	for _, line := range regexp.MustCompile(`(?m)^COPY (.*)$`).FindAllStringSubmatch(stages[0], -1) {
		names := strings.Fields(line[1])
		for _, name := range names[:len(names)-1] {
			_, err := os.Stat(filepath.Join(top, name))
			require.NoError(t, err)
		}
	}
	require.True(t, strings.HasPrefix(stages[1], "scratch\n"))
	require.Regexp(t, `(?m)^USER [1-9]\d*:[1-9]\d*$`, stages[1])
	require.NotContains(t, stages[1], "\nRUN ", "there is no shell")
}

// composition is what the test needs of compose.yaml.
type composition struct {
	Services map[string]struct {
		Build struct {
			Context    string `yaml:"context"`
			Dockerfile string `yaml:"dockerfile"`
		} `yaml:"build"`
		Secrets   []string             `yaml:"secrets"`
		Volumes   []string             `yaml:"volumes"`
		DependsOn map[string]yaml.Node `yaml:"depends_on"`
		Grace     string               `yaml:"stop_grace_period"`
		Ports     []string             `yaml:"ports"`
		Env       map[string]string    `yaml:"environment"`
		EnvFile   []string             `yaml:"env_file"`
	} `yaml:"services"`
	Volumes map[string]yaml.Node `yaml:"volumes"`
	Secrets map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

// made lists the folders that the commands at the top of compose.yaml make.
var made = map[string]string{"ops": "profilesync ops write ops", "secrets": "mkdir secrets"}

func TestTheCompositionHasWhatItNames(t *testing.T) {
	t.Parallel()
	text := read(t, "compose.yaml")
	var c composition
	require.NoError(t, yaml.Unmarshal([]byte(text), &c))
	exists := func(name string) {
		t.Helper()
		folder, rest, _ := strings.Cut(path.Clean(name), "/")
		if made[folder] != "" {
			require.Contains(t, text, made[folder])
		}
		switch folder {
		case "secrets":
			return
		case "ops":
			name = filepath.Join("..", "ops", "written", rest)
		}
		_, err := os.Stat(name)
		require.NoError(t, err)
	}
	for name, secret := range c.Secrets {
		exists(secret.File)
		require.Regexp(t, `(>|-keyout |-out )`+secret.File, text, "how %s is made", name)
	}
	for name, service := range c.Services {
		for _, secret := range service.Secrets {
			require.Contains(t, c.Secrets, secret, name)
		}
		for variable, value := range service.Env {
			if secret, is := strings.CutPrefix(value, "/run/secrets/"); is {
				require.Contains(t, service.Secrets, secret, "%s: %s", name, variable)
			}
		}
		for _, volume := range service.Volumes {
			if source, _, _ := strings.Cut(volume, ":"); strings.HasPrefix(source, "./") {
				exists(source)
			} else {
				require.Contains(t, c.Volumes, source, name)
			}
		}
		for _, file := range service.EnvFile {
			require.Contains(t, text, "touch "+file)
		}
		for other := range service.DependsOn {
			require.Contains(t, c.Services, other, name)
		}
		for _, port := range service.Ports {
			require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s is open to others", port)
		}
		if service.Build.Context != "" {
			exists(filepath.Join(service.Build.Context, service.Build.Dockerfile))
			exists(filepath.Join(service.Build.Context, "go.mod"))
		}
	}
	require.Equal(t, []string{"127.0.0.1:8384:8384"}, c.Services["profilesync"].Ports, "people reach the console, and nobody the metrics")
	require.Contains(t, c.Services["profilesync"].Env["PROFILESYNC_API_PUBLIC_URL"], "https://localhost:8384")
	grace, err := time.ParseDuration(c.Services["profilesync"].Grace)
	require.NoError(t, err)
	require.Greater(t, grace, stopsWithin)
}
