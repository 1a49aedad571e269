package amf

import "strconv"

// amf3 is the state of the AMF3 values of one message: three tables that
// references index (AMF3 specification 2.2).
type amf3 struct {
	strings []string
	objects []any
	traits  []traits
}

// traits describe the objects of one class.
type traits struct {
	class    string
	names    []string
	dynamic  bool
	external bool
}

// The type markers of AMF3 (specification 3.1).
const (
	mark3Undefined byte = iota
	mark3Null
	mark3False
	mark3True
	mark3Integer
	mark3Double
	mark3String
	mark3XMLDocument
	mark3Date
	mark3Array
	mark3Object
	mark3XML
	mark3ByteArray
)

// value3 reads the AMF3 value behind an avmplus marker. Vectors, dictionaries
// and externalizable objects, which no encoder sends over RTMP, are ErrMarker.
func (d *Decoder) value3() any {
	defer d.leave()
	if !d.enter() {
		return nil
	}
	switch d.byte() {
	case mark3Undefined:
		return Undefined{}
	case mark3Null:
		return nil
	case mark3False:
		return false
	case mark3True:
		return true
	case mark3Integer:
		return float64(int32(d.uint29()<<3) >> 3) // 29 bits, signed
	case mark3Double:
		return d.float()
	case mark3String:
		return d.text3()
	case mark3XMLDocument, mark3XML:
		return d.complex3(func(n int) any { return XML(d.take(n)) })
	case mark3ByteArray:
		return d.complex3(func(n int) any { return append([]byte{}, d.take(n)...) })
	case mark3Date:
		return d.complex3(func(int) any { return Date(d.float()) })
	case mark3Array:
		return d.complex3(d.array3)
	case mark3Object:
		return d.complex3(d.object3)
	}
	d.fail(ErrMarker)
	return nil
}

// uint29 reads an integer of one to four bytes: seven bits in each of the
// first three, behind a bit that says that another follows, eight in the
// fourth.
func (d *Decoder) uint29() uint32 {
	var n uint32
	for range 3 {
		b := d.byte()
		n = n<<7 | uint32(b&0x7f)
		if b < 0x80 {
			return n
		}
	}
	return n<<8 | uint32(d.byte())
}

func (d *Decoder) text3() string {
	head := d.uint29()
	n := int(head >> 1)
	if head&1 == 0 {
		if n >= len(d.amf3.strings) {
			d.fail(ErrReference)
			return ""
		}
		return d.amf3.strings[n]
	}
	s := string(d.take(n))
	if s != "" { // the empty string is never sent by reference
		d.amf3.strings = append(d.amf3.strings, s)
	}
	return s
}

// complex3 reads what may be sent by reference: a head whose lowest bit says
// that the value follows, its other bits an index or what read makes of them.
func (d *Decoder) complex3(read func(head int) any) any {
	head := d.uint29()
	n := int(head >> 1)
	if head&1 == 0 {
		if n >= len(d.amf3.objects) {
			d.fail(ErrReference)
			return nil
		}
		return d.amf3.objects[n]
	}
	place := len(d.amf3.objects)
	d.amf3.objects = append(d.amf3.objects, Undefined{})
	v := read(n)
	d.amf3.objects[place] = v
	return v
}

// array3 reads the named values of an array, up to an empty name, then count
// values without names, which get their index as name when both are there.
func (d *Decoder) array3(count int) any {
	fields := d.fields3()
	if count > len(d.in) {
		d.fail(ErrTruncated)
		return nil
	}
	list := []any{}
	for i := 0; i < count && d.err == nil; i++ {
		list = append(list, d.value3())
	}
	if len(fields) == 0 {
		return list
	}
	for i, v := range list {
		fields = append(fields, Field{Name: strconv.Itoa(i), Value: v})
	}
	return &Object{Array: true, Fields: fields}
}

func (d *Decoder) fields3() []Field {
	var fields []Field
	for d.err == nil {
		name := d.text3()
		if name == "" {
			break
		}
		fields = append(fields, Field{Name: name, Value: d.value3()})
	}
	return fields
}

func (d *Decoder) object3(head int) any {
	t := d.traits3(head)
	if t.external {
		d.fail(ErrMarker)
		return nil
	}
	o := &Object{Class: t.class}
	for _, name := range t.names {
		if d.err != nil {
			break
		}
		o.Fields = append(o.Fields, Field{Name: name, Value: d.value3()})
	}
	if t.dynamic {
		o.Fields = append(o.Fields, d.fields3()...)
	}
	return o
}

// traits3 reads the traits of an object. From the lowest bit, head says
// whether they follow or are a reference, whether the class writes itself,
// whether fields beyond the named ones follow, and how many names there are.
func (d *Decoder) traits3(head int) traits {
	if head&1 == 0 {
		if head>>1 >= len(d.amf3.traits) {
			d.fail(ErrReference)
			return traits{}
		}
		return d.amf3.traits[head>>1]
	}
	t := traits{external: head&2 != 0, dynamic: head&4 != 0, class: d.text3()}
	count := head >> 3
	if count > len(d.in) { // a name has at least one byte
		d.fail(ErrTruncated)
		return t
	}
	for i := 0; i < count && d.err == nil; i++ {
		t.names = append(t.names, d.text3())
	}
	d.amf3.traits = append(d.amf3.traits, t)
	return t
}
