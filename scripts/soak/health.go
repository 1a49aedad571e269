package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// What a gateway of three streams never needs: bounds that only a leak reaches.
const (
	mostMemory = 768 << 20 // the settings allow 256 MiB for segments and 64 MiB for MPEG-TS
	mostFiles  = 400       // when nobody hostile is connected
)

// watchHealth notes how much the gateway takes, until ctx ends.
func watchHealth(ctx context.Context, g *gateway, b *book) {
	for pause(ctx, 2*time.Second) {
		if memory, files, err := health(g.pid()); err == nil {
			b.most("memory (Pss, MiB)", memory>>20)
			b.most("open files", files)
		}
	}
}

// judgeHealth looks at the gateway when all is calm.
func judgeHealth(g *gateway, b *book) {
	memory, files, err := health(g.pid())
	if err != nil {
		b.broken("soak/health", "gateway", "%v", err)
		return
	}
	b.most("memory at the end (Pss, MiB)", memory>>20)
	b.most("open files at the end", files)
	if memory > mostMemory || files > mostFiles {
		b.broken("soak/leak", "gateway", "%d MiB and %d open files when all is calm", memory>>20, files)
	}
}

// health returns the memory of a process and how many files it has open.
func health(pid int) (memory, files int64, err error) {
	rollup, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0, err
	}
	defer rollup.Close()
	lines := bufio.NewScanner(rollup)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "Pss:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0, 0, err
			}
			memory = kib << 10
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return memory, int64(len(open)), err
}
