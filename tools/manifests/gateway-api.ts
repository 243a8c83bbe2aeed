/**
 * The part of the Gateway API's HTTPRoute that these manifests use: its models
 * are not among Kubernetes' own. https://gateway-api.sigs.k8s.io/reference/spec/
 */
interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'
  readonly value: string
}

export interface HTTPRoute {
  readonly apiVersion: 'gateway.networking.k8s.io/v1'
  readonly kind: 'HTTPRoute'
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly parentRefs: readonly { readonly name: string; readonly namespace?: string }[]
    readonly hostnames?: readonly string[]
    readonly rules: readonly {
      readonly matches?: readonly { readonly path?: PathMatch }[]
      readonly backendRefs: readonly { readonly name: string; readonly port: number }[]
    }[]
  }
}
