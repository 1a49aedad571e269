// Package amf reads and writes the Action Message Format: AMF0 whole, and the
// part of AMF3 that an AMF0 stream may switch to. It does no I/O and trusts
// nothing it reads.
//
// # Values
//
// A value is one of
//
//	nil            null
//	Undefined      undefined, unsupported, and a reference to an object that encloses it
//	bool, float64, string
//	*Object        object, typed object, ECMA array, AMF3 array with names
//	[]any          strict array, AMF3 array without names
//	Date, XML      date, XML document
//	[]byte         AMF3 byte array
//
// # Bounds
//
// A decoder allocates in proportion to the bytes it is given, never to a
// count it reads there: lengths and counts are compared with what remains
// first. Values nest at most MaxDepth deep and one Decoder yields at most
// MaxValues of them. References share the object they name, so that a small
// input cannot grow by repeating itself.
package amf

import (
	"errors"
	"math"
	"time"
)

const (
	// MaxDepth is how deep values may nest. A value at the top is at depth 1.
	MaxDepth = 32
	// MaxValues is how many values, keys not counted, one Decoder reads.
	MaxValues = 1 << 16
)

// What can be wrong with encoded values.
var (
	ErrTruncated   = errors.New("amf: value is cut short")
	ErrTooDeep     = errors.New("amf: values nest too deep")
	ErrTooMany     = errors.New("amf: too many values")
	ErrMarker      = errors.New("amf: unknown type marker")
	ErrReference   = errors.New("amf: reference to nothing")
	ErrUnencodable = errors.New("amf: value has no AMF0 form")
)

// Undefined is the value "undefined".
type Undefined struct{}

// XML is the text of an XML document.
type XML string

// A Date is a point in time in milliseconds since the Unix epoch.
type Date float64

// Time returns d in UTC, the zero time when d is not a number.
func (d Date) Time() time.Time {
	if math.IsNaN(float64(d)) {
		return time.Time{}
	}
	return time.UnixMilli(int64(d)).UTC()
}

// An Object is an ordered list of named values. Class is the name of a typed
// object's class, empty for all others. Array marks an ECMA array, which
// differs from an object in its encoding only.
type Object struct {
	Class  string
	Array  bool
	Fields []Field
}

// A Field is one named value of an Object.
type Field struct {
	Name  string
	Value any
}

// Get returns the first value called name, nil when there is none. A nil
// Object has no values.
func (o *Object) Get(name string) any {
	if o == nil {
		return nil
	}
	for _, f := range o.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// Text returns the string called name, empty when there is none.
func (o *Object) Text(name string) string {
	s, _ := o.Get(name).(string)
	return s
}

// Number returns the number called name, 0 when there is none.
func (o *Object) Number(name string) float64 {
	n, _ := o.Get(name).(float64)
	return n
}
