// Planted: one file alone knows Prometheus.
import '../../../../../node_modules/@prometheus-io/client/index.js';
