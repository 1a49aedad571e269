package amf

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	// maxShort is the longest string that has a 16-bit length.
	maxShort = math.MaxUint16
	// maxEncoded bounds what values that share objects can grow to: a
	// message has a 24-bit length.
	maxEncoded = 1<<24 - 1
)

// Append appends the AMF0 encoding of values, one after the other, to b. The
// error is ErrTooDeep, ErrTooMany for more than MaxValues values or 16 MB, or
// ErrUnencodable for a type that the package documentation does not list, for
// []byte, and for names longer than 65535 bytes; b is then as it was.
func Append(b []byte, values ...any) ([]byte, error) {
	e := encoder{out: b, limit: len(b) + maxEncoded}
	for _, v := range values {
		if err := e.value(v, 1); err != nil {
			return b, err
		}
	}
	return e.out, nil
}

type encoder struct {
	out    []byte
	limit  int
	values int
}

func (e *encoder) value(v any, depth int) error {
	e.values++
	switch {
	case depth > MaxDepth:
		return ErrTooDeep
	case e.values > MaxValues || len(e.out) > e.limit:
		return ErrTooMany
	}
	switch v := v.(type) {
	case nil:
		e.mark(markNull)
	case Undefined:
		e.mark(markUndefined)
	case bool:
		e.mark(markBoolean)
		e.out = append(e.out, boolByte(v))
	case float64:
		e.mark(markNumber)
		e.float(v)
	case string:
		e.text(v)
	case XML:
		e.mark(markXML)
		e.long(string(v))
	case Date:
		e.mark(markDate)
		e.float(float64(v))
		e.out = append(e.out, 0, 0) // time zone, not used
	case []any:
		return e.list(v, depth)
	case *Object:
		return e.object(v, depth)
	default:
		return fmt.Errorf("%w: %T", ErrUnencodable, v)
	}
	return nil
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func (e *encoder) mark(m byte) { e.out = append(e.out, m) }

func (e *encoder) uint32(n int) { e.out = binary.BigEndian.AppendUint32(e.out, uint32(n)) }

func (e *encoder) float(f float64) {
	e.out = binary.BigEndian.AppendUint64(e.out, math.Float64bits(f))
}

func (e *encoder) long(s string) {
	e.uint32(len(s))
	e.out = append(e.out, s...)
}

func (e *encoder) text(s string) {
	if len(s) > maxShort {
		e.mark(markLongString)
		e.long(s)
		return
	}
	e.mark(markString)
	_ = e.name(s) // not too long
}

// name writes a string that has a 16-bit length and no marker.
func (e *encoder) name(s string) error {
	if len(s) > maxShort {
		return fmt.Errorf("%w: name of %d bytes", ErrUnencodable, len(s))
	}
	e.out = binary.BigEndian.AppendUint16(e.out, uint16(len(s)))
	e.out = append(e.out, s...)
	return nil
}

func (e *encoder) list(list []any, depth int) error {
	e.mark(markStrictArray)
	e.uint32(len(list))
	for _, v := range list {
		if err := e.value(v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) object(o *Object, depth int) error {
	if o == nil {
		e.mark(markNull)
		return nil
	}
	if err := e.head(o); err != nil {
		return err
	}
	for _, f := range o.Fields {
		if err := e.name(f.Name); err != nil {
			return err
		}
		if err := e.value(f.Value, depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, 0, 0, markObjectEnd)
	return nil
}

func (e *encoder) head(o *Object) error {
	switch {
	case o.Array:
		e.mark(markECMAArray)
		e.uint32(len(o.Fields))
	case o.Class != "":
		e.mark(markTypedObject)
		return e.name(o.Class)
	default:
		e.mark(markObject)
	}
	return nil
}
