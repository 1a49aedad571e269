// Package deploy holds no code: its tests read the files that package the
// gateway, since no container engine is needed to see that they fit together.
package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// root is the top of the checkout, which is also the context of the image.
const root = "../.."

// An instruction is one line of a Dockerfile: COPY, its flags and its words.
type instruction struct {
	name  string
	flags map[string]string
	args  []string
}

// dockerfile reads the instructions of name below root. It knows neither
// continued lines nor JSON arguments beyond their first word.
func dockerfile(t *testing.T, name string) []instruction {
	t.Helper()
	var all []instruction
	for line := range strings.Lines(read(t, name)) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if strings.HasSuffix(strings.TrimSpace(line), "\\") {
			t.Fatalf("%s: this test does not read continued lines: %s", name, line)
		}
		in := instruction{name: words[0], flags: make(map[string]string)}
		for _, word := range words[1:] {
			if flag, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(flag, "--") && len(in.args) == 0 {
				in.flags[flag] = value
				continue
			}
			in.args = append(in.args, word)
		}
		all = append(all, in)
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDockerfileCopiesWhatThereIs(t *testing.T) {
	ignored := strings.Split(read(t, ".dockerignore"), "\n")
	stages := make(map[string]bool)
	for _, in := range dockerfile(t, "configs/Dockerfile") {
		switch {
		case in.name == "FROM" && len(in.args) == 3:
			stages[in.args[2]] = true
		case in.name == "COPY" && in.flags["--from"] != "":
			if !stages[in.flags["--from"]] {
				t.Errorf("COPY --from=%s: no such stage before it", in.flags["--from"])
			}
		case in.name == "COPY":
			for _, source := range in.args[:len(in.args)-1] {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("COPY %s: %v", source, err)
				}
				top, _, _ := strings.Cut(source, "/")
				if !slices.Contains(ignored, "!"+top) {
					t.Errorf("COPY %s: .dockerignore does not let %s through", source, top)
				}
			}
		}
	}
}

func TestDockerfileRunsAsNobody(t *testing.T) {
	var user string
	for _, in := range dockerfile(t, "configs/Dockerfile") {
		switch in.name {
		case "FROM":
			user = ""
		case "USER":
			user = in.args[0]
		}
	}
	if ok, _ := regexp.MatchString(`^[1-9]\d*:[1-9]\d*$`, user); !ok {
		t.Errorf("the image runs as %q, want a numeric user that is not root", user)
	}
}

// TestDockerfileVersions holds the images to the versions that the sources ask
// for.
func TestDockerfileVersions(t *testing.T) {
	var images []string
	for _, in := range dockerfile(t, "configs/Dockerfile") {
		if in.name == "FROM" {
			images = append(images, in.args[0])
		}
	}
	golang := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	node := regexp.MustCompile(`"node": ">=(\d+)`).FindStringSubmatch(read(t, "web/package.json"))
	for _, want := range []string{"golang:" + golang[1], "node:" + node[1]} {
		if !slices.ContainsFunc(images, func(image string) bool { return strings.HasPrefix(image, want+"-") }) {
			t.Errorf("images %v: none is %s", images, want)
		}
	}
}

// compose is what these tests read of a Compose file.
type compose struct {
	Services map[string]struct {
		Build struct {
			Context, Dockerfile string
			Args                map[string]string
		}
		Image       string
		Ports       []string
		Volumes     []string
		Environment map[string]string
	}
	Volumes map[string]any
}

func readCompose(t *testing.T) (file compose) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, "docker-compose.yml")), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestComposeFitsTheImage(t *testing.T) {
	file := readCompose(t)
	service, ok := file.Services["sluice"]
	if !ok {
		t.Fatal("no service sluice")
	}
	image := dockerfile(t, filepath.Join(service.Build.Context, service.Build.Dockerfile))
	for _, port := range service.Ports {
		if _, inside, _ := strings.Cut(port, ":"); !declares(image, "EXPOSE", inside) {
			t.Errorf("port %s: the image does not expose it", port)
		}
	}
	for _, volume := range service.Volumes {
		name, inside, _ := strings.Cut(volume, ":")
		if _, ok := file.Volumes[name]; !ok {
			t.Errorf("volume %s is not declared", name)
		}
		if !declares(image, "VOLUME", inside) {
			t.Errorf("volume %s: the image has none there", volume)
		}
	}
	for name := range service.Build.Args {
		if !declares(image, "ARG", name) {
			t.Errorf("argument %s: the image has none", name)
		}
	}
}

// TestComposeKeepsToItself: only the gateway is for others, and all that containers get
// is there.
func TestComposeKeepsToItself(t *testing.T) {
	file := readCompose(t)
	for name, service := range file.Services {
		for _, port := range service.Ports {
			if name != "sluice" && !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to everybody", name, port)
			}
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if path, bound := strings.CutPrefix(source, "./"); !bound {
				if _, ok := file.Volumes[source]; !ok {
					t.Errorf("%s: volume %s is not declared", name, volume)
				}
			} else if _, err := os.Stat(filepath.Join(root, path)); err != nil || !strings.HasSuffix(volume, ":ro") {
				t.Errorf("%s: %s is not there (%v), or can be written", name, volume, err)
			}
		}
		if service.Build.Context == "" && !regexp.MustCompile(`^[a-z]+/[a-z]+:v?\d+\.\d+\.\d+$`).MatchString(service.Image) {
			t.Errorf("%s: %s is no image of one version", name, service.Image)
		}
	}
}

// TestImageAsksItself: there is nothing else in the image that could.
func TestImageAsksItself(t *testing.T) {
	image := dockerfile(t, "configs/Dockerfile")
	if !declares(image, "HEALTHCHECK", `"health"]`) || !declares(image, "HEALTHCHECK", `["/usr/local/bin/sluice",`) {
		t.Error("there is no HEALTHCHECK by sluice health")
	}
}

// declares reports whether the image has the instruction name with word among
// its arguments.
func declares(image []instruction, name, word string) bool {
	return slices.ContainsFunc(image, func(in instruction) bool {
		return in.name == name && slices.Contains(in.args, word)
	})
}

func TestEveryYAMLFileParses(t *testing.T) {
	names := []string{"docker-compose.yml", ".golangci.yml"}
	err := fs.WalkDir(os.DirFS(root), "configs", func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".yml" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var document any
		if err := yaml.Unmarshal([]byte(read(t, name)), &document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
