package operatorprocess

import (
	"context"
	"crypto/tls"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics reads the operator's metrics, by name, as the bearer of a token. It gives the status of the answer, and metrics only if
// that is 200.
func (o *Process) Metrics(ctx context.Context, token string) (code int, families map[string]*dto.MetricFamily, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+o.MetricsAddress+"/metrics", nil)
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	browser := &http.Client{Transport: &http.Transport{
		// The certificate is the operator's own.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		// Each start of the operator has another address.
		DisableKeepAlives: true,
	}}
	response, err := browser.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil, nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err = parser.TextToMetricFamilies(response.Body)
	return response.StatusCode, families, err
}
