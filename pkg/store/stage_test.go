package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/store"
)

// stage stages pieces of a blob, each with a note of its own.
func stage(t *testing.T, s store.Store, name string, pieces ...string) {
	t.Helper()
	var chunks [][]byte
	for _, piece := range pieces {
		chunks = append(chunks, []byte(piece))
		if err := s.Stage(name, []byte("note on "+piece), chunks...); err != nil {
			t.Fatal(err)
		}
	}
}

// staged returns what is staged in a store, by name: note and bytes.
func staged(t *testing.T, s store.Store) map[string]string {
	t.Helper()
	found := map[string]string{}
	for staged, err := range s.Staged() {
		if err != nil {
			t.Fatal(err)
		}
		found[staged.Name] = string(staged.Note) + ": " + string(staged.Data)
		if staged.Note == nil {
			found[staged.Name] = "nothing"
		}
	}
	return found
}

// reopen opens the directory of a disk as the next process does.
func reopen(t *testing.T, disk *store.Disk, root string) *store.Disk {
	t.Helper()
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	return openDisk(t, root)
}

func TestWhatIsStagedOutlivesTheProcess(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root)
	stage(t, disk, "live/show/a", "one", "two")
	stage(t, disk, "live/show/b", "three")
	stage(t, disk, "live/other/c", "four", "five")
	if err := disk.Put("live/show/b", []byte("three"), []byte("!")); err != nil {
		t.Fatal(err)
	}
	disk = reopen(t, disk, root)
	want := map[string]string{"live/show/a": "note on two: onetwo", "live/other/c": "note on five: fourfive"}
	if diff := cmp.Diff(want, staged(t, disk)); diff != "" {
		t.Error(diff)
	}
	if got := text(t, disk, "live/show/b"); got != "three!" {
		t.Errorf("put: %q", got)
	}
	if err := disk.Put("live/show/a", []byte("live/show/a")); err != nil { // other bytes, even
		t.Fatal(err)
	}
	if err := disk.Unstage("live/other/c"); err != nil {
		t.Fatal(err)
	}
	checkTidy(t, root)
	disk = reopen(t, disk, root)
	if left := staged(t, disk); len(left) > 0 {
		t.Error(left)
	}
}

// TestKilledWhileStaging has the process die at each byte that it writes: what was
// staged before is there, and the rest is there as a whole or not at all.
func TestKilledWhileStaging(t *testing.T) {
	root := t.TempDir()
	data, notes := filepath.Join(root, "live", ".staged-a"), filepath.Join(root, "live", ".notes-a")
	disk := openDisk(t, root)
	states := []string{"nothing"}
	type sizes struct{ data, notes int64 }
	steps := []sizes{{}}
	var chunks [][]byte
	for _, piece := range []string{"one", "two", "three"} {
		chunks = append(chunks, []byte(piece))
		if err := disk.Stage("live/a", []byte(piece), chunks...); err != nil {
			t.Fatal(err)
		}
		states = append(states, piece+": "+string(bytes.Join(chunks, nil)))
		steps = append(steps, sizes{size(t, data), size(t, notes)})
	}
	all := [2][]byte{readFile(t, data), readFile(t, notes)}
	try := func(data, notes int64, want string) {
		t.Helper()
		root := t.TempDir()
		for base, content := range map[string][]byte{".staged-a": all[0][:data], ".notes-a": all[1][:notes]} {
			writeFile(t, filepath.Join(root, "live", base), content)
		}
		if got := staged(t, openDisk(t, root))["live/a"]; got != want {
			t.Errorf("%d bytes and %d of notes: %q, want %q", data, notes, got, want)
		}
	}
	for i, step := range steps[1:] {
		before := steps[i]
		for n := before.data; n <= step.data; n++ { // bytes come first
			try(n, before.notes, states[i])
		}
		for n := before.notes; n < step.notes; n++ {
			try(step.data, n, states[i])
		}
		try(step.data, step.notes, states[i+1])
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestStagedLeftovers has files that no Disk has left so.
func TestStagedLeftovers(t *testing.T) {
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "live", ".staged-a"), []byte("without notes"))
	writeFile(t, filepath.Join(root, "live", ".staged-b"), []byte("bytes"))
	writeFile(t, filepath.Join(root, "live", ".notes-b"), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	writeFile(t, filepath.Join(root, "live", ".staged-what is this"), nil)
	writeFile(t, filepath.Join(root, "live", ".notes-c"), []byte("alone"))
	disk := openDisk(t, root)
	want := map[string]string{"live/a": "nothing", "live/b": "nothing"}
	if diff := cmp.Diff(want, staged(t, disk)); diff != "" {
		t.Error(diff)
	}
	for name := range want {
		if err := disk.Unstage(name); err != nil {
			t.Error(err)
		}
	}
	if got := files(t, root); !slices.Equal(got, []string{"live", "live/.staged-what is this"}) {
		t.Errorf("left: %q", got)
	}
}

func TestStagingHasLimits(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root, store.MaxBytes(10))
	stage(t, disk, "live/a", "1234567")
	checkNoSpace(t, disk.Stage("live/a", nil, []byte("1234567"), []byte("890a")))
	checkTidy(t, root)
	stage(t, disk, "live/b", "12345", "67890")
	checkNoSpace(t, disk.Put("live/c", []byte("1")))
	if err := disk.Put("live/b", []byte("12345"), []byte("67890")); err != nil {
		t.Error(err)
	}
	checkNoSpace(t, disk.Stage("live/c", nil, []byte("1")))
	if err := disk.Remove("live/b"); err != nil {
		t.Fatal(err)
	}
	stage(t, disk, "live/d", "1234567890")
	checkNoSpace(t, disk.Put("live/d", []byte("1234567890"), []byte("+")))
	if err := disk.Unstage("live/d"); err != nil {
		t.Fatal(err)
	}
	checkTidy(t, root)
}

