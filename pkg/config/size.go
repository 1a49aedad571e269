package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is an amount of bytes.
type Size int64

// The units of a Size.
const (
	KiB Size = 1 << (10 * (iota + 1))
	MiB
	GiB
)

// sizeUnits returns the units by name, the largest first.
func sizeUnits() []struct {
	name string
	size Size
} {
	return []struct {
		name string
		size Size
	}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", 1}}
}

// ParseSize reads a whole number of bytes, KiB, MiB or GiB: "64MiB", "512 KiB",
// "1000000".
func ParseSize(text string) (Size, error) {
	digits, factor := text, Size(1)
	for _, unit := range sizeUnits() {
		if rest, ok := strings.CutSuffix(text, unit.name); ok {
			digits, factor = strings.TrimRight(rest, " "), unit.size
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && Size(n) > math.MaxInt64/factor:
		return 0, fmt.Errorf("%q is too large", text)
	case err != nil:
		return 0, fmt.Errorf("%q is not a size such as 64MiB or 512KiB", text)
	}
	return Size(n) * factor, nil
}

// Set implements flag.Value with ParseSize.
func (s *Size) Set(text string) (err error) {
	parsed, err := ParseSize(text)
	if err == nil {
		*s = parsed
	}
	return err
}

// String returns s in the largest unit that it is a whole number of.
func (s Size) String() string {
	for _, unit := range sizeUnits() {
		if s != 0 && s%unit.size == 0 {
			return strconv.FormatInt(int64(s/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
