package scroll

import "hash/crc32"

// combine returns the CRC-32 (IEEE) of one text behind another, by theirs and the length of
// the second. It is its own inverse: of the sums of the first text and of both together it makes
// that of the second.
func combine(a, b uint32, n int) uint32 { return multiply(power(8*uint64(n)), a) ^ b }

// one is the polynomial 1, with the coefficient of x^0 in the highest bit, as CRC-32 has them.
const one = uint32(1) << 31

// power returns x^n modulo the polynomial of CRC-32.
func power(n uint64) uint32 {
	p := one
	for square := one >> 1; n > 0; n >>= 1 {
		if n&1 == 1 {
			p = multiply(square, p)
		}
		square = multiply(square, square)
	}
	return p
}

// multiply returns the product of two polynomials modulo that of CRC-32.
func multiply(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a&one != 0 {
			product ^= b
		}
		low := b & 1
		b = b>>1 ^ crc32.IEEE*low
	}
	return product
}