func TestSpoolStages(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		stage(t, s.Spool, "a", "one", "two")
		if time.Since(s.start) > 0 {
			t.Errorf("staging took %v", time.Since(s.start))
		}
		s.checkStaged("stage a 1", "stage a 2")
		if err := s.Unstage("a"); err != nil {
			t.Error(err)
		}
		s.after(0)
		s.checkStaged("stage a 1", "stage a 2", "unstage a")
	})
}

// checkStage fails the test when Stage of a blob does not take so long, or returns
// another error.
func (s *spoolTest) checkStage(name string, took time.Duration, want error) {
	s.Helper()
	before := time.Now()
	err := s.Stage(name, nil, []byte(name))
	if got := time.Since(before); got != took || !errors.Is(err, want) {
		s.Errorf("after %v staging %s took %v: %v", before.Sub(s.start), name, got, err)
	}
}

// What the store behind is long about holds up nothing else: neither staging of other
// names, nor the writing of blobs.
func TestSpoolStagesBesideWhatTakesLong(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		written := s.back.hang()
		s.put("blob")
		s.after(0) // it is being written
		staged := s.back.hangStaging("a")
		s.checkStage("a", 50*time.Millisecond, store.ErrSlow)
		s.checkStage("a", 0, store.ErrSlow)
		s.checkStage("b", 0, nil)
		written()
		s.put("c")
		s.after(0)
		check(t, s.back, "blob", "c")
		staged()
		s.after(0)
		s.checkStage("a", 0, nil)
		s.checkStaged("stage a 1", "stage b 1", "stage a 1")
	})
}

// A blob that is still being staged is written, or forgotten, when that has ended.
func TestSpoolWaitsForWhatIsBeingStaged(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		staged, other := s.back.hangStaging("a"), s.back.hangStaging("b")
		s.checkStage("a", 50*time.Millisecond, store.ErrSlow)
		s.checkStage("b", 50*time.Millisecond, store.ErrSlow)
		s.put("a", "c")
		if err := s.Unstage("b"); err != nil {
			t.Error(err)
		}
		s.after(time.Second)
		check(t, s.back, "c")
		staged()
		other()
		s.after(0)
		check(t, s.back, "a", "c")
		s.checkStaged("stage a 1", "stage b 1", "unstage b")
	})
}

// Before a store that hangs, staging takes a moment for each name, then none, and is
// left to itself when that moves again.
func TestSpoolStagesNothingBeforeAStoreThatHangs(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hangStaging("a")
		defer release()
		s.checkStage("a", 50*time.Millisecond, store.ErrSlow)
		s.after(2 * time.Second)
		s.checkStage("a", 0, store.ErrSlow)
		s.checkStage("b", 0, store.ErrSlow)
		release()
		s.after(0)
		s.checkStage("a", 0, nil)
		s.checkStage("b", 0, nil)
	})
}

// What is forgotten holds up nothing, and a stop waits for no longer than what is staged.
func TestSpoolUnstagesBesideOthers(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hangStaging("a")
		if err := s.Unstage("a"); err != nil {
			t.Error(err)
		}
		s.after(0)
		s.checkStage("b", 0, nil)
		staging := make(chan error, 1)
		go func() { staging <- s.Stage("a", nil, []byte("a")) }()
		s.after(10 * time.Millisecond)
		before, ended := time.Now(), make(chan error, 1)
		go func() { ended <- s.stop() }()
		s.after(10 * time.Millisecond)
		release()
		if err := <-ended; err != nil || time.Since(before) != 10*time.Millisecond {
			t.Errorf("Run ends after %v: %v", time.Since(before), err)
		}
		if err := <-staging; err != nil {
			t.Error(err)
		}
	})
}

