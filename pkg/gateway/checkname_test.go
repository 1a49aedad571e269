package gateway_test

import (
	"testing"

	"sluice/pkg/gateway"
)

func TestCheckName(t *testing.T) {
	for name, wrong := range map[string]bool{
		"live/show": false, "a/b.c_d~e-f": false,
		"": true, "live": true, "live/": true, "/show": true, "live/show/x": true, "live/.show": true, "live/a b": true,
		"api/show": true, "streams.json/show": true,
	} {
		if err := gateway.CheckName(name); (err != nil) != wrong {
			t.Errorf("%q: %v", name, err)
		}
	}
}
