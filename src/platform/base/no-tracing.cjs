/** What prom-client gets instead of OpenTelemetry: see module-loading.ts. */
'use strict'

module.exports = {}