// What is removed, or makes room, before it is written stays staged no longer, also when
// it is just being staged.
func TestSpoolUnstagesWhatIsNeverWritten(t *testing.T) {
	spool(t, 4, func(s *spoolTest) {
		s.checkStage("a", 0, nil)
		release := s.back.hangStaging("b")
		s.checkStage("b", 50*time.Millisecond, store.ErrSlow)
		s.checkStage("c", 0, nil)
		s.back.fail(noSpace)
		s.put("a", "b", "c")
		s.after(0)
		for _, name := range []string{"a", "b"} {
			if err := s.Remove(name); err != nil {
				t.Error(err)
			}
		}
		s.Spare("c")
		s.put("1234")
		s.after(time.Minute)
		s.checkStaged("stage a 1", "stage b 1", "stage c 1", "unstage a", "unstage c")
		release()
		s.after(0)
		s.checkStaged("stage a 1", "stage b 1", "stage c 1", "unstage a", "unstage c", "unstage b")
	})
}

// So it is while the store behind hangs, and when Run ends.
func TestSpoolUnstagesWhenItCan(t *testing.T) {
	for _, stops := range []bool{false, true} {
		spool(t, plenty, func(s *spoolTest) {
			s.checkStage("b", 0, nil)
			release := s.back.hang()
			s.put("a", "b")
			s.after(0)
			if err := s.Remove("b"); err != nil {
				t.Error(err)
			}
			s.checkStage("b", 0, store.ErrSlow) // it would be unstaged
			ended := make(chan error, 1)
			if stops {
				go func() { ended <- s.stop() }()
			}
			s.after(time.Second)
			s.checkStaged("stage b 1")
			release()
			s.after(0)
			s.checkStaged("stage b 1", "unstage b")
			if stops {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			} else {
				s.checkStage("b", 0, nil)
			}
		})
	}
}

// What cannot be unstaged is tried again, as what cannot be written is.
func TestSpoolUnstagesAgain(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.stuck = 3
		s.checkStage("a", 0, nil)
		if err := s.Unstage("a"); err != nil {
			t.Error(err)
		}
		s.after(0)
		if err := s.Failing(); !errors.Is(err, syscall.EIO) {
			t.Errorf("failing: %v", err)
		}
		s.checkStage("a", 0, store.ErrSlow)
		s.after(2 * time.Second)
		s.checkStaged("stage a 1", "unstage a")
	})
}

// What can never be unstaged holds up nothing for longer than a pause.
func TestSpoolWritesBesideWhatCannotBeUnstaged(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.stuck = 1000
		s.checkStage("a", 0, nil)
		if err := s.Unstage("a"); err != nil {
			t.Error(err)
		}
		s.after(0)
		names := strings.Split("b c d e f g h i j k", " ")
		s.put(names...)
		s.after(time.Second)
		check(t, s.back, names...)
	})
}

// A blob that is put while somebody waits for its staging is written after that.
func TestSpoolWritesWhatWasJustStaged(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hangStaging("a")
		go func() { _ = s.Stage("a", nil, []byte("a")) }()
		s.after(10 * time.Millisecond)
		s.put("a")
		s.after(10 * time.Millisecond)
		release()
		s.after(0)
		check(s.T, s.back, "a")
	})
}

// What was refused for its size leaves nothing behind when it is removed.
func TestSpoolMakesRoomOfWhatWasStaged(t *testing.T) {
	root := t.TempDir()
	s := newSpool(t, openDisk(t, root, store.MaxBytes(12)), plenty, nil)
	stop := run(t, s)
	for s.Stage("live/a", nil, []byte("1234567890")) != nil { // until it runs
		time.Sleep(time.Millisecond)
	}
	if err := s.Put("live/a", []byte("1234567890"), []byte("abc")); err != nil {
		t.Fatal(err)
	}
	for s.Failing() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := s.Remove("live/a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put("live/b", []byte("123456789012")); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	checkTidy(t, root)
}

// A Spool that stops waits for what is being staged, and for no longer than it may.
func TestSpoolStopsWhileItStages(t *testing.T) {
	for _, moves := range []bool{true, false} {
		spool(t, plenty, func(s *spoolTest) {
			release := s.back.hangStaging("a")
			defer release()
			s.checkStage("a", 50*time.Millisecond, store.ErrSlow)
			s.put("a")
			ended := make(chan error, 1)
			go func() { ended <- s.stop() }()
			s.after(2 * time.Second)
			if moves {
				release()
			}
			s.after(time.Second)
			if err := <-ended; moves == errors.Is(err, store.ErrSlow) {
				t.Errorf("moves: %v, Run says %v", moves, err)
			}
			s.checkStage("b", 0, store.ErrSlow)
		})
	}
}

func TestSpoolStagesNothingBeforeAStoreThatFails(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(func(string) error { return syscall.EIO })
		s.put("blob")
		s.after(time.Millisecond)
		if err := s.Stage("a", nil, []byte("a")); !errors.Is(err, syscall.EIO) {
			t.Error(err)
		}
		s.back.fail(nil)
		s.after(time.Minute)
		stage(t, s.Spool, "a", "one")
		s.checkStaged("stage a 1")
	})
}
