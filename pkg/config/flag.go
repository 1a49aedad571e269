package config

import "fmt"

// A flag is on or off.
type flag struct{ at *bool }

// String returns true or false.
func (v flag) String() string {
	if *v.at {
		return "true"
	}
	return "false"
}

// Set reads true or false.
func (v flag) Set(text string) error {
	switch text {
	case "true":
		*v.at = true
	case "false":
		*v.at = false
	default:
		return fmt.Errorf("%q is not one of true, false", text)
	}
	return nil
}
