/**
 * The parts of the Prometheus operator's resources that these manifests use: their models are not
 * among Kubernetes' own. https://prometheus-operator.dev/docs/api-reference/api/
 */
interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn'
  readonly values: readonly string[]
}

interface Relabeling {
  readonly sourceLabels: readonly string[]
  readonly targetLabel: string
}

export interface PodMonitor {
  readonly apiVersion: 'monitoring.coreos.com/v1'
  readonly kind: 'PodMonitor'
  readonly metadata: Metadata
  readonly spec: {
    readonly jobLabel: string
    readonly selector: {
      readonly matchLabels: Readonly<Record<string, string>>
      readonly matchExpressions?: readonly Requirement[]
    }
    readonly podMetricsEndpoints: readonly {
      readonly port: string
      readonly path: string
      readonly interval: string
      readonly scrapeTimeout: string
      readonly honorLabels: boolean
      readonly relabelings: readonly Relabeling[]
    }[]
  }
}

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface RuleGroup {
  readonly name: string
  readonly rules: readonly Rule[]
}

export interface PrometheusRule {
  readonly apiVersion: 'monitoring.coreos.com/v1'
  readonly kind: 'PrometheusRule'
  readonly metadata: Metadata
  readonly spec: { readonly groups: readonly RuleGroup[] }
}
