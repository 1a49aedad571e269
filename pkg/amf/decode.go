package amf

import (
	"encoding/binary"
	"math"
)

// The type markers of AMF0 (specification 2.1).
const (
	markNumber byte = iota
	markBoolean
	markString
	markObject
	markMovieClip // reserved
	markNull
	markUndefined
	markReference
	markECMAArray
	markObjectEnd
	markStrictArray
	markDate
	markLongString
	markUnsupported
	markRecordSet // reserved
	markXML
	markTypedObject
	markAVMPlus // one AMF3 value follows
)

// Decode reads all the values of b, which is the body of one message. With an
// error it returns the values before the fault.
func Decode(b []byte) ([]any, error) {
	d := NewDecoder(b)
	var values []any
	for d.More() {
		v, err := d.Value()
		if err != nil {
			return values, err
		}
		values = append(values, v)
	}
	return values, nil
}

// A Decoder reads values one after the other. References reach back over all
// values that the same Decoder has read. Values do not refer to its input.
type Decoder struct {
	in     []byte
	err    error // the first fault; the input is given up with it
	depth  int
	values int
	refs   []any // objects in the order of their beginning; Undefined while open
	amf3   amf3
}

// NewDecoder returns a Decoder of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{in: b} }

// More reports whether input remains.
func (d *Decoder) More() bool { return d.err == nil && len(d.in) > 0 }

// Value reads the next value. After an error every further call returns it.
func (d *Decoder) Value() (any, error) {
	v := d.value()
	if d.err != nil {
		return nil, d.err
	}
	return v, nil
}

// fail notes the first fault and drops the input, which ends every loop.
func (d *Decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.in = nil
}

// take returns the next n bytes, nil when there are not so many.
func (d *Decoder) take(n int) []byte {
	if n < 0 || n > len(d.in) {
		d.fail(ErrTruncated)
		return nil
	}
	b := d.in[:n:n]
	d.in = d.in[n:]
	return b
}

func (d *Decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *Decoder) uint16() int {
	if b := d.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (d *Decoder) uint32() int {
	if b := d.take(4); b != nil {
		return int(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (d *Decoder) float() float64 {
	if b := d.take(8); b != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (d *Decoder) text() string     { return string(d.take(d.uint16())) }
func (d *Decoder) longText() string { return string(d.take(d.uint32())) }

// enter begins a value and says whether there may be one; leave ends it.
func (d *Decoder) enter() bool {
	d.depth++
	d.values++
	switch {
	case d.depth > MaxDepth:
		d.fail(ErrTooDeep)
	case d.values > MaxValues:
		d.fail(ErrTooMany)
	}
	return d.err == nil
}

func (d *Decoder) leave() { d.depth-- }

func (d *Decoder) value() any {
	defer d.leave()
	if !d.enter() {
		return nil
	}
	switch d.byte() {
	case markNumber:
		return d.float()
	case markBoolean:
		return d.byte() != 0
	case markString:
		return d.text()
	case markLongString:
		return d.longText()
	case markXML:
		return XML(d.longText())
	case markNull:
		return nil
	case markUndefined, markUnsupported:
		return Undefined{}
	case markDate:
		ms := d.float()
		d.uint16() // time zone: "reserved, not supported should be set to 0x0000"
		return Date(ms)
	case markReference:
		return d.reference(d.uint16())
	case markObject:
		return d.object(&Object{})
	case markTypedObject:
		return d.object(&Object{Class: d.text()})
	case markECMAArray:
		d.uint32() // a hint that encoders get wrong; the end marker decides
		return d.object(&Object{Array: true})
	case markStrictArray:
		return d.strictArray()
	case markAVMPlus:
		return d.value3()
	}
	d.fail(ErrMarker)
	return nil
}

// open takes the next place in the table of references, close fills it.
func (d *Decoder) open() int {
	d.refs = append(d.refs, Undefined{})
	return len(d.refs) - 1
}

func (d *Decoder) reference(i int) any {
	if i >= len(d.refs) {
		d.fail(ErrReference)
		return nil
	}
	return d.refs[i]
}

// object reads fields up to the end marker. An ECMA array at the very end of
// a message may lack it, as some encoders' metadata do.
func (d *Decoder) object(o *Object) any {
	ref := d.open()
	for d.err == nil {
		if o.Array && len(d.in) == 0 {
			break
		}
		name := d.text()
		if name == "" && len(d.in) > 0 && d.in[0] == markObjectEnd {
			d.byte()
			break
		}
		o.Fields = append(o.Fields, Field{Name: name, Value: d.value()})
	}
	d.refs[ref] = o
	return o
}

func (d *Decoder) strictArray() any {
	ref := d.open()
	count := d.uint32()
	if count > len(d.in) { // a value has at least its marker
		d.fail(ErrTruncated)
		return nil
	}
	list := []any{}
	for i := 0; i < count && d.err == nil; i++ {
		list = append(list, d.value())
	}
	d.refs[ref] = list
	return list
}
