import type { DescribedCall } from '../platform/calls/transport.ts'

/** What the generated code knows about a request. The only header is the content type. */
interface GeneratedRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/**
 * The generated code calls this for every route. A generated function only describes
 * a call, and a transport sends it: at import time no client knows where its service is.
 */
export const describeCall = <Answer>(
  path: string,
  { method = 'GET', headers, body }: GeneratedRequest,
): DescribedCall<Answer> => ({ method, path, headers, body })
