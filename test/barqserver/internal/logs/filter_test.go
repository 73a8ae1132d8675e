package logs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilter(t *testing.T) {
	for text, shown := range map[string]map[string]Level{
		"":                       {"barq_server": Error, "audit": Error},
		"info":                   {"barq_server": Info, "audit": Info},
		"INFO":                   {"barq_server": Info},
		"3":                      {"barq_server": Info},
		"off":                    {"barq_server": Off},
		"verbose":                {"barq_server": Off, "verbose::module": Trace},
		"info,,audit=warn":       {"barq_server": Info, "audit": Warn},
		"barq_api=debug":         {"barq_server": Off, "barq_api": Debug, "barq_api::grpc": Debug},
		"info,a=warn,a::b=trace": {"a": Warn, "a::b": Trace, "a::c": Warn, "x": Info},
		"debug, barq_api=info":   {"barq_server": Debug, "barq_api": Info},
	} {
		parsed, err := parseFilter(text)
		require.NoError(t, err, text)
		for target, limit := range shown {
			for level := Error; level <= Trace; level++ {
				require.Equal(t, level <= limit, parsed.shows(level, target), "%q: %s of %s", text, level, target)
			}
		}
	}
}

func TestFilterThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"=", "info,h2=loud", "a=b=c", "=info"} {
		_, err := parseFilter(text)
		require.ErrorContains(t, err, "RUST_LOG", text)
	}
}
